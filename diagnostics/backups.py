"""Where this user's backups lie, and when the newest was made. Reads names and times only."""

import re
import stat
from datetime import UTC, datetime
from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Platform

SUFFIX = ".age"
_NAME = re.compile(r"mcp-secrets-(\d{8}T\d{6})Z(?:-\d+)?\.age")


def folder_of(host: Host) -> Path:
    """The folder that backups go to unless the person names another: the user's data folder."""
    if host.platform is Platform.WINDOWS:
        return Path(host.env.get("LOCALAPPDATA") or host.home / "AppData/Local") / "mcp-doctor" / "backups"
    if host.platform is Platform.MACOS:
        return host.home / "Library/Application Support/mcp-doctor/backups"
    return host.data_home / "mcp-doctor" / "backups"


def name_at(moment: datetime, number: int = 1) -> str:
    """A backup's file name. In: when it is made; `number` from 2 on for another one of the same second."""
    again = f"-{number}" if number > 1 else ""
    return f"mcp-secrets-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}{again}{SUFFIX}"


def moment_of(path: Path, modified: float) -> datetime:
    """When a backup was made: by its name, else by the time of the file's last change (seconds)."""
    told = _NAME.fullmatch(path.name)
    if told:
        try:
            return datetime.strptime(told[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            pass
    try:
        return datetime.fromtimestamp(modified, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def backups_in(folder: Path) -> list[tuple[Path, datetime, int]]:
    """The backups of a folder with time and size in bytes, newest first; [] where there is no such folder.

    Raises:
        OSError: the folder is there and can't be read.
    """
    found: list[tuple[Path, datetime, int]] = []
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return []
    for path in paths:
        if path.suffix != SUFFIX or path.name.startswith("."):
            continue
        try:
            info = path.stat()
        except OSError:
            continue
        if stat.S_ISREG(info.st_mode):
            found.append((path, moment_of(path, info.st_mtime), info.st_size))
    return sorted(found, key=lambda each: (each[1], each[0].name), reverse=True)
