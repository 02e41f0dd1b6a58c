"""A config file's bytes as text: bounded in size and time, never blocked by what only looks like a file."""

import os
import stat
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from diagnostics.deadline import DISK_SECONDS, DeadlineError, on_disk
from diagnostics.model import Problem

LARGEST = 10_000_000
"""Bytes. Claude Code's own file grows to a few MB; nothing real is near this."""


_PATIENCE = DISK_SECONDS


@dataclass(frozen=True, slots=True)
class Content:
    """A file as text."""

    text: str
    has_bom: bool
    mode: int
    """Permission bits."""


def read_text(path: Path) -> Content | Problem:
    """The file's text, or what keeps it from being read.

    Raises:
        FileNotFoundError: there is no such file (that is no problem of a config).
    """
    try:
        raw, mode = on_disk(lambda: _read(path), _PATIENCE)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(str(path)) from None
    except DeadlineError as error:
        return Problem("slow", "config_unreadable", f"{error.seconds:g}")
    except _NotAFileError as error:
        return Problem("not-a-file", "config_unreadable", str(error))
    except PermissionError:
        return Problem("permission-denied", "file_permission_denied", _owner(path))
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Problem("unreadable", "config_unreadable", said)
    if len(raw) > LARGEST:
        return Problem("too-large", "config_unreadable", f"{LARGEST // 1_000_000}")
    return decoded(raw, mode)


def present(paths: Iterable[Path]) -> Container[Path]:
    """Those of the paths at which something stands, be it a broken link; all of them where a disk does not answer.

    One look at each, within one time limit: most of what is asked for is absent.
    """
    asked = list(dict.fromkeys(paths))
    try:
        return on_disk(lambda: {each for each in asked if _is_there(each)}, _PATIENCE)
    except DeadlineError:
        return set(asked)


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except PermissionError:
        return True  # what the client can't see either is worth a finding
    except (OSError, ValueError):
        return False
    return True


class _NotAFileError(Exception):
    """A directory, pipe, socket or device stands where a file should."""


def _read(path: Path) -> tuple[bytes, int]:
    # Non-blocking, so that opening a pipe nobody writes to returns at once.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    if stat.S_ISDIR(path.stat().st_mode):
        raise _NotAFileError("directory")
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _NotAFileError(_kind(status.st_mode))
        parts, size = [], 0
        while size <= LARGEST and (part := os.read(descriptor, min(1 << 20, LARGEST + 1 - size))):
            parts.append(part)
            size += len(part)
        return b"".join(parts), stat.S_IMODE(status.st_mode)
    finally:
        os.close(descriptor)


def _kind(mode: int) -> str:
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "device"
    return "named pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "special file"


def _owner(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "a folder above it is closed to you"
    return f"owner uid {status.st_uid}, mode {stat.S_IMODE(status.st_mode):04o}"


def decoded(raw: bytes, mode: int) -> Content | Problem:
    """Bytes as a config's text, or what is wrong with their encoding. In: with the permission bits to note."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_like_utf16(raw):
        return Problem("utf-16", "config_bad_encoding", "UTF-16", 1, 1)
    has_bom = raw.startswith(b"\xef\xbb\xbf")
    body = raw[3:] if has_bom else raw
    if b"\0" in body:
        return Problem("binary", "config_bad_encoding", "", *_place(body, body.index(b"\0")))
    try:
        return Content(body.decode("utf-8"), has_bom, mode)
    except UnicodeDecodeError as error:
        return Problem("not-utf-8", "config_bad_encoding", "", *_place(body, error.start))


def _looks_like_utf16(raw: bytes) -> bool:
    head = raw[:200]
    return len(head) >= 4 and (not any(head[1::2]) or not any(head[0::2])) and any(head)


def _place(raw: bytes, offset: int) -> tuple[int, int]:
    before = raw.rfind(b"\n", 0, offset)
    return raw.count(b"\n", 0, offset) + 1, offset - before
