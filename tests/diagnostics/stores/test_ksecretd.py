"""KWallet since KDE Frameworks 6.14: who keeps the secrets is ksecretd, and kwalletd6 is but a client of it.

The same tests run on the real daemons where they are installed (they were, on 6.30), and everywhere on a stand-in.
"""

import hashlib
import os
import shutil
import signal
import socket
import sys
import sysconfig
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
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.outcome import Outcome
from recovery.planner import unlock_remedy
from recovery.runner import carry_out, undo
from recovery.world import LocalWorld
from tests.support import ksecretd_program
from tests.support.desktops import OFFSCREEN, WALLET, WALLET_COLLECTION, WALLET_PASSWORD, DesktopLab
from tests.support.lab import REPO, require
from tests.support.looking import Look, look
from tests.support.tokens import github

TOKEN = github("ksecretd")
COMPAT = "org.kde.secretservicecompat"
KINDS = ["stand-in", *(["real"] if shutil.which("ksecretd") else [])]


class Secretd(DesktopLab):
    """A session with KWallet of today. Nothing of it runs yet."""

    def __init__(self, *, real: bool) -> None:
        super().__init__()
        self.real = real
        if not real:
            folder = self.root / "bin"
            folder.mkdir()
            for name in ("ksecretd", "kwalletd6"):  # a process is known by its executable's name
                shutil.copy(Path(sys.executable).resolve(), self.root / name)
                (folder / name).write_text(
                    f'#!/bin/sh\nexec {self.root / name} {ksecretd_program.__file__} "$@"\n'
                )
                (folder / name).chmod(0o755)
            self.env |= {
                "PATH": f"{folder}:{self.env['PATH']}",
                "PYTHONHOME": sys.base_prefix,
                "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib",
                "PYTHONPATH": f"{REPO}:{sysconfig.get_path('purelib')}",
                "STAND_IN_VALUE": TOKEN,
            }
        self.install("/bin/false", COMPAT)  # nothing may start it; where it would, the bus's log tells
        self.connect().call(message_bus, "ReloadConfig")

    def start_ksecretd(self, wallet: str) -> None:
        """Starts ksecretd with its wallet `open`, `closed` or `none`. Waits until it is there."""
        if not self.real:
            self._leave_a_wallet(wallet)
            self.spawn(["ksecretd", wallet, TOKEN], env=OFFSCREEN)
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
        self.spawn(["kwalletd6", *([] if self.real else ["client"])], env=OFFSCREEN)
        self.wait_for(lambda: "org.kde.kwalletd6" in self.names(), "kwalletd6 answers")

    @property
    def was_started(self) -> bool:
        """Whether somebody had the bus start ksecretd."""
        return f"Activating service name='{COMPAT}'" in (self.root / "bus.log").read_text()

    def end_ksecretd(self) -> None:
        """Ends it as a logout does, when it has saved."""
        file = self.home / f".local/share/kwalletd/{WALLET}.kwl"
        self.wait_for(lambda: file.stat().st_size > 60, "the wallet is saved")
        os.kill(self.daemon_pid, signal.SIGTERM)
        self._reap()
        self.wait_for(lambda: NAME not in self.names(), "ksecretd is gone")

    def _leave_a_wallet(self, wallet: str) -> None:
        """What the real one would have on the disk, as far as it is looked at; and the hash that the stand-in takes."""
        folder = self.home / ".local/share/kwalletd"
        folder.mkdir(parents=True)
        salt = os.urandom(56)
        (folder / f"{WALLET}.salt").write_bytes(salt)
        hashed = hashlib.pbkdf2_hmac("sha512", WALLET_PASSWORD.encode(), salt, 50_000, 56)
        (folder / f"{WALLET}.hash").write_bytes(hashed)
        if wallet != "none":
            (folder / f"{WALLET}.kwl").write_bytes(b"KWALLET\n\r\0\r\n\0\1\0\2" + bytes(80))

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


@pytest.fixture(params=KINDS)
def lab(request: pytest.FixtureRequest) -> Iterator[Secretd]:
    require("dbus-daemon")
    with Secretd(real=request.param == "real") as made:
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
    with Entries(lab.host()) as entries, pytest.raises(StoreError) as raised:
        entries.read("github_token")
    assert raised.value.cause == "keyring_locked"  # a window would have taken a deadline, and be told as one


def mended(lab: Secretd, password: str = WALLET_PASSWORD) -> Outcome:
    world = LocalWorld(lab.real_host())
    remedy = unlock_remedy(world.host, probe(world.host), probe)
    assert [step.kind for step in remedy.steps] == ["log-in-to-wallet"]
    return carry_out(remedy, {"password": Secret(password)}, world, Journal(world.host))


def test_a_closed_wallet_is_opened_as_a_login_does(lab: Secretd) -> None:
    lab.start_ksecretd("closed")
    before = lab.daemon_pid
    outcome = mended(lab, "wrong")
    assert not outcome.ok
    assert "password is not the right one" in outcome.error
    assert lab.locked(WALLET_COLLECTION)
    outcome = mended(lab)
    assert outcome.ok, outcome.error
    assert lab.daemon_pid != before
    assert lab.keyring_get("github_token") == TOKEN
    assert seen(lab, "github_token").fails == []
    world = LocalWorld(lab.real_host())
    assert undo(None, world, Journal(world.host)).ok
    assert lab.locked(WALLET_COLLECTION)
    assert lab.daemon_pid  # it ran before


def test_one_that_does_not_run_is_started_with_its_wallet_and_ended_by_the_undo(lab: Secretd) -> None:
    lab.start_ksecretd("open")
    lab.end_ksecretd()
    assert seen(lab).outcome("backend.provider") == "ksecretd-not-running"
    outcome = mended(lab)
    assert outcome.ok, outcome.error
    assert lab.keyring_get("github_token") == TOKEN
    world = LocalWorld(lab.real_host())
    assert undo(None, world, Journal(world.host)).ok
    lab.wait_for(lambda: NAME not in lab.names(), "ksecretd is gone")


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
    with pytest.raises(RecoveryError, match="makes one only when you log in at the desktop"):
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


@pytest.mark.skipif(
    "real" not in KINDS, reason="the stand-in keeps nothing on the disk, and no real one is here"
)
def test_what_is_written_there_is_on_the_disk_when_it_was_written() -> None:
    with Secretd(real=True) as lab:
        _write_and_look(lab)


def _write_and_look(lab: Secretd) -> None:
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
