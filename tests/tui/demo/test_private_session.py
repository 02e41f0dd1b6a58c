"""A drill's own session: nothing of it stays, however it ends, and nothing outside of it is in reach."""

import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from diagnostics.stores.secret_service import probe
from recovery.emergency import kernel_keyring
from recovery.model import RecoveryError
from tests.support.lab import Lab
from tests.support.platforms import lacking
from tests.support.terminal import Terminal
from tui.demo import open_demo

PROGRAM = Path(sys.executable).with_name("mcp-doctor")


def those_of(sandbox: Path) -> dict[int, str]:
    """Living processes that name the sandbox in their arguments or their environment."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes()
                if os.fsencode(sandbox) in words + (folder / "environ").read_bytes():
                    found[int(folder.name)] = words.replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
    return found


def wait_until_gone(sandbox: Path) -> None:
    ends = time.monotonic() + 10
    while (left := those_of(sandbox)) or sandbox.exists():
        assert time.monotonic() < ends, (left, list(sandbox.rglob("*")))
        time.sleep(0.02)


def of_the_person(lab: Lab) -> tuple[list[str], list[str], dict[str, bytes]]:
    """The names on the person's bus, the entries in the keychain, and every file of theirs."""
    files = {str(each): each.read_bytes() for each in lab.home.rglob("*") if each.is_file()}
    return lab.names(), lab.items(), files


@pytest.fixture
def person(unlocked: Lab) -> Lab:
    unlocked.add_entry("github_token", "the person's own")
    return unlocked


def settings(person: Lab) -> Mapping[str, str]:
    return {**person.env, "TERM": "xterm-256color", "TMPDIR": str(person.root)}


def sandbox_in(person: Lab) -> Path:
    (found,) = person.root.glob("mcp-doctor-demo-*")
    return found


def test_after_sigkill_nothing_is_left_and_the_persons_own_is_untouched(person: Lab) -> None:
    before = of_the_person(person)
    daemon = person.daemon_pid
    with Terminal([str(PROGRAM), "demo", "--scenario", "locked"], settings(person)) as terminal:
        terminal.wait_for("Drill: Over SSH")
        terminal.press("enter")
        terminal.wait_for("keychain login is locked")
        sandbox = sandbox_in(person)
        running = " ".join(those_of(sandbox).values())
        assert "dbus-daemon" in running
        assert "gnome-keyring-daemon" in running
        os.kill(terminal.pid, signal.SIGKILL)
        wait_until_gone(sandbox)
    assert person.daemon_pid == daemon
    assert of_the_person(person) == before


def test_leaving_prints_the_debrief_and_leaves_nothing(person: Lab) -> None:
    before = of_the_person(person)
    with Terminal([str(PROGRAM), "demo", "--scenario", "locked"], settings(person)) as terminal:
        terminal.wait_for("Drill: Over SSH")
        sandbox = sandbox_in(person)
        terminal.press("enter")
        terminal.wait_for("keychain login is locked")
        terminal.press("q")
        terminal.wait_for("The goal is not reached")
        terminal.press("q")
        assert terminal.wait_end() == 0
        printed = terminal.text
        assert "What a careful engineer would have done:" in printed
        assert "[ ] github gets its token" in printed or "github gets its token" in terminal.stream.decode()
        wait_until_gone(sandbox)
    assert of_the_person(person) == before


def test_a_killed_watchdog_takes_bus_and_daemon_with_it(person: Lab) -> None:
    with open_demo("locked") as session:
        assert session.practice is not None
        root = session.practice.root
        (watchdog,) = (pid for pid, words in those_of(root).items() if "watchdog.py" in words)
        os.kill(watchdog, signal.SIGKILL)
        ends = time.monotonic() + 10
        while any("watchdog.py" not in words for words in those_of(root).values()):
            assert time.monotonic() < ends, those_of(root)
            time.sleep(0.02)


def test_the_drills_world_ends_at_the_sandbox(person: Lab) -> None:
    with open_demo("ssh") as session:
        assert session.practice is not None
        world = session.open_world(session.host)
        with pytest.raises(RecoveryError, match="not the drill's"):
            world.use_bus(person.address)
        assert not world.bus.is_live(str(person.socket))
        with pytest.raises(RecoveryError):
            world.bus.start(str(person.runtime / "other"))
        assert not world.processes.is_running(person.daemon_pid, "gnome-keyring-daemon")
        with pytest.raises(RecoveryError, match="no process of the drill"):
            world.processes.end(person.daemon_pid, "gnome-keyring-daemon")
        with pytest.raises(RecoveryError, match="outside"):
            world.files.write(str(person.home / "x"), b"no")
        own = f"unix:path={session.host.runtime_dir / 'bus'}"
        assert probe(session.host).bus.live_elsewhere == own
        world.use_bus(own)
        assert world.processes.is_running(world.keychain.state().provider.pid, "gnome-keyring-daemon")
    assert person.daemon_pid != 0


def test_a_token_of_the_drills_emergency_does_not_outlive_a_killed_drill() -> None:
    with open_demo("emergency") as session:
        trouble = kernel_keyring.trouble(session.host)
        if trouble:
            lacking(trouble)
        assert session.practice is not None
        root, name = session.practice.root, secrets.token_hex(4)
        incidents = session.host.state_dir / "emergency"
        incidents.mkdir(parents=True)
        (incidents / f"{name}.json").write_text("{}")
        kernel_keyring.hold(f"mcp-doctor:{name}", Secret("made up"), 60)
        (watchdog,) = (pid for pid, words in those_of(root).items() if "watchdog.py" in words)
        os.kill(watchdog, signal.SIGTERM)
        wait_until_gone(root)
        assert not kernel_keyring.is_held(f"mcp-doctor:{name}")
