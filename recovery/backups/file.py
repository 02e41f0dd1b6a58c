"""A backup's file: written as a whole or not at all, never over another, and read within bounds."""

import contextlib
import errno
import os
import secrets
import time
from pathlib import Path

from diagnostics.regular_file import NotRegularError, open_regular
from diagnostics.text import clean
from recovery.backups.age import LARGEST
from recovery.backups.error import BackupError, Reason
from recovery.files import sync_folder

_MOST = LARGEST + (LARGEST >> 1)
"""Bytes of a file; an armored one is a third larger than its content."""
_PART = ".part"
_STALE = 3600.0
"""Seconds after which a part that a killed process left is swept away. It is encrypted, as everything here."""


def write_new(path: Path, content: bytes) -> None:
    """Writes a file that was not there (0600) and everything about it to the disk; makes its folder (0700).

    Raises:
        BackupError: UNWRITABLE, with what the system said; nothing is left behind then. A file that is there stays.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_PART}")
    made = False
    try:
        _make_folder(path.parent)
        _sweep(path.parent)
        flags = (
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        )
        handle = os.open(part, flags, 0o600)
        made = True
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _name(part, path)
        made = os.path.lexists(part)
        sync_folder(path.parent)
    except FileExistsError:
        raise BackupError(
            Reason.UNWRITABLE, f"{clean(str(path))} is there already, and is left as it is"
        ) from None
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise BackupError(
            Reason.UNWRITABLE,
            f"{clean(str(path))} can't be written ({said}); nothing was left behind",
        ) from None
    finally:
        if made:
            with contextlib.suppress(OSError):
                part.unlink()


def read_file(path: Path) -> bytes:
    """The bytes of a backup's file.

    Raises:
        BackupError: UNREADABLE or TOO_LARGE.
    """
    shown = clean(str(path))
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > _MOST:
                raise BackupError(Reason.TOO_LARGE, f"{shown} is too large for a backup that mcp-doctor made")
            content = file.read(_MOST + 1)
    except NotRegularError:
        raise BackupError(Reason.UNREADABLE, f"{shown} is not a file") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "no usable path"
        raise BackupError(Reason.UNREADABLE, f"{shown} can't be read ({said})") from None
    if len(content) > _MOST:
        raise BackupError(Reason.TOO_LARGE, f"{shown} is too large for a backup that mcp-doctor made")
    return content


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _name(part: Path, path: Path) -> None:
    """Gives the part its name unless that is taken. Raises FileExistsError."""
    try:
        if os.link in os.supports_follow_symlinks:
            os.link(part, path, follow_symlinks=False)
        else:  # Windows has no such choice, and the part is no link
            os.link(part, path)
    except OSError as error:
        if error.errno == errno.EEXIST:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "there already") from None
        part.rename(path)  # a file system without hard links; on Windows it refuses a name that is taken


def _sweep(folder: Path) -> None:
    for each in folder.glob(f".*.age.*{_PART}"):
        with contextlib.suppress(OSError):
            if time.time() - each.lstat().st_mtime > _STALE:
                each.unlink()
