"""Files and folders that were not there before: 0600 and 0700, whole or not at all, never over or through another."""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from diagnostics.text import clean
from recovery.files import failed, sync_folder
from recovery.model import RecoveryError


def write_new_file(path: Path, content: bytes) -> None:
    """Writes a file of the owner's alone.

    Raises:
        RecoveryError: something has that name already, or it can't be written; nothing is left behind then.
    """
    temporary: Path | None = None
    try:
        _refuse(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _name(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        raise _there(path) from None
    except (OSError, ValueError) as error:
        raise _failed(path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def write_new_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Writes a folder of the owner's alone with these files. In: their plain names.

    Raises:
        RecoveryError: something has that name already, or it can't be written; nothing is left behind then.
    """
    try:
        _refuse(path)
        path.mkdir(mode=0o700)
    except FileExistsError:
        raise _there(path) from None
    except (OSError, ValueError) as error:
        raise _failed(path, error) from error
    try:
        for name, content in files.items():
            write_new_file(path / name, content)
    except RecoveryError:
        for name in files:
            with contextlib.suppress(OSError, ValueError):
                (path / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.rmdir()
        raise


def make_folder(path: Path) -> None:
    """A folder of the owner's alone, with those above it.

    Raises:
        RecoveryError: it can't be made, or is none of this user's own.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        info = path.lstat()
    except OSError as error:
        raise failed("made", clean(str(path)), error) from error
    if not stat.S_ISDIR(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != os.getuid()):
        raise RecoveryError(f"{clean(str(path))} is no folder of yours: move it aside")


def _refuse(path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError


def _name(temporary: Path, path: Path) -> None:
    """Gives it its name, unless something came to have that name meanwhile."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in {
            errno.EPERM,
            errno.ENOTSUP,
            errno.EOPNOTSUPP,
            errno.ENOSYS,
            errno.EMLINK,
            errno.EACCES,
        }:
            raise
        _refuse(path)  # a file system without hard links: the best that can be had there
        temporary.rename(path)


def _there(path: Path) -> RecoveryError:
    return RecoveryError(f"{clean(str(path))} is there already, and is left as it is")


def _failed(path: Path, error: Exception) -> RecoveryError:
    if isinstance(error, OSError):
        return failed("written", clean(str(path)), error)
    return RecoveryError(f"{clean(str(path))} can't be written: no file can have that name")
