"""A server's process while it is being asked: bounded memory, an end in bounded time, nothing left behind."""

import atexit
import contextlib
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from diagnostics.child_group import ChildGroup, of_its_own
from diagnostics.servers.resolve import Launch

LONGEST_LINE = 8 * 1024 * 1024
"""Bytes. A list of many tools with their schemas is one line of some 100 KB."""
MOST_NOISE = 64 * 1024 * 1024
"""Bytes of stdout after which reading ends: no server says that much before its first answers."""
_TAIL = 64 * 1024
_HEAD = 16 * 1024
_CHUNK = 64 * 1024
_MARK = "MCP_DOCTOR_START"
"""A variable with a random value in the child's environment: what still carries it afterwards is a leftover."""

_living: set["ServerProcess"] = set()


class ServerProcess:
    """One started server. Use as a context manager: leaving it ends the process, its group and what left the group.

    Raises (on creation):
        OSError: it could not be started.
    """

    def __init__(self, launch: Launch) -> None:
        self._mark = secrets.token_hex(16)
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=256)
        self._errors = _Ends()
        self.endless = False
        """A line grew beyond `LONGEST_LINE`, or stdout beyond `MOST_NOISE`; what followed was not read."""
        self.broken_input = False
        """The server has closed its stdin."""
        self._ended = threading.Event()
        self._child = subprocess.Popen(
            [launch.command, *launch.args],
            env={**launch.env, _MARK: self._mark},
            cwd=launch.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **of_its_own(),
        )
        self._group = ChildGroup(self._child)
        self._stdin: IO[bytes] = self._child.stdin  # type: ignore[assignment]  # they are pipes, so never None
        self._stdout: IO[bytes] = self._child.stdout  # type: ignore[assignment]
        self._stderr: IO[bytes] = self._child.stderr  # type: ignore[assignment]
        _living.add(self)
        self._readers = [
            threading.Thread(target=self._read_output, daemon=True, name="server-stdout"),
            threading.Thread(target=self._read_errors, daemon=True, name="server-stderr"),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """The process id; also its group's."""
        return int(self._child.pid)

    def send(self, raw: bytes) -> None:
        """Writes to the server's stdin. A server that has closed it is no error here: `broken_input` tells.

        Small messages only: they fit into the pipe, so a server that never reads can't block us.
        """
        try:
            self._stdin.write(raw)
        except (OSError, ValueError):
            self.broken_input = True

    def lines(self, until: float) -> Iterator[bytes]:
        """Lines of stdout as they come, until `until` (monotonic seconds) or the end of the output."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                return
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                return
            if line is None:
                self._lines.put(None)
                return
            yield line

    def exit_code(self, within: float = 0.0) -> int | None:
        """The exit code (negative = the signal that ended it), None while it runs.

        The process is only looked at, not reaped: until `_kill` its id, which is the group's too, stays its own.
        """
        ends = time.monotonic() + within
        while True:
            code = self._code()
            if code is not None or time.monotonic() >= ends:
                return code
            time.sleep(0.01)

    def _code(self) -> int | None:
        if sys.platform == "win32" or not hasattr(os, "waitid") or self._child.returncode is not None:
            return self._child.poll()
        try:
            seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return self._child.poll()
        if seen is None:
            return None
        status = int(seen.si_status)
        return status if seen.si_code == os.CLD_EXITED else -status

    def errors(self) -> str:
        """What the server wrote to stderr: the beginning and the end of it. Raw: clean and scrub before showing."""
        return self._errors.text()

    def wait_for_errors(self, seconds: float) -> None:
        """Gives the reader of stderr time to reach the end, after the process has ended."""
        self._readers[1].join(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(patience=1.5 if kind is None else 0.2)

    def end(self, patience: float = 0.2) -> None:
        """Closes stdin, waits, sends SIGTERM, waits, sends SIGKILL; then whatever else carries the mark. Idempotent.

        Takes at most `patience` + about 1.5 seconds.
        """
        if self not in _living:
            return
        self._ended.set()
        try:
            with contextlib.suppress(OSError):
                self._stdin.close()
            if self.exit_code(patience) is None:
                self._group.end(hard=False)
                self.exit_code(min(patience, 1.0))
        finally:
            self._kill()

    def _kill(self) -> None:
        """The hard end. Also the group of a server that has already ended: its children may still be there."""
        self._group.end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(1.0)
        for _ in range(5):  # a process that forks while we look is found on the next look
            strays = processes_with(f"{_MARK}={self._mark}")
            if not strays:
                break
            for pid in strays:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            time.sleep(0.01)
        with contextlib.suppress(queue.Empty):  # room, so that a reader that waits to put can see the end
            while True:
                self._lines.get_nowait()
        for reader in self._readers:
            reader.join(0.5)
        if not any(each.is_alive() for each in self._readers):
            self._stdout.close()
            self._stderr.close()
        _living.discard(self)

    def _read_errors(self) -> None:
        for chunk in _chunks(self._stderr.fileno()):
            self._errors.add(chunk)

    def _read_output(self) -> None:
        """Splits stdout into lines. An endless line or flood stops the reading; the pipe then blocks the server."""
        waiting = bytearray()
        total = 0
        for chunk in _chunks(self._stdout.fileno()):
            total += len(chunk)
            *whole, rest = chunk.split(b"\n")
            for part in whole:
                waiting += part
                self._put(bytes(waiting[:LONGEST_LINE]))
                waiting.clear()
            waiting += rest
            if len(waiting) > LONGEST_LINE or total > MOST_NOISE:
                self.endless = True
                break
            if self._ended.is_set():
                break
        if waiting:
            self._put(bytes(waiting[:LONGEST_LINE]))
        self._put(None)

    def _put(self, line: bytes | None) -> None:
        while not self._ended.is_set():
            try:
                self._lines.put(line, timeout=0.1)
                return
            except queue.Full:
                continue


class _Ends:
    """The first and the last bytes of a stream, however long it is."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = False
        self._lock = threading.Lock()

    def add(self, chunk: bytes) -> None:
        with self._lock:
            room = _HEAD - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[max(0, room) :]
            if len(self._tail) > _TAIL:
                self._cut = True
                del self._tail[:-_TAIL]

    def text(self) -> str:
        """Whole lines only where something was left out: half a secret would not be recognised as one."""
        with self._lock:
            head, tail = bytes(self._head), bytes(self._tail)
            cut = self._cut
        if cut:
            head = head[: head.rfind(b"\n") + 1]
            tail = tail[tail.find(b"\n") + 1 :] if b"\n" in tail else b""
        return (head + tail).decode("utf-8", "replace")


def _chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except OSError:
            return
        if not chunk:
            return
        yield chunk


def processes_with(variable: str) -> list[int]:
    """Pids of our processes whose environment holds this `NAME=value`. Linux only; elsewhere none is known."""
    sign = variable.encode()
    found = []
    with contextlib.suppress(OSError):
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if sign in (folder / "environ").read_bytes().split(b"\0"):
                        found.append(int(folder.name))
    return found


def end_all() -> None:
    """Ends every server that is still being asked: when the doctor itself ends in the middle."""
    for process in list(_living):
        process.end(patience=0.0)


atexit.register(end_all)
