"""`mcp-doctor report`: shows before it writes, asks before it writes, and writes over nothing."""

import json
import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.stores import open_store
from recovery.world import LocalWorld
from tests.support import tokens
from tests.support.forking import python
from tests.support.lab import REPO
from tests.support.terminal import Terminal
from tui.arguments import Call
from tui.commands.report import hand_over
from tui.session import DoctorSession

SAID = tokens.github("report command")
pytestmark = pytest.mark.platform_linux


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".cursor").mkdir()
    entry = {"command": "npx", "args": ["--token", SAID], "env": {"T": "${SECRET:acme_pat}"}}
    (tmp_path / ".cursor/mcp.json").write_text(json.dumps({"mcpServers": {"acme-billing": entry}}))
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "zoe",
        "PYTHONPATH": str(REPO),
    }


def report(home: Path, *words: str) -> tuple[int, str, str]:
    done = python("-m", "tui", "report", "--offline", *words, env=environment(home), cwd=home)
    return done.returncode, done.stdout, done.stderr


def test_without_a_terminal_nothing_is_written_unless_it_was_said(home: Path) -> None:
    code, out, err = report(home)
    assert (code, out) == (2, "")
    assert "--show shows the bundle, --yes writes it" in err
    code, out, _ = report(home, "--show")
    assert code == 0
    assert "──── configs.json" in out
    for each in ("acme", SAID[6:16], str(home), "zoe"):
        assert each not in out
    assert [each.name for each in home.glob("mcp-doctor*")] == []


def test_the_bundle_is_written_beside_with_its_list_shown(home: Path) -> None:
    code, out, _ = report(home, "--yes")
    assert code == 0
    (written,) = home.glob("mcp-doctor-report-*.zip")
    assert f"Written: {written}" in out
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    with zipfile.ZipFile(written) as archive:
        names = [Path(each).name for each in archive.namelist()]
        assert archive.read(archive.namelist()[0]).decode() in out + "\n"
    assert names[:2] == ["README.txt", "report.json"]
    assert all(each in out for each in names[1:])


@pytest.mark.parametrize("there", ["file", "folder", "link", "pipe", "no folder"])
def test_a_place_that_is_taken_is_refused_before_anything_is_gathered(home: Path, there: str) -> None:
    target = home / "out"
    match there:
        case "file":
            target.write_text("kept")
        case "folder":
            target.mkdir()
        case "link":
            target.symlink_to(home / "gone")
        case "pipe":
            os.mkfifo(target)
        case _:
            target = home / "nowhere/out"
    code, out, err = report(home, "--yes", "--output", str(target))
    assert (code, out) == (2, "")
    assert ("no such folder" if there == "no folder" else "is there already") in err
    assert there != "file" or target.read_text() == "kept"


def test_at_a_terminal_it_is_shown_on_request_and_written_on_a_yes_alone(home: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "tui",
        "report",
        "--offline",
        "--format",
        "folder",
        "--output",
        str(home / "out"),
    ]
    with Terminal(words, environment(home) | {"TERM": "xterm-256color"}, columns=100, rows=30) as screen:
        screen.wait_for(r"\[y/N, s = show all of it\]")
        screen.write("s\r")
        screen.wait_for(r"\[y/N\]")
        assert not (home / "out").exists()
        screen.write("y\r")
        screen.wait_for(r"Written:")
    assert stat.S_IMODE((home / "out").stat().st_mode) == 0o700
    assert "server-1" in (home / "out/configs.json").read_text()


def test_where_nothing_can_be_looked_at_there_is_a_bundle_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_session: DoctorSession) -> None:
        raise OSError("the disk is away")

    monkeypatch.setattr(DoctorSession, "look", broken)
    host = Host(Platform.LINUX, Session.LOCAL, home, home, {}, os.getuid(), "zoe")
    session = DoctorSession(host, Options(), (), open_store, LocalWorld)
    code = hand_over(
        session, Call("report", extra={"yes": True, "format": "text", "output": str(home / "out")})
    )
    assert code == 0
    assert "The configs can't be looked at (OSError)" in capsys.readouterr().err
    assert '"mcp-doctor": ' in (home / "out").read_text()


def test_a_server_that_is_not_there_is_a_wrong_call(home: Path) -> None:
    code, _, err = report(home, "nobody", "--show")
    assert code == 2
    assert "nobody" in err
