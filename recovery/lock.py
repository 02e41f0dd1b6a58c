"""File locks between processes, with a deadline; a dead holder's lock is gone with it."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path


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
        handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return not _try(handle)
    finally:
        os.close(handle)


if sys.platform == "win32":

    def _try(handle: int) -> bool:
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:

    def _try(handle: int) -> bool:
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
