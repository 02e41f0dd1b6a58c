"""The keychains of other desktops in a throw-away session: real kwalletd, real KeePassXC, both without a screen."""

import base64
import hashlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jeepney import DBusAddress

from diagnostics.host import Host
from diagnostics.stores.protocol import NAME, ROOT
from tests.support.lab import Lab, require

WALLET_PASSWORD = "wallet-password"
WALLET = "kdewallet"
WALLET_COLLECTION = f"{ROOT}/collection/{WALLET}"
KWALLET = DBusAddress("/modules/kwalletd5", "org.kde.kwalletd5", "org.kde.KWallet")
DATABASE_PASSWORD = "database-password"
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


class DesktopLab(Lab):
    """A session with a bus and no gnome-keyring."""

    def __init__(self) -> None:
        super().__init__(exec_line=None)
        self.start_bus()

    def real_host(self) -> Host:
        """This session on a real machine, where programs are installed."""
        return replace(self.host(), root=Path("/"))


class WalletLab(DesktopLab):
    """A session with KWallet as its only keychain. Nothing of KWallet runs yet."""

    @property
    def wallets(self) -> Path:
        """The folder of the wallets' files."""
        return self.home / ".local/share/kwalletd"

    def settings(self, text: str) -> None:
        """Writes KWallet's settings."""
        folder = self.home / ".config"
        folder.mkdir(exist_ok=True)
        (folder / "kwalletrc").write_text(text)

    def start_kwallet(
        self, env: Mapping[str, str] = OFFSCREEN, *, serves: bool = True
    ) -> subprocess.Popen[bytes]:
        """Starts kwalletd and waits until it answers, and offers the Secret Service if it `serves`."""
        self.daemon = self.spawn(["kwalletd5"], env=env, log="kwallet.log")
        wanted = {str(KWALLET.bus_name), *([NAME] if serves else [])}
        self.wait_for(lambda: wanted <= set(self.names()), "kwalletd answers")
        return self.daemon

    def end_kwallet(self) -> None:
        """Ends it as a logout does, whatever it has not saved."""
        pid = self.connect().pid_of(str(KWALLET.bus_name))
        os.kill(pid, signal.SIGTERM)
        self._reap()
        self.wait_for(lambda: KWALLET.bus_name not in self.names(), "kwalletd is gone")

    def make_wallet(self, password: str = WALLET_PASSWORD) -> None:
        """Makes the default wallet as a login does, and starts kwalletd afresh: it is there, closed and offered."""
        self.start_kwallet()
        self.open_wallet(password)
        self.end_kwallet()
        self.start_kwallet()

    def open_wallet(self, password: str = WALLET_PASSWORD) -> bool:
        """Opens it as a login does. Out: whether it is open."""
        salt = self.wallets / f"{WALLET}.salt"
        if not salt.exists():
            self.wallets.mkdir(parents=True, exist_ok=True)
            salt.write_bytes(os.urandom(56))
        digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt.read_bytes(), 50_000, 56)
        self.ask("pamOpen", "sayi", WALLET, digest, 0)
        return self.is_open

    @property
    def is_open(self) -> bool:
        """Whether the default wallet is open."""
        return bool(self.ask("isOpen", "s", WALLET))

    def ask(self, method: str, signature: str, *arguments: Any) -> Any:
        """One call of KWallet's own interface. Out: what it returns, if anything."""
        body = self.connect().call(KWALLET, method, signature, arguments)
        return body[0] if body else None

    def python(self, code: str, *arguments: str, seconds: float = 60.0, given: str | None = None) -> str:
        """As in every lab; once more where kwalletd derived another session key, as it does for 7 of 1,000 key pairs.

        Our own sessions avoid such pairs (`open_session`); those of the keyring library end with an error.
        """
        try:
            return super().python(code, *arguments, seconds=seconds, given=given)
        except AssertionError as error:
            if "Can't find session" not in str(error):
                raise
            return super().python(code, *arguments, seconds=seconds, given=given)

    def put_in_folder(self, folder: str, name: str, value: str) -> None:
        """Writes an entry as the keyring library's KWallet part does. The wallet must be open."""
        handle = self.ask("open", "sxs", WALLET, 0, "test")
        self.ask("createFolder", "iss", handle, folder, "test")
        self.ask("writePassword", "issss", handle, folder, name, value, "test")
        self.ask("sync", "is", handle, "test")
        self.ask("close", "ibs", handle, False, "test")


