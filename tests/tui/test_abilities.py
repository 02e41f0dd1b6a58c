"""Links and the clipboard: only where the terminal is known to do it, on a key, and never a credential."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from tests.support.platforms import lacking
from tests.support.terminal import Terminal
from tui.abilities import clipboard_of, has_links
from tui.copying import copyable, may_be_copied

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).parent / "mcp-doctor")
TOKEN = "gh" + "p_" + "a1B2" * 9


def host(**env: str) -> Host:
    return Host(Platform.LINUX, Session.LOCAL, Path("/"), Path("/"), env)


@pytest.mark.parametrize(
    ("env", "links", "clipboard"),
    [
        ({"TERM": "xterm-256color"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "linux"}, False, False),
        ({"TERM": "xterm-kitty"}, True, True),
        ({"TERM": "alacritty"}, True, True),
        ({"TERM": "foot"}, True, True),
        ({"TERM": "xterm-ghostty"}, True, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "6800", "COLORTERM": "truecolor"}, True, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4602"}, False, False),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "230804"}, True, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, True, True),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2", "SSH_TTY": "/dev/pts/1"}, True, True),
        ({"TERM": "", "WT_SESSION": "1"}, True, True),
        ({"TERM": "screen.xterm-256color", "STY": "1.x"}, False, False),
        ({"TERM": "screen-256color"}, False, False),
        ({"TERM": "xterm-kitty", "ZELLIJ": "0"}, False, False),
        ({"TERM": "tmux-256color", "TMUX": "/nowhere,1,0", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.4"}, True, False),
        ({"TERM": "tmux-256color", "TMUX": "/nowhere,1,0", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.3a"}, False, False),
        ({"TERM": "xterm-kitty", "TMUX": "/nowhere,1,0"}, False, False),
    ],
)  # fmt: skip
def test_terminals(env: Mapping[str, str], links: bool, clipboard: bool) -> None:
    here = host(**env, PATH=os.environ["PATH"])
    assert has_links(here) is links
    way = clipboard_of(here)
    assert bool(way.begins) is clipboard
    assert bool(way.why_not) is not clipboard


def test_what_to_copy() -> None:
    assert copyable(["Type this:", "$ mcp-doctor unlock", "$ other"]) == "mcp-doctor unlock"
    assert copyable(["See (https://example.org/a)."]) == "https://example.org/a"
    assert copyable(["Nothing to type."]) == ""
    assert copyable([f"$ export TOKEN={TOKEN}", "$ mcp-doctor"]) == "mcp-doctor"
    assert not may_be_copied(TOKEN)
    assert not may_be_copied("\x1b]52;c;x\x07")


# ── the app's own bytes ─────────────────────────────────────────────────────────────────────────────────────


def config(folder: Path) -> Path:
    path = folder / "mcp.json"
    path.write_text(
        json.dumps({"mcpServers": {"one": {"command": "true", "env": {"GITHUB_TOKEN": "${SECRET:a}"}}}})
    )
    return path


def copied(stream: bytes) -> list[str]:
    """What a terminal would take from the bytes."""
    pieces = stream.split(b"\x1b]52;c;")[1:]
    return [base64.b64decode(each.split(b"\x07")[0]).decode() for each in pieces]


@pytest.mark.parametrize(("term", "takes"), [("xterm-kitty", True), ("xterm-256color", False)])
def test_a_key_copies_a_command_where_the_terminal_takes_it(tmp_path: Path, term: str, takes: bool) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": term, "LANG": "C.UTF-8"}
    command = [PROGRAM, "--config", str(config(tmp_path)), "--client", "claude-code", "--offline"]
    with Terminal(command, env, columns=120, rows=40) as terminal:
        terminal.wait_for("1 broken")
        terminal.press("i")
        terminal.wait_for("In short")
        assert b"\x1b]52" not in terminal.stream
        terminal.press("y")
        terminal.wait_for("Copied" if takes else "Not copied")
        terminal.press("esc")
        terminal.wait_gone("In short")
        terminal.press("q")
        terminal.wait_end()
        assert len(copied(terminal.stream)) == (1 if takes else 0)
        if takes:
            assert copied(terminal.stream)[0] in terminal.stream.decode("utf-8", "replace")
        assert b"\x1b]8;" not in terminal.stream.replace(b"\x1b]8;;\x1b\\", b"") or takes


# ── a real tmux ─────────────────────────────────────────────────────────────────────────────────────────────


class Tmux:
    """A server of its own, with a client on a PTY."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "tmux"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "SHELL": "/bin/sh",
            "PYTHONPATH": str(ROOT),
        }
        self.client = Terminal(["tmux", "-S", str(self.socket), "-f", "/dev/null", "new-session"], self.env)
        self.client.wait_for(r"[$#]")

    def run(self, *words: str) -> str:
        command = ["tmux", "-S", str(self.socket), *words]
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=60, check=False
        ).stdout

    def copy(self, text: str) -> None:
        """As the app does it, in the pane."""
        code = (
            "import sys; from tui.abilities import clipboard_of; from diagnostics.host import this_host; "
            f"way = clipboard_of(this_host()); sys.stdout.write(way.sequence({text!r}) if way.begins else '');"
            "print(way.why_not or 'se' + 'nt')"
        )
        self.run("send-keys", "-l", f'{sys.executable} -c "{code}"')
        self.run("send-keys", "Enter")

    def close(self) -> None:
        self.run("kill-server")
        self.client.close()


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if not shutil.which("tmux"):
        lacking("tmux is not installed")
    made = Tmux(tmp_path)
    yield made
    made.close()


def test_tmux_takes_it_where_it_may(tmux: Tmux) -> None:
    tmux.run("set", "-s", "set-clipboard", "on")
    tmux.copy("mcp-doctor unlock")
    tmux.client.wait_for(r"(?m)^sent$")
    ends = time.monotonic() + 60
    while (held := tmux.run("show-buffer")) != "mcp-doctor unlock" and time.monotonic() < ends:
        tmux.client.read(0.05)
    assert held == "mcp-doctor unlock"


def test_through_tmux_where_that_is_allowed(tmux: Tmux) -> None:
    tmux.run("set", "-s", "set-clipboard", "off")
    tmux.run("set", "-g", "allow-passthrough", "on")
    tmux.copy("mcp-doctor unlock")
    tmux.client.wait_for(r"(?m)^sent$")
    ends = time.monotonic() + 60
    while not copied(tmux.client.stream) and time.monotonic() < ends:
        tmux.client.read(0.05)
    assert copied(tmux.client.stream) == ["mcp-doctor unlock"]


def test_by_default_tmux_keeps_it_and_that_is_said(tmux: Tmux) -> None:
    tmux.copy("mcp-doctor unlock")
    tmux.client.wait_for("set-clipboard on")
    assert not copied(tmux.client.stream)
