"""One line runs the app on a host with nothing but Python: a real sshd, an account with an empty home, a terminal."""

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle.make import make
from tests.support.platforms import lacking
from tests.support.ssh import Account, SshServer, account, reachable
from tests.support.terminal import Terminal

pytestmark = pytest.mark.platform_linux


def python_of_theirs() -> str:
    """An interpreter that any user may start, of the version that the bundle is made for."""
    for each in (Path(sys.executable).resolve(), Path("/usr/bin/python3")):
        if each.exists() and reachable(each):
            code = "import sys; print(sys.version_info[:2] == tuple(map(int, sys.argv[1:])))"
            asked = [str(each), "-c", code, *map(str, sys.version_info[:2])]
            if (
                subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False).stdout
                == "True\n"
            ):
                return str(each)
    lacking("no Python of the tests' own version that another user can start")
    raise AssertionError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not compressed: that takes seconds, and unpacking does not ask."""
    return make(tmp_path_factory.mktemp("bundle") / "mcp-doctor.pyz", kind=zipfile.ZIP_STORED)


@pytest.fixture
def someone() -> Iterator[Account]:
    with account() as made_up:
        yield made_up


@pytest.fixture
def server(someone: Account) -> Iterator[SshServer]:
    started = SshServer.start(someone)
    yield started
    started.close()


def left_in(folder: Path) -> set[str]:
    """What is there, also while it is being taken away."""
    return {
        str(Path(parent, each).relative_to(folder))
        for parent, folders, files in os.walk(folder)
        for each in (*folders, *files)
    }


def test_the_app_over_ssh_and_nothing_is_left(made: Path, someone: Account, server: SshServer) -> None:
    """About ten seconds: the bundle is carried over, unpacked there, and the real app is opened twice."""
    python = python_of_theirs()
    folder = someone.write("tmp/empty", "").parent
    plain = [each for each in server.command if each != "-tt"]
    with made.open("rb") as bundle:
        sent = subprocess.run(
            [*plain, "cat > mcp-doctor.pyz"], stdin=bundle, capture_output=True, timeout=60, check=False
        )
    assert sent.returncode == 0, sent.stderr
    line = f"cd /; TMPDIR={folder} {python} ~/mcp-doctor.pyz"
    env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "HOME": str(server.root), "LANG": "C.UTF-8"}

    with Terminal([*server.command, f"{line}; echo ended $?; rm ~/mcp-doctor.pyz"], env) as terminal:
        terminal.wait_for("ssh session")
        terminal.wait_for("mcp-doctor")
        terminal.wait_for(r"q quit")
        assert [each for each in left_in(folder) if "site-packages" in each]
        terminal.press("q")
        terminal.wait_for("ended 0")
        terminal.wait_end()
    assert left_in(folder) == {"empty"}
    assert left_in(someone.home) <= {"tmp", "tmp/empty", ".cache", ".bash_history"}


def test_a_dropped_line_leaves_nothing_either(made: Path, someone: Account, server: SshServer) -> None:
    python = python_of_theirs()
    folder = someone.write("tmp/empty", "").parent
    someone.write("mcp-doctor.pyz", made.read_bytes())
    env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "HOME": str(server.root), "LANG": "C.UTF-8"}
    terminal = Terminal([*server.command, f"TMPDIR={folder} {python} ~/mcp-doctor.pyz"], env)
    try:
        terminal.wait_for(r"q quit")
        terminal.hang_up()
        ends = time.monotonic() + 60
        while [each.name for each in folder.iterdir()] != ["empty"] and time.monotonic() < ends:
            time.sleep(0.05)
        assert left_in(folder) == {"empty"}
    finally:
        terminal.close()


def test_another_python_is_told_so(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pyz"
    with zipfile.ZipFile(made) as bundle, zipfile.ZipFile(other, "w") as changed:
        changed.writestr("__main__.py", bundle.read("__main__.py"))
        changed.writestr("made_for.json", json.dumps({"python": "3.99", "platform": "linux-vax"}))
    done = subprocess.run([sys.executable, other], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert "made for python 3.99" in done.stderr
    assert "Traceback" not in done.stderr


def test_exit_codes_and_words_come_through(made: Path, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(made), "check", "--format", "nothing"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)
    assert done.returncode == 2
    assert "invalid choice" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_same_content_makes_the_same_bundle(made: Path, tmp_path: Path) -> None:
    assert zipfile.is_zipfile(made)
    with zipfile.ZipFile(made) as bundle:
        names = bundle.namelist()
        assert len(names) == len(set(names))
        assert not [each for each in names if each.startswith("site-packages/tests")]
        assert {each.date_time[0] for each in bundle.infolist()} == {2026}