@pytest.fixture
def kwallet() -> Iterator[WalletLab]:
    """A session whose only keychain is KWallet; its daemon does not run yet."""
    require("dbus-daemon", "kwalletd5")
    with WalletLab() as made:
        yield made


@pytest.fixture
def wallet(kwallet: WalletLab) -> WalletLab:
    """A session with KWallet, whose default wallet is there and closed; its password is `WALLET_PASSWORD`."""
    kwallet.make_wallet()
    return kwallet


_DATABASE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><DatabaseName>lab</DatabaseName><CustomData>{exposed}</CustomData></Meta><Root><Group>
<UUID>{root}</UUID><Name>Root</Name><Group><UUID>{group}</UUID><Name>mcp</Name>{entries}</Group></Group></Root></KeePassFile>
"""
_ENTRY = """<Entry><UUID>{id}</UUID><String><Key>Title</Key><Value>{name}</Value></String>
<String><Key>Password</Key><Value>{value}</Value></String><String><Key>Notes</Key><Value>my private notes</Value></String>
<String><Key>service</Key><Value>mcp-secrets</Value></String><String><Key>username</Key><Value>{name}</Value></String></Entry>
"""


class KeePassLab(DesktopLab):
    """A session with KeePassXC as its only keychain. Nothing of KeePassXC runs yet."""

    def make_database(self, entries: Mapping[str, str], *, exposed: bool = True) -> Path:
        """A database whose one group has these entries. Out: its file."""
        group = uuid.uuid4()
        item = (
            f"<Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{{{group}}}</Value></Item>" if exposed else ""
        )
        text = _DATABASE.format(
            exposed=item,
            root=_encoded(uuid.uuid4()),
            group=_encoded(group),
            entries="".join(
                _ENTRY.format(id=_encoded(uuid.uuid4()), name=name, value=value)
                for name, value in entries.items()
            ),
        )
        source, database = self.root / "lab.xml", self.root / "lab.kdbx"
        source.write_text(text)
        given = f"{DATABASE_PASSWORD}\n{DATABASE_PASSWORD}\n"
        command = ["keepassxc-cli", "import", "--decryption-time", "100", "--set-password"]
        done = self.run([*command, source, database], given=given)
        assert done.returncode == 0, done.stderr
        return database

    def start_keepassxc(self, database: Path, *, opened: bool = True, confirm: bool = False) -> None:
        """Starts it on a database and waits until it answers; `confirm` = it asks before it hands out an entry."""
        folder = self.home / ".config/keepassxc"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "keepassxc.ini").write_text(
            "[General]\nConfigVersion=2\nUpdateCheckMessageShown=true\n"
            "[FdoSecrets]\nEnabled=true\nShowNotification=false\n"
            f"ConfirmAccessItem={str(confirm).lower()}\nConfirmDeleteItem={str(confirm).lower()}\n"
        )
        words = ["keepassxc", "--pw-stdin", str(database)] if opened else ["keepassxc", str(database)]
        given = f"{DATABASE_PASSWORD}\n".encode() if opened else None
        own = {**OFFSCREEN, "TMPDIR": str(self.root)}  # where it keeps that it is the only one of its user
        self.spawn(words, env=own, log="keepassxc.log", given=given)
        self.wait_for(lambda: NAME in self.names(), "KeePassXC answers")
        if opened:  # it answers before it has opened the database
            self.wait_for(lambda: self._is_settled, "KeePassXC has opened the database")

    @property
    def _is_settled(self) -> bool:
        from diagnostics.stores.secret_service import probe

        state = probe(self.host())
        if state.collections:
            return not any(each.locked for each in state.collections)
        time.sleep(0.3)  # one that exposes nothing shows nothing when it is open
        return "Database password" in self.log()


@pytest.fixture
def keepassxc() -> Iterator[KeePassLab]:
    """A session whose only keychain is KeePassXC, which does not run yet."""
    require("dbus-daemon", "keepassxc", "keepassxc-cli")
    with KeePassLab() as made:
        yield made


def windows_of(lab: Lab) -> str:
    """What Qt complains about when a program without a screen tries to show a window."""
    return "\n".join(line for line in lab.log().splitlines() if "does not support raise" in line)


def _encoded(one: uuid.UUID) -> str:
    return base64.b64encode(one.bytes).decode()
