"""File locks between processes, with a deadline; a dead holder's lock is gone with it."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_FAR = 0x7FFF_FFF0
"""A place in the file that is never written."""


class LockError(Exception):
    """Someone else holds the lock."""


@contextlib.contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Holds the lock file `path` (created 0600) during the block.

    Raises:
        LockError: it was not free within `seconds`.
        OSError: the file can't be opened.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        until = time.monotonic() + seconds
        while not _try(handle):
            if time.monotonic() >= until:
                raise LockError(f"{path} is still locked after {seconds:g} s")
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether someone holds the lock now; False where there is no such file."""
    try:
        handle = os.open(path, _LOOK)
    except OSError:
        return False
    try:
        return not _try(handle)
    finally:
        os.close(handle)


if sys.platform == "win32":
    _LOOK = os.O_RDWR

    def _try(handle: int) -> bool:
        import msvcrt

        try:
            os.lseek(handle, _FAR, os.SEEK_SET)  # what is locked there nobody can read
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    _LOOK = os.O_RDONLY | os.O_NONBLOCK

    def _try(handle: int) -> bool:
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
