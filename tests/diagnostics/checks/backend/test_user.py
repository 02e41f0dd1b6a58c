"""Another user's session is named as such, and not taken for a broken one."""

import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.lab import Lab
from tests.support.looking import look
from tests.support.platforms import IS_ROOT

USER = "backend.user"
NOBODY = 65534


def test_ones_own_session(unlocked: Lab) -> None:
    assert look(unlocked.host()).outcome(USER) == "own"


def test_sudo_cannot_see_the_callers_keychain(lab: Lab) -> None:
    seen = look(lab.host(uid=0, SUDO_UID="1000", SUDO_USER="alice"))
    assert seen.fails == [(USER, "sudo", "wrong_user_context")]
    assert "alice" in seen.finding(USER).title


def test_a_root_shell_of_its_own_is_no_sudo(lab: Lab) -> None:
    assert look(lab.host(uid=0, SUDO_UID="0")).outcome(USER) != "sudo"


def test_su_with_the_callers_runtime_directory(lab: Lab) -> None:
    seen = look(lab.host(uid=os.getuid() + 1))
    assert seen.fails == [(USER, "other-users-runtime-directory", "wrong_user_context")]


def test_a_bus_that_cuts_us_off_and_whose_socket_is_anothers(tmp_path: Path, lab: Lab) -> None:
    path = lab.root / "theirs"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def hang_up() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        host = lab.host(uid=os.getuid() + 1, DBUS_SESSION_BUS_ADDRESS=f"unix:path={path}")
        seen = look(host)
    assert seen.fails == [(USER, "other-users-bus", "wrong_user_context")]


@pytest.mark.skipif(not IS_ROOT, reason="only root can start another user's bus")
def test_root_is_cut_off_from_a_real_bus_of_another_user(lab: Lab) -> None:
    place = lab.root / "nobody"
    place.mkdir()
    lab.root.chmod(0o755)
    os.chown(place, NOBODY, NOBODY)
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1", f"--address=unix:path={place}/bus"],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        env={"PATH": os.environ["PATH"], "HOME": str(place)},
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert bus.stdout is not None
    try:
        assert bus.stdout.readline()
        seen = look(lab.host(DBUS_SESSION_BUS_ADDRESS=f"unix:path={place}/bus"))
    finally:
        bus.kill()
        bus.wait(5)
        bus.stdout.close()
    assert seen.fails == [(USER, "other-users-bus", "wrong_user_context")]
