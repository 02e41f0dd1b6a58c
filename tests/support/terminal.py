"""A person at a terminal: runs a command on a real PTY, types keys, reads the screen as it stands."""

import os
import pty
import re
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect
import pyte
from pexpect import fdpexpect

from tests.support import forking

_PATIENCE = 60.0
"""Seconds that a wait may take: one that is met early costs nothing, and a loaded machine is no fault."""
KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "f1": "\x1bOP",
    "ctrl+c": "\x03",
    "ctrl+d": "\x04",
    "ctrl+q": "\x11",
}
# What pyte would print as text: CSI with a `<`, `=` or `>` behind it (keyboard protocols), and DCS/APC strings.
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<=>][0-9;:]*[A-Za-z]|\x1b[P_^].*?\x1b\\", re.DOTALL)
# It has no second screen either: going to one and coming back from it show an empty screen.
_SECOND_SCREEN = re.compile(rb"\x1b\[\?1049[hl]")
_UNFINISHED = re.compile(rb"\x1b(?:\[[^A-Za-z~]*|[P_^][^\x1b]*)?$")


class Terminal:
    """One command on a PTY of `columns` x `rows`. `stream` is every byte it ever sent to the screen."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], *, columns: int = 80, rows: int = 24
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._parser = pyte.ByteStream(self._screen)
        self._held = b""
        self.stream = b""
        self._forked: forking.Forked | None = None
        self._spawned: pexpect.spawn[bytes] | None = None
        if forking.fits(command, env):
            line, end = pty.openpty()
            try:
                attributes = termios.tcgetattr(end)
                attributes[3] &= ~termios.ECHO
                termios.tcsetattr(end, termios.TCSANOW, attributes)
                termios.tcsetwinsize(end, (rows, columns))
                self._forked = forking.start(command, env, Path.cwd(), (end, end, end), terminal=True)
            finally:
                os.close(end)
            self.child: pexpect.spawn[bytes] | fdpexpect.fdspawn[bytes] = fdpexpect.fdspawn(line, timeout=10)
        else:
            self.child = self._spawned = pexpect.spawn(
                command[0],
                list(command[1:]),
                env=dict(env),
                dimensions=(rows, columns),
                timeout=10,
                echo=False,
            )
        self.child.delaybeforesend = None

    @property
    def lines(self) -> list[str]:
        """The screen's lines, without the blanks at their ends."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The screen as it stands."""
        return "\n".join(self.lines)

    @property
    def pid(self) -> int:
        """The command's process."""
        return self._forked.pid if self._forked is not None else self.child.pid or 0

    def hang_up(self) -> None:
        """The line goes, as with a closed window: whoever runs on it meets SIGHUP and a dead terminal."""
        # Not pexpect's own close: it would kill a command that takes its time on a loaded machine.
        if self._spawned is None:
            self.child.close()
        else:
            self._spawned.ptyproc.fileobj.close()  # type: ignore[attr-defined]

    def write(self, text: str) -> None:
        """Types characters."""
        self.child.send(text)

    def press(self, *keys: str) -> None:
        """Presses keys, by name or single characters."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def read(self, seconds: float = 0.05) -> bool:
        """Takes in what the command sent meanwhile. Out: whether the command is still there."""
        try:
            chunk: bytes = self.child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.stream += chunk
        self._show(chunk)
        return True

    def wait_for(self, pattern: str, seconds: float = _PATIENCE) -> float:
        """Waits until the screen shows the pattern (a regular expression). Out: how many seconds it took."""
        return self._wait(lambda: re.search(pattern, self.text) is not None, f"/{pattern}/ appears", seconds)

    def wait_gone(self, pattern: str, seconds: float = _PATIENCE) -> float:
        """Waits until the screen no longer shows the pattern. Out: how many seconds it took."""
        return self._wait(lambda: re.search(pattern, self.text) is None, f"/{pattern}/ goes", seconds)

    def wait_end(self, seconds: float = _PATIENCE) -> int:
        """Waits until the command has ended. Out: its exit code (128 + signal for a violent end)."""
        ends = time.monotonic() + seconds
        while self.read():
            assert time.monotonic() < ends, f"never ended; the screen:\n{self.text}"
        if self._forked is not None:
            code = self._forked.wait(max(ends - time.monotonic(), 1))
            self.child.close()
            return 128 - code if code < 0 else code
        self.child.close()
        if self.child.signalstatus is not None:
            return 128 + int(self.child.signalstatus)
        return int(self.child.exitstatus or 0)

    def close(self) -> None:
        """Ends the command."""
        if self._forked is not None:
            self._forked.kill()
        if self._spawned is not None:
            self._spawned.close(force=True)
        else:
            self.child.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, holds: Callable[[], bool], what: str, seconds: float) -> float:
        began = time.monotonic()
        while True:
            if holds():
                return time.monotonic() - began
            there = self.read()
            assert there or holds(), f"the command ended before {what}; the screen:\n{self.text}"
            assert time.monotonic() - began < seconds, (
                f"{what}: not within {seconds:g} s; the screen:\n{self.text}"
            )

    def _show(self, chunk: bytes) -> None:
        whole = _UNKNOWN_TO_PYTE.sub(b"", self._held + chunk)
        unfinished = _UNFINISHED.search(whole)
        cut = unfinished.start() if unfinished else len(whole)
        self._held = whole[cut:]
        self._parser.feed(_SECOND_SCREEN.sub(b"\x1b[2J\x1b[H", whole[:cut]))
