"""Over a slow line: how many bytes a picture and a key cost, and that what arrives is the same picture."""

import json
import os
import pty
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from tests.support.terminal import Terminal
from tui.line import Line, line_of

PROGRAM = str(Path(sys.executable).parent / "mcp-doctor")
BYTES_A_SECOND = 960
"""9,600 baud."""


def config(folder: Path) -> list[str]:
    servers = {
        f"server{number}": {"command": "npx", "env": {"GITHUB_TOKEN": "${SECRET:github_token}"}}
        for number in range(4)
    }
    path = folder / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers}))
    return [PROGRAM, "--config", str(path), "--client", "claude-code", "--offline"]


def env_of(folder: Path, **more: str) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        **more,
    }


def quiet(terminal: Terminal, seconds: float = 0.6) -> int:
    """Reads until nothing has come for so long. Out: the bytes that ever came."""
    length, since = len(terminal.stream), time.monotonic()
    while time.monotonic() - since < seconds:
        terminal.read(0.05)
        if len(terminal.stream) != length:
            length, since = len(terminal.stream), time.monotonic()
    return length


def settled(terminal: Terminal) -> int:
    """The bytes until all checks were asked. A slow line's last picture may wait for two seconds."""
    terminal.wait_for(r"checks are done")
    return quiet(terminal, 2.1)


def test_bytes_of_a_picture_and_of_a_key(tmp_path: Path) -> None:
    """Six seconds, most of them waiting for bytes that must not come."""
    with Terminal([*config(tmp_path), "--slow"], env_of(tmp_path, SSH_CONNECTION="1 2 3 4")) as terminal:
        terminal.wait_for("Servers")
        first = len(terminal.stream)
        whole = settled(terminal)
        terminal.press("down")
        terminal.wait_for("▌✗ server1")
        arrow = quiet(terminal, 1.0) - whole
        idle = quiet(terminal, 1.0) - whole - arrow
        stream = terminal.stream
        terminal.press("q")
        assert terminal.wait_end() == 0
    assert first <= 2.5 * BYTES_A_SECOND
    assert whole <= 5 * BYTES_A_SECOND
    assert 0 < arrow <= 1.5 * BYTES_A_SECOND
    assert idle == 0
    assert b"38;2;" not in stream
    assert b"\x1b[?1003h" not in stream


def test_the_same_picture_as_over_a_near_line(tmp_path: Path) -> None:
    """Where only differences are sent, after keys that open and close a window."""
    seen: list[list[str]] = []
    sent: list[int] = []
    repainted: list[int] = []
    for far in (False, True):
        program = (
            f"import tui.line; line = tui.line.Line(far={far}); tui.line.line_of = lambda *_, **__: line"
        )
        command = [
            sys.executable,
            "-c",
            f"{program}\nfrom tui.cli import main\nmain()",
            *config(tmp_path)[1:],
        ]
        env = env_of(tmp_path, PYTHONPATH=str(Path(__file__).parents[2]))
        with Terminal(command, env) as terminal:
            terminal.wait_for(r"checks are done")
            quiet(terminal, 0.4)
            terminal.press("down", "?")
            terminal.wait_for("─ Help ─")
            terminal.press("esc")
            terminal.wait_gone("─ Help ─")
            sent.append(quiet(terminal, 0.4))
            seen.append(terminal.lines)
            terminal.write("\x0c")
            quiet(terminal, 0.4)
            assert terminal.lines == seen[-1]
            repainted.append(len(terminal.stream) - sent[-1])
            terminal.press("q")
            terminal.wait_end()
    assert seen[1] == seen[0]
    assert repainted[1] > 1500, "Ctrl+L sends the whole picture, for something else may have written on it"
    assert sent[1] < sent[0] / 2


@pytest.mark.parametrize(("baud", "slow"), [(9600, True), (19_200, True), (38_400, False)])
def test_a_terminal_that_names_a_low_speed_is_slow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, baud: int, slow: bool
) -> None:
    ours, theirs = pty.openpty()
    try:
        attributes = termios.tcgetattr(theirs)
        attributes[4] = attributes[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        with os.fdopen(os.dup(theirs), "w") as stream:
            monkeypatch.setattr(sys, "__stdout__", stream)
            host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {})
            line = line_of(host)
    finally:
        os.close(ours)
        os.close(theirs)
    assert line.slow is slow
    assert line.bytes_a_second == (baud / 10 if slow else None)


def test_over_ssh_the_line_is_far_and_not_slow(tmp_path: Path) -> None:
    host = Host(Platform.LINUX, Session.SSH, tmp_path, tmp_path, {})
    assert line_of(host) == Line(far=True)
    assert line_of(host, said_slow=True).bytes_a_second == 960
