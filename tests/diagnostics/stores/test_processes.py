"""What is known of a process, also where the kernel hides most of it."""

from pathlib import Path

import pytest

from diagnostics.stores import processes
from diagnostics.stores.activation import activation_of
from tests.support.lab import Lab


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    return tmp_path


def a_process(proc: Path, pid: int, command: str = "", environ: str = "", stat: str = "S") -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "cmdline").write_text(command.replace(" ", "\0"))
    (folder / "environ").write_text(environ.replace(" ", "\0"))
    (folder / "stat").write_text(f"{pid} (a name) with) {stat} 1 1")


def test_a_daemon_with_capabilities_hides_its_executable(proc: Path) -> None:
    a_process(proc, 7, "/usr/bin/gnome-keyring-daemon --start")
    assert processes.program_of(7) == "gnome-keyring-daemon"


def test_a_name_that_looks_like_a_state(proc: Path) -> None:
    a_process(proc, 7, stat="T")
    assert processes.state_of(7) == "T"


def test_nothing_is_known_of_what_is_gone(proc: Path) -> None:
    assert processes.program_of(7) == ""
    assert processes.state_of(7) == ""
    assert processes.environment_of(7) == {}
    assert processes.command_of(7) == []


def test_a_daemon_whose_session_cannot_be_seen_is_nobodys_stray(proc: Path) -> None:
    owner = proc.stat().st_uid
    daemon = "/usr/bin/gnome-keyring-daemon"
    a_process(proc, 7, daemon, "HOME=/home/a DBUS_SESSION_BUS_ADDRESS=unix:path=/a,guid=1")
    a_process(proc, 8, daemon, "")
    a_process(proc, 9, daemon, "HOME=/home/a DBUS_SESSION_BUS_ADDRESS=unix:path=/a,guid=2")
    a_process(proc, 10, daemon, "HOME=/home/a DBUS_SESSION_BUS_ADDRESS=unix:path=/b")
    a_process(proc, 11, daemon, "HOME=/home/b DBUS_SESSION_BUS_ADDRESS=unix:path=/c")
    a_process(proc, 12, daemon, "HOME=/home/a DBUS_SESSION_BUS_ADDRESS=unix:path=/a", stat="Z")
    kin = processes.kin_of(7, "gnome-keyring-daemon", owner, "unix:path=/a")
    assert kin.strays == (9,)
    assert kin.sharers == (10,)


def test_the_service_file_of_a_running_bus(lab: Lab) -> None:
    lab.start_bus()
    found = activation_of("org.freedesktop.secrets", lab.bus.pid)
    assert found.command.startswith("/usr/bin/gnome-keyring-daemon ")
    assert not found.program_missing
    assert activation_of("org.example.Nobody", lab.bus.pid).command == ""


def test_a_service_file_that_is_none(lab: Lab) -> None:
    (lab.services / "org.freedesktop.secrets.service").write_bytes(
        b"\xff\0[\nExec=\nName=org.freedesktop.secrets"
    )
    lab.start_bus()
    assert activation_of("org.freedesktop.secrets", lab.bus.pid).command == ""
