"""Finds, lists, opens and verifies backups."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from diagnostics.backups import backups_in, folder_of
from diagnostics.host import Host
from diagnostics.text import clean
from recovery.backups.age import decrypt
from recovery.backups.content import Backup, read
from recovery.backups.error import BackupError, Reason
from recovery.backups.file import read_file
from recovery.backups.header import Header, header_of, unarmored
from recovery.backups.key import Key


@dataclass(frozen=True, slots=True)
class Listed:
    """A backup's file, as it looks without its key."""

    path: Path
    made: datetime
    """UTC; by its name, else the time of its last change."""
    size: int
    """Bytes."""
    header: Header | None
    trouble: str = ""
    """Why it can't be one, "" = it looks whole."""

    @property
    def how(self) -> str:
        """How it is encrypted, for people."""
        return self.header.words if self.header else f"not usable: {self.trouble}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup's content, and which file it was."""

    path: Path
    sha256: str
    """Of the file."""
    backup: Backup


def listed(host: Host, folder: Path | None = None) -> list[Listed]:
    """The backups of the user's folder (or another), newest first.

    Raises:
        BackupError: UNREADABLE, the folder can't be read.
    """
    where = folder or folder_of(host)
    try:
        return [_look_at(*each) for each in backups_in(where)]
    except OSError as error:
        raise BackupError(
            Reason.UNREADABLE, f"the folder {clean(str(where))} can't be read ({error.strerror})"
        ) from None


def find(host: Host, named: str | None) -> Path:
    """The file that is meant: a path, the name of one in the user's folder, or (None) the newest.

    Raises:
        BackupError: UNREADABLE, there is none.
    """
    if named is None:
        found = listed(host)
        if not found:
            raise BackupError(
                Reason.UNREADABLE,
                f"there is no backup in {clean(str(folder_of(host)))}: name its file, or make one with "
                "`mcp-doctor backup create`",
            )
        return found[0].path
    path = Path(named).expanduser()
    inside = folder_of(host) / named
    return inside if path.name == named and not path.exists() and inside.exists() else path


def look(path: Path) -> Header:
    """How a backup is encrypted, and thereby what must be asked for.

    Raises:
        BackupError: it can't be read, or is none.
    """
    return header_of(unarmored(read_file(path)))


def open_backup(path: Path, key: Key, host: Host) -> Opened:
    """Decrypts a backup and looks at every entry's digest.

    Raises:
        BackupError: the reason says what is wrong.
    """
    sealed = read_file(path)
    backup = read(decrypt(sealed, key, host))
    return Opened(path, hashlib.sha256(sealed).hexdigest(), backup)


def _look_at(path: Path, made: datetime, size: int) -> Listed:
    try:
        return Listed(path, made, size, look(path))
    except BackupError as error:
        return Listed(path, made, size, None, str(error))
