"""Changes to single files that either happen as a whole or not at all."""

import contextlib
import glob
import os
import stat
import tempfile
from pathlib import Path

from recovery.model import RecoveryError, UnavailableError
from recovery.replacing import put_in_place

_NEW = ".new-"
"""Stands in the name of a file that is being written, between the name that it gets and what is random."""


class LocalFiles:
    """Files and folders of this user; links are never followed, nothing is ever replaced by a rename."""

    def __init__(self, uid: int) -> None:
        self._uid = uid

    def mode(self, path: str) -> int | None:
        """See `recovery.world.Files`."""
        try:
            info = Path(path).lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise failed("looked at", path, error) from error
        return None if stat.S_ISLNK(info.st_mode) else stat.S_IMODE(info.st_mode)

    def chmod(self, path: str, mode: int) -> None:
        """See `recovery.world.Files`."""
        try:
            info = Path(path).lstat()
            if stat.S_ISLNK(info.st_mode):
                raise RecoveryError(f"{path} is a link: change what it leads to yourself")
            if info.st_uid != self._uid:
                raise RecoveryError(f"{path} belongs to another user: only they or root can change it")
            if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
                raise RecoveryError(f"{path} is neither a file nor a folder")
            Path(path).chmod(mode)
        except OSError as error:
            raise failed("changed", path, error) from error

    def rename(self, old: str, new: str) -> None:
        """See `recovery.world.Files`."""
        try:
            if os.path.lexists(new):
                raise RecoveryError(f"{new} is there already: move it aside first")
            Path(old).rename(new)
            sync_folder(Path(new).parent)
        except OSError as error:
            raise failed("renamed", old, error) from error

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        """See `recovery.world.Files`."""
        target = Path(path)
        handle, temporary = -1, ""
        if _is_special(target):
            raise RecoveryError(f"{path} is no plain file: nothing is put in its place")
        try:
            handle, temporary = tempfile.mkstemp(prefix=f".{target.name}{_NEW}", dir=target.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                if hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            put_in_place(Path(temporary), target)
            temporary = ""
            sync_folder(target.parent)
        except OSError as error:
            raise failed("written", path, error) from error
        finally:
            if temporary:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()


def _is_special(path: Path) -> bool:
    """Whether a pipe, a device or a folder stands there, which a rename would take away from everybody."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode))


def sweep(path: Path) -> None:
    """Takes away what writers of this file that were killed have left. For whoever keeps other writers out."""
    for each in path.parent.glob(f".{glob.escape(path.name)}{_NEW}*"):
        with contextlib.suppress(OSError):
            each.unlink()


def sync_folder(folder: Path) -> None:
    """Makes a rename last through a power cut; not every file system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def failed(what: str, path: str, error: OSError) -> RecoveryError:
    """The trouble with a file in words. In: what can't be done with it, as in 'can't be written'."""
    return UnavailableError(f"{path} can't be {what}: {error.strerror or type(error).__name__}")
