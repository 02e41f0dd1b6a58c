"""KWallet since KDE Frameworks 6.14: who keeps the secrets is ksecretd, and kwalletd6 is but a client of it.

The same tests run on the real daemons where they are installed (they were, on 6.30), and everywhere on a stand-in.
"""

import hashlib
import os
import shutil
import socket
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jeepney import DBusAddress
from jeepney.bus_messages import message_bus

from diagnostics.secret import Secret
from diagnostics.stores import StoreError
from diagnostics.stores.bus import Bus
from diagnostics.stores.one_entry import Entries
from diagnostics.stores.protocol import NAME, ROOT, SERVICE_INTERFACE
from diagnostics.stores.secret_service import probe
from recovery.model import RecoveryError
from recovery.planner import unlock_remedy
from recovery.world import LocalWorld
from tests.support import ksecretd_program
from tests.support.desktops import OFFSCREEN, WALLET, WALLET_COLLECTION, WALLET_PASSWORD, DesktopLab
from tests.support.lab import REPO, require
from tests.support.looking import Look, look
from tests.support.tokens import github

TOKEN = github("ksecretd")
COMPAT = "org.kde.secretservicecompat"


class Secretd(DesktopLab):
    """A session with KWallet of today. Nothing of it runs yet."""

    def __init__(self, *, real: bool) -> None:
        super().__init__()
        self.real = real
        if not real:
            folder = self.root / "bin"
            folder.mkdir()
            for name in ("ksecretd", "kwalletd6"):
                shutil.copy(Path(sys.executable).resolve(), folder / name)
            self.env["PATH"] = f"{folder}:{self.env['PATH']}"
        self.install("/bin/false", COMPAT)  # nothing may start it; where it would, the bus's log tells
        self.connect().call(message_bus, "ReloadConfig")

    def start_ksecretd(self, wallet: str) -> None:
        """Starts ksecretd with its wallet `open`, `closed` or `none`. Waits until it is there."""
        if not self.real:
            self._stand_in("ksecretd", wallet, TOKEN)
        elif wallet == "none":
            self.spawn(["ksecretd"], env=OFFSCREEN)
        else:
            self._log_in(WALLET_PASSWORD)
            self.keyring_set("github_token", TOKEN)
            if wallet == "closed":
                self.lock(WALLET_COLLECTION)
        self.wait_for(lambda: NAME in self.names(), "ksecretd answers")

    def start_client(self) -> None:
        """Starts kwalletd6."""
        if self.real:
            self.spawn(["kwalletd6"], env=OFFSCREEN)
        else:
            self._stand_in("kwalletd6", "client")
        self.wait_for(lambda: "org.kde.kwalletd6" in self.names(), "kwalletd6 answers")

    @property
    def was_started(self) -> bool:
        """Whether somebody had the bus start ksecretd."""
        return f"Activating service name='{COMPAT}'" in (self.root / "bus.log").read_text()

    def _stand_in(self, program: str, *words: str) -> None:
        env = {
            **OFFSCREEN,
            "PYTHONHOME": sys.base_prefix,
            "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib",
            "PYTHONPATH": f"{REPO}:{sysconfig.get_path('purelib')}",
        }
        self.spawn([program, ksecretd_program.__file__, *words], env=env)

    def _log_in(self, password: str) -> None:
        """Starts it as pam_kwallet does at a login: with a hash of the password on a pipe."""
        salt = self.home / f".local/share/kwalletd/{WALLET}.salt"
        salt.parent.mkdir(parents=True)
        salt.write_bytes(os.urandom(56))
        hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt.read_bytes(), 50_000, 56)
        read, write = os.pipe()
        path = str(self.root / "pam")
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(path)
            server.listen(1)
            words = ["ksecretd", "--pam-login", str(read), str(server.fileno())]
            self.spawn(words, env={**OFFSCREEN, "PAM_KWALLET5_LOGIN": path}, pass_fds=(read, server.fileno()))
            os.write(write, hashed)
            os.close(write)
            os.close(read)
            client.connect(path)
            for name, value in {**self.env, **OFFSCREEN}.items():
                client.sendall(f"{name}={value}\n".encode())
        self.wait_for(lambda: NAME in self.names(), "ksecretd answers")
        self.wait_for(lambda: not self.locked(WALLET_COLLECTION), "the wallet is open")


