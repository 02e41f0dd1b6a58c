"""The main job: log in over SSH, see the broken link, mend it, see the real server answer."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import PASSWORD, TOKEN, Scene
from tests.support.terminal import Terminal

SECONDS_TO_THE_LINK = 2.0
"""On a machine that does nothing else; a busy one is given as many times more as wait for each of its processors."""


def knows_its_bus(scene: Scene) -> None:
    """The login exports the bus; the daemon runs there, its keychain is locked."""
    scene.start_bus()
    scene.start_daemon()
    scene.profile(DBUS_SESSION_BUS_ADDRESS=scene.address)


def does_not_know_its_bus(scene: Scene) -> None:
    """The bus and the daemon live at the usual place, and the login does not say so."""
    scene.start_bus()
    scene.start_daemon()


def has_no_bus(scene: Scene) -> None:
    """Nothing runs at all; there is only the keychain's file."""


LOCKED = r"✗ permission The keychain login is locked"
STATES = [
    pytest.param(knows_its_bus, LOCKED, r"permission broken → ok", id="locked"),
    pytest.param(
        does_not_know_its_bus,
        r"✗ backend +This session does not know its bus",
        r"backend +broken → ok",
        id="bus-unknown",
    ),
    pytest.param(has_no_bus, r"✗ backend +\S", r"backend +broken → ok", id="no-bus"),
]


def unlock_in_the_guide(terminal: Terminal, mended: str) -> None:
    """From the home screen through the guide and back."""
    terminal.wait_for(r" m  \S")
    terminal.press("m")
    terminal.wait_for(r"Which way\?|What will be different")
    if "Which way?" in terminal.text:
        terminal.press("enter")
    terminal.wait_for(r"│ +│\n +╰─+╯")
    terminal.write(PASSWORD)
    terminal.wait_for(r"•{8}")
    terminal.press("enter")
    terminal.wait_for(rf"Shall it be done\?|{mended}")
    if "Shall it be done?" in terminal.text:
        terminal.press("enter")
    terminal.wait_for(mended)
    terminal.wait_for(r"This path is in order now")
    terminal.press("enter")
    terminal.wait_for(r"✓ permission The keychain login is unlocked")


def start_the_server(terminal: Terminal) -> None:
    """From the home screen to the server's answer."""
    terminal.press("s")
    terminal.wait_for(r"Start github\?")
    terminal.press("enter")
    terminal.wait_for(r"github-mcp-server \S+ answers")


def leave(terminal: Terminal) -> None:
    """Out of the app, and out of the login."""
    terminal.press("q")
    terminal.wait_for(r"ready\$")
    terminal.write("exit\r")
    assert terminal.wait_end() == 0


def nothing_leaked(scene: Scene, terminal: Terminal) -> None:
    """Neither password nor token: on the screen, in what was written down, in any process's arguments."""
    for secret in (PASSWORD, TOKEN):
        assert secret.encode() not in terminal.stream
        assert secret not in scene.records()
        assert not [line for line in scene.seen if secret in line]


def nothing_left(scene: Scene) -> None:
    """Of all that ran, only the bus and the keyring daemon are still there."""
    left = {line.split()[0].rpartition("/")[2] for line in scene.account.processes().values()}
    assert left <= {"dbus-daemon", "gnome-keyring-daemon"}


@pytest.mark.parametrize(("prepare", "broken", "mended"), STATES)
def test_from_a_broken_link_to_an_answered_handshake(
    scene: Scene, prepare: Callable[[Scene], None], broken: str, mended: str
) -> None:
    prepare(scene)
    with scene.watching(), scene.login() as terminal:
        terminal.write(scene.doctor() + "\r")
        seconds = terminal.wait_for(broken)
        assert seconds < SECONDS_TO_THE_LINK * (1 + os.getloadavg()[0] / (os.cpu_count() or 1))
        unlock_in_the_guide(terminal, mended)
        terminal.wait_for(r"✓ validity")
        start_the_server(terminal)
        leave(terminal)
    nothing_leaked(scene, terminal)
    nothing_left(scene)
    assert any("server-github" in line for line in scene.seen), "the real server was never seen running"
    assert "unlock" in scene.records()


@contextlib.contextmanager
def begun_and_not_ended(scene: Scene) -> Iterator[Terminal]:
    """A guide whose step is under way: the journal has it, the daemon is stopped and can't answer."""
    knows_its_bus(scene)
    with scene.login() as terminal:
        terminal.write(scene.doctor() + "\r")
        terminal.wait_for(LOCKED)
        terminal.wait_for(r" m  \S")
        terminal.press("m")
        terminal.wait_for(r"Which way\?|Password of the keychain")
        if "Which way?" in terminal.text:
            terminal.press("enter")
        terminal.wait_for(r"Password of the keychain")
        terminal.write(PASSWORD)
        terminal.wait_for(r"•{8}")
        daemon = next(
            pid for pid, line in scene.account.processes().items() if "gnome-keyring-daemon" in line
        )
        os.kill(daemon, signal.SIGSTOP)
        try:
            terminal.press("enter")
            ends = time.monotonic() + 60
            while "unlock" not in scene.records():
                terminal.read()
                assert time.monotonic() < ends, terminal.text
            yield terminal
        finally:
            os.kill(daemon, signal.SIGCONT)


def drop(terminal: Terminal) -> None:
    """The line is dead: the ssh client is gone without a word."""
    os.kill(terminal.pid, signal.SIGKILL)


def doctors(scene: Scene) -> list[int]:
    """Processes of the doctor."""
    return [pid for pid, line in scene.account.processes().items() if "mcp-doctor" in line]


def wait_until_the_doctor_is_gone(scene: Scene, seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while doctors(scene):
        assert time.monotonic() < ends, scene.account.processes()
        time.sleep(0.02)


def test_a_line_that_drops_in_the_middle_of_a_guide_lets_the_change_end_first(scene: Scene) -> None:
    with begun_and_not_ended(scene) as terminal:
        drop(terminal)
    wait_until_the_doctor_is_gone(scene)
    with scene.login() as again:
        again.write(scene.doctor() + "\r")
        again.wait_for(r"✓ permission The keychain login is unlocked")
        again.wait_for(r"All \d+ checks")
        assert "half done" not in again.text
        leave(again)
    nothing_leaked(scene, terminal)
    nothing_leaked(scene, again)
    nothing_left(scene)


def test_a_doctor_killed_in_the_middle_of_a_guide_tells_so_at_the_next_start(scene: Scene) -> None:
    with begun_and_not_ended(scene) as terminal:
        for pid in doctors(scene):
            os.kill(pid, signal.SIGKILL)
        drop(terminal)
        wait_until_the_doctor_is_gone(scene)
    with scene.login() as again:
        again.write(scene.doctor() + "\r")
        again.wait_for(r"(?s)Something was left half done.*Unlock the keychain")
        again.press("t")
        again.wait_gone(r"Something was left half done")
        again.wait_for(LOCKED)
        leave(again)
    nothing_leaked(scene, terminal)
    nothing_leaked(scene, again)
    nothing_left(scene)
