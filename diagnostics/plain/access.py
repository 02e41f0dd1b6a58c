"""Who besides the owner can read a file or change it, and whether it is copied elsewhere."""

import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from diagnostics.deadline import DeadlineError, on_disk

_PATIENCE = 2.0
"""Seconds: a dead network mount blocks for ever."""
_SYNCED = {
    "dropbox": "Dropbox", "google drive": "Google Drive", "googledrive": "Google Drive", "my drive": "Google Drive",
    "icloud drive": "iCloud Drive", "icloud": "iCloud Drive", "iclouddrive": "iCloud Drive", "nextcloud": "Nextcloud",
    "owncloud": "ownCloud", "pclouddrive": "pCloud", "pcloud drive": "pCloud", "mega": "MEGA", "megasync": "MEGA",
    "syncthing": "Syncthing", "mobile documents": "iCloud Drive", "com~apple~clouddocs": "iCloud Drive", "box sync": "Box",
    "yandex.disk": "Yandex Disk", "seafile": "Seafile", "proton drive": "Proton Drive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Access:
    """What other users may do with a file."""

    mode: int
    """Permission bits of the file that the path leads to."""
    readers: str
    """`all users`, `the group NAME`, or "" for nobody else."""
    writers: str
    """The same for changing it, or the folder that it stands in."""
    folder: Path | None = None
    """The folder that others can write to, where it is that."""


def access_of(path: Path, user: str) -> Access | None:
    """What others may do with a file, None where that can't be told. In: the path, and the user's name."""
    try:
        return on_disk(lambda: _access(path, user), _PATIENCE)
    except (OSError, DeadlineError, RuntimeError):
        return None


def synced_by(path: Path) -> str:
    """The service that copies this file to other places, told by the folders' names; "" for none."""
    for part in path.parts[:-1]:
        name = part.casefold()
        if name.startswith("onedrive"):
            return "OneDrive"
        if name.startswith("dropbox ("):
            return "Dropbox"
        if name in _SYNCED:
            return _SYNCED[name]
    return ""


def _access(path: Path, user: str) -> Access:
    real = path.resolve(strict=True)
    status = real.stat()
    folder = real.parent.stat()
    folders = [each.stat() for each in real.parents]
    mode = stat.S_IMODE(status.st_mode)
    others_in = all(each.st_mode & stat.S_IXOTH for each in folders)
    group = _shared_group(status.st_gid, user)
    group_in = all(
        each.st_mode & (stat.S_IXGRP if each.st_gid == status.st_gid else stat.S_IXOTH) for each in folders
    )
    readers = _who(mode, stat.S_IROTH, stat.S_IRGRP, others_in, group if group_in else "")
    writers = _who(mode, stat.S_IWOTH, stat.S_IWGRP, others_in, group if group_in else "")
    open_folder = None
    if not writers and not folder.st_mode & stat.S_ISVTX:
        writers = _who(
            folder.st_mode, stat.S_IWOTH, stat.S_IWGRP, others_in, _shared_group(folder.st_gid, user)
        )
        open_folder = real.parent if writers else None
    return Access(mode, readers, writers, open_folder)


def _who(mode: int, others: int, group_bit: int, others_in: bool, group: str) -> str:
    if mode & others and others_in:
        return "all users"
    return f"the group {group}" if mode & group_bit and group else ""


def _shared_group(gid: int, user: str) -> str:
    """The group's name, "" where it is the user's own, or only administrators are in it."""
    if sys.platform == "win32":
        return ""
    import grp

    try:
        entry = grp.getgrgid(gid)
    except KeyError:
        return ""
    members = set(entry.gr_mem) - {user}
    own = entry.gr_name == user or gid == 0 or entry.gr_name in {"root", "wheel", "admin"}
    return "" if own or (not members and not _is_primary_of_many(entry.gr_name)) else entry.gr_name


def _is_primary_of_many(name: str) -> bool:
    """Whether every user of the system is in it without being listed."""
    return name in {"users", "staff"}
