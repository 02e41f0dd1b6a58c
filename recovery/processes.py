"""Ending and continuing processes of this user, never another one that took over the number meanwhile."""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from recovery.model import RecoveryError, UnavailableError

_WAIT = 5.0
_ELSEWHERE = "ending processes is only possible on Linux"


class LocalProcesses:
    """Processes by id. Each deed first holds on to the process and makes sure what it is."""

    def __init__(self, uid: int) -> None:
        self._uid = uid

    def is_running(self, pid: int, program: str) -> bool:
        """See `recovery.world.Processes`."""
        try:
            with self._held(pid, program):
                return True
        except RecoveryError:
            return False

    def end(self, pid: int, program: str, *, force: bool = False) -> None:
        """See `recovery.world.Processes`. Raises RecoveryError where it is something else or stays."""
        if sys.platform != "linux":
            raise RecoveryError(_ELSEWHERE)
        with self._held(pid, program) as handle:
            self._signal(handle, signal.SIGKILL if force else signal.SIGTERM, pid, program)
            self._signal(handle, signal.SIGCONT, pid, program)  # a stopped one would hear of it only later
            if not _gone(handle, _WAIT):
                raise UnavailableError(f"{program} (process {pid}) did not end within {_WAIT:g} s")

    def resume(self, pid: int, program: str) -> None:
        """See `recovery.world.Processes`."""
        if sys.platform != "linux":
            raise RecoveryError(_ELSEWHERE)
        with self._held(pid, program) as handle:
            self._signal(handle, signal.SIGCONT, pid, program)

    @staticmethod
    def _signal(handle: int, number: signal.Signals, pid: int, program: str) -> None:
        if sys.platform != "linux":
            return
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return
        except OSError as error:
            raise RecoveryError(f"{program} (process {pid}) can't be reached: {error.strerror}") from error

    @contextlib.contextmanager
    def _held(self, pid: int, program: str) -> Iterator[int]:
        """A handle that goes on meaning this very process; what it is is read while it is held."""
        if not hasattr(os, "pidfd_open"):
            raise RecoveryError(_ELSEWHERE)
        if pid <= 1 or pid == os.getpid():
            raise RecoveryError(f"process {pid} is not {program}")
        try:
            handle = os.pidfd_open(pid)
        except OSError as error:
            raise RecoveryError(f"{program} (process {pid}) is no longer there") from error
        try:
            self._make_sure(pid, program)
            yield handle
        finally:
            os.close(handle)

    def _make_sure(self, pid: int, program: str) -> None:
        folder = Path(f"/proc/{pid}")
        try:
            owner = folder.stat().st_uid
            name = (folder / "exe").readlink().name.removesuffix(" (deleted)")
        except OSError:
            # A program with file capabilities (gnome-keyring-daemon) hides its exe even from its own user.
            try:
                owner = int(_status(folder).get("Uid", "-1").split()[0])
                name = (folder / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
                name = name.rpartition("/")[2]
            except (OSError, ValueError) as error:
                raise RecoveryError(f"{program} (process {pid}) is no longer there") from error
        if name != program:
            raise RecoveryError(f"process {pid} is no longer {program}: look again")
        if owner != self._uid:
            uid = _status(folder).get("Uid", "").split()
            if not uid or uid[0] != str(self._uid):
                raise RecoveryError(f"{program} (process {pid}) belongs to another user")


def _status(folder: Path) -> dict[str, str]:
    try:
        text = (folder / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def _gone(handle: int, seconds: float) -> bool:
    if sys.platform == "win32":
        return False
    until = time.monotonic() + seconds
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    while (left := until - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            return True
    return False
