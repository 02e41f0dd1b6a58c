"""The trail's file: found or made, its end read, a line added whole and to the disk, all of it read back."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recovery.trail.record import START, Record, number_of, parsed

_TAIL = 1 << 16
LINE_LIMIT = 1 << 15
"""Bytes. A record is far shorter; the tail that is read to find the last one holds at least one."""

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_AS_IT_IS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Waits for nobody, and on Windows changes no line break."""


class ForeignFileError(Exception):
    """What stands in the trail's place is not a file of this user."""


@dataclass(frozen=True, slots=True)
class End:
    """How the trail ends."""

    size: int
    last: Record | None
    """The newest whole record."""
    torn: int
    """Bytes of a torn line after it."""
    broken_off: bool
    """Whether the last line lacks its line break."""

    @property
    def hash(self) -> str:
        """What the next record names as the one before."""
        return str(self.last["hash"]) if self.last is not None else START


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """The file, made 0600 (and its name put to the disk) where there is none; a link is not followed.

    Raises:
        ForeignFileError: it is no plain file of this user.
        OSError: it can't be opened.
    """
    flags = os.O_RDWR | os.O_APPEND | _NO_LINK | _AS_IT_IS
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        handle = os.open(path, flags | os.O_CREAT, 0o600)
        sync_folder(path.parent)
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != os.getuid()):
            raise ForeignFileError(f"{path} is not a file of this user: move it aside")
        yield handle
    finally:
        os.close(handle)


def end_of(handle: int) -> End:
    """Reads the end of the file."""
    size = os.fstat(handle).st_size
    start = max(0, size - _TAIL)
    tail = os.pread(handle, size - start, start) if hasattr(os, "pread") else _seek_read(handle, start, size)
    whole, _, rest = tail.rpartition(b"\n")
    last = parsed(rest)
    if last is not None:
        return End(size, last, 0, broken_off=True)
    for line in reversed(whole.split(b"\n")):
        record = parsed(line)
        if record is not None:
            return End(size, record, len(rest), broken_off=bool(rest))
    return End(size, None, len(rest), broken_off=bool(rest))


def count_of(path: Path, end: End) -> int:
    """The newest record's number; in a trail of the first version the lines are counted."""
    if end.last is None:
        return 0
    number = number_of(end.last)
    if number is not None:
        return number
    return sum(parsed(line) is not None for line in content_of(path).split(b"\n"))


def add(handle: int, end: End, line: bytes) -> None:
    """Adds a line, to the disk, or leaves the file as it was. Raises OSError."""
    try:
        if os.write(handle, line) != len(line):
            raise OSError(28, "no space left on the device")
        os.fsync(handle)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, end.size)
        raise


def content_of(path: Path) -> bytes:
    """The whole file, b"" where there is none.

    Raises:
        ForeignFileError: it is a pipe or the like, which would keep us waiting for ever.
        OSError: it can't be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _AS_IT_IS)
    except FileNotFoundError:
        return b""
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ForeignFileError(f"{path} is not a file: move it aside")
        return file.read()


def small_file(path: Path, most: int) -> tuple[bytes, int] | None:
    """At most so many bytes of a file, and its owner's uid; a link is not followed. None where there is none.

    Raises:
        ForeignFileError: it is no plain file.
        OSError: it can't be read.
    """
    flags = os.O_RDONLY | _NO_LINK | _AS_IT_IS
    try:
        handle = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:  # a link; a socket
            raise ForeignFileError(f"{path} is not a file ({error.strerror})") from error
        raise
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise ForeignFileError(f"{path} is not a file")
        return os.read(handle, most), info.st_uid
    finally:
        os.close(handle)


def _seek_read(handle: int, start: int, end: int) -> bytes:
    os.lseek(handle, start, os.SEEK_SET)
    return os.read(handle, end - start)


def sync_folder(folder: Path) -> None:
    """Makes a new name in a folder last through a power cut; not every file system can."""
    with contextlib.suppress(OSError), _opened(folder) as handle:
        os.fsync(handle)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
