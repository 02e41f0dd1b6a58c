"""Over 9,600 baud and 300 ms: bytes and seconds of a picture and a key, against what Textual sends by itself."""

import json
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.conftest import PROGRAMS, Figures, plain_env
from tests.support.terminal import Terminal

pytestmark = pytest.mark.bench
BYTES_A_SECOND = 960


def config(folder: Path) -> list[str]:
    servers = {
        f"server{number}": {"command": "npx", "env": {"GITHUB_TOKEN": "${SECRET:github_token}"}}
        for number in range(4)
    }
    path = folder / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers}))
    return [str(PROGRAMS / "mcp-doctor"), "--config", str(path), "--client", "claude-code", "--offline"]


def quiet(terminal: Terminal, seconds: float) -> int:
    length, since = len(terminal.stream), time.monotonic()
    while time.monotonic() - since < seconds:
        terminal.read(0.05)
        if len(terminal.stream) != length:
            length, since = len(terminal.stream), time.monotonic()
    return length


def bytes_of(command: list[str], env: dict[str, str]) -> tuple[int, int]:
    """Of all until the checks have ended, and of an arrow key."""
    with Terminal(command, env) as terminal:
        terminal.wait_for("4 broken")
        whole = quiet(terminal, 2.2)
        terminal.press("down")
        arrow = quiet(terminal, 2.2) - whole
        terminal.press("q")
        terminal.wait_end()
    return whole, arrow


def test_bytes_against_what_textual_sends(figures: Figures, tmp_path: Path) -> None:
    env = {**plain_env(tmp_path), "TERM": "xterm-256color"}
    command = config(tmp_path)
    plain, plain_arrow = bytes_of(command, env)
    far, far_arrow = bytes_of(command, {**env, "SSH_TTY": "/dev/pts/9"})
    slow, slow_arrow = bytes_of([*command, "--slow"], env)
    figures.limit(f"bytes until all is asked, --slow ({plain} as Textual sends)", slow, plain / 8, "bytes")
    figures.limit(f"bytes until all is asked, SSH ({plain} as Textual sends)", far, plain / 2, "bytes")
    figures.limit(f"bytes of an arrow key, --slow ({plain_arrow})", slow_arrow, plain_arrow / 4, "bytes")
    figures.limit(f"bytes of an arrow key, SSH ({plain_arrow})", far_arrow, plain_arrow / 3, "bytes")


def test_keys_pressed_fast_over_a_real_slow_line(figures: Figures, tmp_path: Path) -> None:
    """What the line can't carry is not sent: twenty-four keys cost a few pictures, and the last one is seen soon."""
    proxy = [sys.executable, "-m", "tests.support.slow_line", str(BYTES_A_SECOND), "0.15"]
    env = {**plain_env(tmp_path), "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[2])}
    with Terminal([*proxy, *config(tmp_path), "--slow"], env) as terminal:
        while not terminal.stream:  # Python's own start is no matter of the line
            terminal.read()
        began = time.monotonic()
        terminal.wait_for("Servers")
        first = time.monotonic() - began
        terminal.wait_for("4 broken")
        whole = quiet(terminal, 2.2)
        pressed = time.monotonic()
        for _ in range(12):
            terminal.press("down", "up")
        terminal.press("?")
        terminal.wait_for(" Help ")
        answered = time.monotonic() - pressed
        cost = quiet(terminal, 2.2) - whole
        terminal.press("esc")
        terminal.wait_gone(" Help ")
        terminal.press("q")
        terminal.wait_end()
    figures.limit("9,600 baud, 300 ms: first picture, from its first byte", first, 3, "s")
    figures.limit("9,600 baud, 300 ms: the answer to the last of 25 keys", answered, 15, "s")
    figures.limit("9,600 baud, 300 ms: bytes of 25 keys", cost, 12 * BYTES_A_SECOND, "bytes")
