"""The sandbox as a whole: what it shows, and that it is gone afterwards however the demo ends."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from diagnostics.host import this_host
from tests.support.terminal import Terminal
from tui.arguments import Call
from tui.commands import demo
from tui.demo import DrillError, UnknownScenarioError, open_demo, scenario_names
from tui.demo.private_session import why_not
from tui.demo.scenario import load
from tui.demo.stage import STAND_IN

PROGRAM = Path(sys.executable).with_name("mcp-doctor")


def sandbox_of(banner: str) -> Path:
    found = re.search(r"sandbox in (\S+);", banner)
    assert found, banner
    return Path(found[1])


def test_the_sandbox_is_private_and_gone_at_the_end() -> None:
    with open_demo() as session:
        root = sandbox_of(session.banner)
        assert root.stat().st_mode & 0o077 == 0
        assert session.host.home.is_relative_to(root)
        assert session.banner.startswith("DEMO")
    assert not root.exists()


def test_the_sandbox_is_gone_after_an_error_too() -> None:
    def interrupted() -> None:
        with open_demo() as session:
            roots.append(sandbox_of(session.banner))
            raise KeyboardInterrupt

    roots: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not roots[0].exists()


def test_as_text_it_says_first_and_last_whose_findings_these_are(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(PROGRAM), "demo"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    before, middle, after = done.stdout.split("\n\n", 1)[0], done.stdout, done.stdout.splitlines()[-2:]
    assert "$ mcp-doctor unlock" in middle
    assert "in the sandbox, not on this computer" in before
    assert "would act on your own keychain" in before.replace("\n", " ")
    assert "sandbox" in after[0]
    assert "`mcp-doctor demo` in a terminal" in after[0]
    assert done.returncode == 1


def test_a_wrong_name_is_told() -> None:
    with pytest.raises(UnknownScenarioError), open_demo("nope"):
        pytest.fail("opened")


@pytest.mark.parametrize("name", scenario_names())
def test_only_the_sandbox_is_discovered(name: str) -> None:
    with open_demo(name) as session:
        context = session.look()
        root = sandbox_of(session.banner)
        read = [file for file in context.files if file.servers or file.problems]
        assert {str(file.path.relative_to(session.host.home)) for file in read} == {
            path for path in load(name).files if path.endswith(".json")
        }
        assert all(file.path.is_relative_to(root) for file in read)


def _end(how: str, terminal: Terminal) -> None:
    if how == "ctrl+c":
        terminal.press("ctrl+c")
    elif how == "closed":
        terminal.hang_up()
    else:
        os.kill(terminal.pid, getattr(signal, how))


@pytest.mark.parametrize("how", ["ctrl+c", "closed", "SIGTERM", "SIGHUP"])
def test_the_app_takes_the_sandbox_away_however_it_ends(how: str, tmp_path: Path) -> None:
    env: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "TERM": "xterm-256color",
    }
    with Terminal([str(PROGRAM), "demo"], env) as terminal:
        terminal.wait_for("DEMO")
        terminal.wait_for("Servers")
        assert list(tmp_path.glob("mcp-doctor-demo-*"))
        _end(how, terminal)
        ends = time.monotonic() + 10
        while list(tmp_path.glob("mcp-doctor-demo-*")):
            if how != "closed":
                terminal.read()
            assert time.monotonic() < ends, terminal.text
            time.sleep(0.02)


def test_the_list_has_names_and_titles(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.run(Call("demo", extra={"scenario": "list"})) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(scenario_names())
    assert lines[0].split(maxsplit=2) == ["first-run", "scene", load("first-run").title]
    assert any(line.split(maxsplit=2) == ["outage", "drill", load("outage").title] for line in lines)


def test_a_drill_as_text_says_its_goal(capsys: pytest.CaptureFixture[str]) -> None:
    demo.run(Call("demo", extra={"scenario": "outage", "format": "text"}))
    said = capsys.readouterr().out
    assert "The drill's goal:\n  github and gitlab stopped working" in said
    assert "has a fault of its own (HTTP 503)" in said
    assert "`mcp-doctor demo --scenario outage` in a terminal" in said


def test_a_daemon_that_does_not_start_leaves_the_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why_not(this_host()):
        pytest.skip("there is no dbus-daemon that could try")
    broken = tmp_path / "gnome-keyring-daemon"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    # The sandbox puts the interpreter's folder first; it has no daemon of that name.
    with open_demo("locked") as session:
        assert session.practice is not None
        assert session.practice.place == STAND_IN
        assert session.look().servers
    with pytest.raises(DrillError, match="needs a real keyring daemon"), open_demo("damaged-file"):
        pytest.fail("opened")
