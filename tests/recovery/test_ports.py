"""The ports themselves: processes, files and the bus refuse what is not meant."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from recovery.bus import bus_environment
from recovery.files import LocalFiles
from recovery.model import RecoveryError
from recovery.processes import LocalProcesses
from recovery.world import LocalWorld, own_socket
from tests.recovery.conftest import PASSWORD, a_host, mend, way
from tests.support.lab import REPO, Lab, require

PROGRAM = Path(sys.executable).resolve().name


@pytest.fixture
def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=-1
    )


def test_only_the_program_that_is_meant_is_ended(sleeper: subprocess.Popen[bytes]) -> None:
    processes = LocalProcesses(os.getuid())
    assert sleeper.stdout is not None
    sleeper.stdout.readline()
    with pytest.raises(RecoveryError, match="no longer dbus-daemon"):
        processes.end(sleeper.pid, "dbus-daemon")
    with pytest.raises(RecoveryError, match="another user"):
        LocalProcesses(os.getuid() + 1).end(sleeper.pid, PROGRAM)
    for pid in (0, 1, -1, os.getpid()):
        with pytest.raises(RecoveryError):
            processes.end(pid, PROGRAM)
    assert sleeper.poll() is None
    assert processes.is_running(sleeper.pid, PROGRAM)
    sleeper.send_signal(signal.SIGSTOP)
    processes.resume(sleeper.pid, PROGRAM)
    processes.end(sleeper.pid, PROGRAM)
    assert sleeper.wait(5) == -signal.SIGTERM
    assert not processes.is_running(sleeper.pid, PROGRAM)
    with pytest.raises(RecoveryError, match="no longer there"):
        processes.end(sleeper.pid, PROGRAM)


def test_modes_are_changed_on_own_files_only_and_never_through_a_link(tmp_path: Path) -> None:
    files = LocalFiles(os.getuid())
    target, link = tmp_path / "target", tmp_path / "link"
    target.touch(mode=0o644)
    link.symlink_to(target)
    with pytest.raises(RecoveryError, match="is a link"):
        files.chmod(str(link), 0o600)
    with pytest.raises(RecoveryError, match="another user"):
        LocalFiles(os.getuid() + 1).chmod(str(target), 0o600)
    assert files.mode(str(link)) is None
    assert files.mode(str(tmp_path / "none")) is None
    files.chmod(str(target), 0o600)
    assert files.mode(str(target)) == 0o600


def test_a_rename_never_replaces_and_a_write_is_whole(tmp_path: Path) -> None:
    files = LocalFiles(os.getuid())
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    new.write_text("new")
    with pytest.raises(RecoveryError, match="there already"):
        files.rename(str(old), str(new))
    assert new.read_text() == "new"
    files.write(str(new), b"newer")
    assert new.read_bytes() == b"newer"
    assert new.stat().st_mode & 0o777 == 0o600
    files.rename(str(old), str(tmp_path / "third"))
    with pytest.raises(RecoveryError, match="can't be written"):
        files.write(str(tmp_path / "none" / "x"), b"")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new", "third"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
def test_a_write_takes_no_pipe_and_no_folder_away(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(RecoveryError, match="no plain file"):
            LocalFiles(os.getuid()).write(str(tmp_path / name), b"x")
    assert (tmp_path / "pipe").is_fifo()


def test_a_bus_is_started_with_what_it_needs_and_nothing_else() -> None:
    env = {
        "HOME": "/h",
        "PATH": "/bin",
        "XDG_RUNTIME_DIR": "/r",
        "LC_ALL": "C",
        "DISPLAY": ":0",
        "WAYLAND_DISPLAY": "w",
        "XAUTHORITY": "x",
        "GITHUB_TOKEN": "t",
        "DBUS_SESSION_BUS_ADDRESS": "a",
        "SSH_AUTH_SOCK": "s",
    }
    assert bus_environment(env) == {"HOME": "/h", "PATH": "/bin", "XDG_RUNTIME_DIR": "/r", "LC_ALL": "C"}


@pytest.mark.parametrize("what", ["file", "foreign-listener", "too-long", "no-folder"])
def test_a_path_that_is_not_free_gets_no_bus(lab: Lab, what: str) -> None:
    world = LocalWorld(lab.host())
    path = lab.runtime / "bus"
    listener = socket.socket(socket.AF_UNIX)
    if what == "file":
        path.write_text("mine")
    elif what == "foreign-listener":
        listener.bind(str(path))
        listener.listen(1)
    elif what == "too-long":
        path = lab.home / ("x" * 120) / "bus"
    else:
        path = Path("/nonexistent-folder/bus")
    with pytest.raises(RecoveryError):
        world.bus.start(str(path))
    listener.close()
    if what == "file":
        assert path.read_text() == "mine"


def test_two_starts_at_once_make_one_bus(lab: Lab) -> None:
    code = (
        "import sys\n"
        "from diagnostics.host import this_host\n"
        "from recovery.model import RecoveryError\n"
        "from recovery.world import LocalWorld\n"
        "try: print(LocalWorld(this_host()).bus.start(sys.argv[1]))\n"
        "except RecoveryError as error: print(error)\n"
    )
    env = {**lab.env, "PYTHONPATH": str(REPO)}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(lab.socket)], env=env, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = [child.communicate(timeout=30)[0].strip() for child in children]
    assert sum(line.isdigit() for line in said) == 1, said
    assert sum("alive" in line for line in said) == 3, said


def test_a_bus_that_others_use_is_not_taken_back(lab: Lab) -> None:
    from recovery.journal import Journal
    from recovery.runner import Result, undo

    world = LocalWorld(lab.host())
    assert mend(world).ok
    lab.env["DBUS_SESSION_BUS_ADDRESS"] = world.host.env["DBUS_SESSION_BUS_ADDRESS"]
    code = "import jeepney.io.blocking as b, time; c = b.open_dbus_connection(); print('on it', flush=True); time.sleep(60)"
    client = lab.spawn([sys.executable, "-c", code])
    lab.wait_for(lambda: "on it" in (lab.root / "spawn.log").read_text(), "the client is connected")
    outcome = undo(None, world, Journal(world.host))
    assert outcome.result is Result.PARTLY
    assert any(f"process {client.pid}" in note for note in outcome.notes), outcome
    assert world.bus.is_live(str(lab.socket))
    assert client.poll() is None


def test_an_own_socket_is_below_the_state_folder_without_a_runtime_directory(tmp_path: Path) -> None:
    import dataclasses

    host = dataclasses.replace(a_host(tmp_path), env={"XDG_RUNTIME_DIR": str(tmp_path / "none")})
    assert own_socket(host) == host.state_dir / "bus"
    (tmp_path / "none").mkdir()
    assert own_socket(host) == tmp_path / "none" / "bus"


def test_one_command_gets_a_keychain_for_its_own_time(lab: Lab) -> None:
    require("dbus-run-session")
    code = "import keyring; keyring.set_password('s', 'u', 'v'); print(keyring.get_password('s', 'u'))"
    line = (
        f'"{sys.executable}" -m tui.cli unlock --create --password-stdin && exec "{sys.executable}" -c "$1"'
    )
    done = lab.run(
        ["dbus-run-session", "--", "sh", "-c", line, "sh", code],
        given=PASSWORD,
        seconds=30,
        env={"PYTHONPATH": str(REPO)},
    )
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[-1] == "v"


def test_a_display_in_the_environment_brings_no_prompt(lab: Lab) -> None:
    """With DISPLAY set, a locked keychain makes a prompting client hang; our way never asks on a screen."""
    import dataclasses

    host = dataclasses.replace(lab.host(), env={**lab.env, "DISPLAY": ":99"})
    world = LocalWorld(host)
    assert way(world).id == "start-bus"
    assert mend(world).ok
