"""Exchanging the content of a config that other programs read and write: whole, or not at all."""

import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.configs.content import LARGEST, Content, decoded
from diagnostics.deadline import DISK_SECONDS, DeadlineError, on_disk
from diagnostics.model import Problem
from diagnostics.regular_file import NotRegularError, open_regular
from diagnostics.text import clean
from recovery.files import failed, sync_folder
from recovery.model import RecoveryError, UnavailableError
from recovery.replacing import put_in_place

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Look:
    """A config as it was when it was looked at."""

    path: str
    """The file itself, links followed."""
    raw: bytes = field(repr=False)
    mode: int
    group: int

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    def text(self) -> str:
        """The content without a byte order mark. Raises RecoveryError where it is no UTF-8."""
        found = decoded(self.raw, self.mode)
        if isinstance(found, Problem):
            raise RecoveryError(f"{clean(self.path)} is not written in UTF-8, so it is not edited")
        content: Content = found
        return content.text

    def with_text(self, text: str) -> bytes:
        """The content with another text, a byte order mark kept."""
        return (_BOM if self.raw.startswith(_BOM) else b"") + text.encode("utf-8")


def look(path: str, uid: int) -> Look:
    """Reads a config that is to be changed.

    Raises:
        RecoveryError: it is not there, not this user's, not writable, or no plain file.
    """
    try:
        return on_disk(lambda: _look(path, uid), DISK_SECONDS)
    except DeadlineError as error:
        raise UnavailableError(f"{clean(path)} does not answer: its disk may be away") from error


def _look(path: str, uid: int) -> Look:
    real = os.path.realpath(path)
    try:
        with open_regular(real) as file:
            info = os.fstat(file.fileno())
            raw = file.read(LARGEST + 1)
    except NotRegularError as error:
        raise RecoveryError(f"{clean(real)} is no plain file, so it is not edited") from error
    except OSError as error:
        raise failed("read", clean(real), error) from error
    if len(raw) > LARGEST:
        raise RecoveryError(f"{clean(real)} is too large to be edited")
    if os.name == "posix" and info.st_uid != uid:
        raise RecoveryError(f"{clean(real)} belongs to another user: only they can change it")
    if not info.st_mode & stat.S_IWUSR:
        raise RecoveryError(f"{clean(real)} is read-only: make it writable first, then try again")
    if info.st_nlink > 1:
        raise RecoveryError(
            f"{clean(real)} has a second name (a hard link), which would keep the old content"
        )
    return Look(real, raw, stat.S_IMODE(info.st_mode), info.st_gid)


def exchange(before: Look, new: bytes, mark: str, uid: int) -> None:
    """Puts new content in the place of what was looked at, with the same mode and group, and to the disk.

    In: `mark` tells this writing from others; what one that was killed left behind under it is taken away.

    Raises:
        RecoveryError: the file was changed since, or can't be written; it is as it was.
    """
    target = Path(before.path)
    temporary = temporary_of(before.path, mark)
    clear(before.path, mark)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(new)
            file.flush()
            if hasattr(os, "fchown"):
                with contextlib.suppress(OSError):  # a group that this user is not in can't be given
                    os.fchown(file.fileno(), -1, before.group)
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), before.mode)
            os.fsync(file.fileno())
        if look(before.path, uid).raw != before.raw:
            raise UnavailableError(f"{clean(before.path)} was changed by another program just now: try again")
        put_in_place(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise failed("written", clean(before.path), error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def temporary_of(path: str, mark: str) -> Path:
    """The file in the same folder that new content is written to first."""
    target = Path(path)
    return target.with_name(f".{target.name[:100]}.{mark}")


def clear(path: str, mark: str) -> None:
    """Takes away what a killed writer left behind."""
    with contextlib.suppress(OSError):
        temporary_of(path, mark).unlink()