@pytest.fixture(params=["stand-in", "real"])
def lab(request: pytest.FixtureRequest) -> Iterator[Secretd]:
    require("dbus-daemon")
    real = request.param == "real"
    if real and shutil.which("ksecretd") is None:
        pytest.skip("KDE Frameworks 6.14 or later is not on this system")
    with Secretd(real=real) as made:
        yield made


def seen(lab: Secretd, *names: str) -> Look:
    before = lab.names()
    found = look(lab.real_host(), *names)
    assert lab.names() == before
    assert not lab.was_started
    return found


def test_a_closed_wallet_is_told_and_nobody_is_asked_to_open_it(lab: Secretd) -> None:
    lab.start_ksecretd("closed")
    lab.start_client()
    found = seen(lab)
    assert found.fails == [
        ("permission.collection-locked", "wallet-of-ksecretd-closed-unseen", "keyring_locked")
    ]
    assert "org.freedesktop.secrets belongs to ksecretd" in found.finding("backend.provider").evidence[0]
    assert TOKEN not in found.text
    began = time.monotonic()
    with Entries(lab.host()) as entries, pytest.raises(StoreError) as raised:
        entries.read("github_token")
    assert raised.value.cause == "keyring_locked"
    assert time.monotonic() - began < 3  # a window would have taken a deadline
    with pytest.raises(RecoveryError, match=r"opens it only when you log in.*gnome-keyring"):
        unlock_remedy(lab.real_host(), probe(lab.real_host()), probe)


def test_an_open_wallet_is_read_although_kwalletd6_calls_it_closed(lab: Secretd) -> None:
    lab.start_ksecretd("open")
    lab.start_client()
    found = seen(lab, "github_token")
    assert (found.fails, found.warnings) == ([], [])
    assert found.outcome("permission.collection-locked") == "unlocked"
    assert found.outcome("lookup.entry") == "found"
    with Entries(lab.host()) as entries:
        one = entries.read("github_token")
    assert one is not None
    assert one.secret.reveal() == TOKEN
    assert unlock_remedy(lab.real_host(), probe(lab.real_host()), probe).steps == ()


def test_no_wallet_yet(lab: Secretd) -> None:
    lab.start_ksecretd("none")
    found = seen(lab)
    assert found.fails == [
        ("permission.default-collection", "no-wallet-of-ksecretd", "keyring_collection_missing")
    ]
    with pytest.raises(RecoveryError, match="no wallet yet"):
        unlock_remedy(lab.real_host(), probe(lab.real_host()), probe)


def test_its_client_alone_is_not_asked_for_it_would_start_it(lab: Secretd) -> None:
    lab.start_client()
    if lab.real:  # which has it started as it comes up; it is gone again when we look
        lab.wait_for(lambda: lab.was_started, "kwalletd6 has looked for ksecretd")
        (lab.root / "bus.log").write_text("")
    finding = seen(lab).finding("backend.provider")
    assert (finding.outcome, finding.cause) == ("ksecretd-not-running", "secret_service_not_running")
    with pytest.raises(RecoveryError, match="only when you log in at the desktop"):
        unlock_remedy(lab.real_host(), probe(lab.real_host()), probe)


def test_switched_off_it_is_no_answer_and_gnome_keyring_is(lab: Secretd) -> None:
    folder = lab.home / ".config"
    folder.mkdir()
    (folder / "kwalletrc").write_text("[KSecretD]\nEnabled=false\n")
    assert seen(lab).outcome("backend.provider") == "not-installed"


def test_a_stopped_one_is_told_in_time(lab: Secretd) -> None:
    lab.start_ksecretd("closed")
    lab.start_client()
    lab.suspend_daemon()
    finding = seen(lab).finding("backend.provider")
    assert (finding.outcome, finding.cause) == ("stopped", "secret_service_unresponsive")


def test_what_is_written_there_is_on_the_disk_when_it_was_written(lab: Secretd) -> None:
    if not lab.real:
        pytest.skip("the stand-in keeps nothing on the disk")
    lab.start_ksecretd("open")
    world = LocalWorld(lab.real_host())
    file = lab.home / f".local/share/kwalletd/{WALLET}.kwl"
    before = file.stat().st_mtime_ns
    attributes = {"service": "mcp-secrets", "username": "another"}
    world.keychain.put(WALLET_COLLECTION, "another", attributes, Secret(TOKEN))
    assert file.stat().st_mtime_ns > before
    with Bus.connect(lab.address) as bus:
        to = DBusAddress(ROOT, NAME, SERVICE_INTERFACE)
        assert bus.call(to, "SearchItems", "a{ss}", (attributes,))[0]
