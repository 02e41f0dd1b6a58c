"""A slow line: a command on a PTY of its own, whose bytes come at a rate and with a delay, in both directions.

`python -m tests.support.slow_line RATE DELAY COMMAND …` stands between a terminal and the command, as a modem or a bad
mobile line would. In: bytes a second, seconds of delay each way.
"""

import contextlib
import fcntl
import os
import pty
import select
import sys
import termios
import time
import tty
from collections import deque


class Queue:
    """Bytes on their way: each piece arrives after the delay, and no faster than the rate."""

    def __init__(self, rate: float, delay: float) -> None:
        self._rate, self._delay = rate, delay
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0

    def put(self, data: bytes) -> None:
        """Sends them off."""
        step = max(1, int(self._rate * 0.02))
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            self._free_at = max(self._free_at, time.monotonic()) + len(piece) / self._rate
            self._pieces.append((self._free_at + self._delay, piece))

    def take(self) -> bytes:
        """Those that have arrived."""
        arrived = []
        while self._pieces and self._pieces[0][0] <= time.monotonic():
            arrived.append(self._pieces.popleft()[1])
        return b"".join(arrived)

    @property
    def wait(self) -> float | None:
        """Seconds until the next arrives; None = nothing is on its way."""
        return max(0.0, self._pieces[0][0] - time.monotonic()) if self._pieces else None

    @property
    def is_full(self) -> bool:
        """Whether the sender must wait: a line holds little, and a terminal's buffer some kilobytes."""
        return sum(len(piece) for _, piece in self._pieces) > 4096


def main(rate: float, delay: float, command: list[str]) -> int:
    """Runs the command. Out: its exit code."""
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
    pid, line = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    fcntl.ioctl(line, termios.TIOCSWINSZ, size)
    tty.setraw(0)
    there, back = Queue(rate, delay), Queue(rate, delay)
    is_open = True
    while is_open or back.wait is not None:
        waits = [each for each in (there.wait, back.wait) if each is not None]
        watched = ([0, line] if not back.is_full else [0]) if is_open else []
        ready, _, _ = select.select(watched, [], [], min(waits, default=1.0))
        if 0 in ready:
            there.put(os.read(0, 4096))
        if line in ready:
            data = b""
            with contextlib.suppress(OSError):  # the command has ended
                data = os.read(line, 4096)
            is_open = bool(data)
            back.put(data)
        if arrived := there.take():
            with contextlib.suppress(OSError):
                os.write(line, arrived)
        if arrived := back.take():
            os.write(1, arrived)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
