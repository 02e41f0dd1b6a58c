"""Itself: the folders that it writes to. Told by asking the system what would be allowed; nothing is written."""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.check import Verdict, fail, ok, unknown, warn
from diagnostics.context import Context
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.itself import about_itself
from diagnostics.model import Platform, Stage, Store
from diagnostics.stores.choice import settings_path

_TOO_LITTLE = 1 << 20
_LITTLE = 32 << 20
_SHARED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "drvfs", "fuse.sshfs", "afs", "virtiofs"}
"""File systems over a network or from another system: locks and modes may mean little there."""
_OF = {
    "state": "the audit trail and the records of failed starts",
    "data": "the trail's key, the backups and the encrypted store",
    "settings": "the doctor's settings",
}


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """One folder, or where it would be made."""

    role: str
    """`state`, `data` or `settings`."""
    path: str
    exists: bool = True
    is_folder: bool = True
    """Of what stands there, or of what stands where a folder above it belongs."""
    nearest: str = ""
    """The folder above it that exists, where it does not."""
    owner: int | None = None
    """None where the system has no such number."""
    uid: int | None = None
    mode: int | None = None
    """Permission bits, None where they mean nothing."""
    writable: bool = True
    """The system would let this process make files in it (or in the nearest)."""
    free: int | None = None
    """Bytes."""
    read_only: bool = False
    """The whole file system."""
    no_programs: bool = False
    """The file system starts no programs (noexec)."""
    file_system: str = ""
    trouble: str = ""
    """Why it could not be looked at."""


@about_itself(Stage.PERMISSION)
def folders(context: Context, _store: Store) -> Iterator[Verdict]:
    """Can mcp-doctor write where its records belong, and nobody else?"""
    return judge(look(context.host))


def look(host: Host) -> Sequence[FolderFacts]:
    """Looks at each of its folders; a disk that does not answer is waited for a few seconds."""
    places = {
        "state": host.state_dir,
        "data": host.data_home / "mcp-doctor",
        "settings": settings_path(host).parent,
    }
    found = []
    for role, path in places.items():
        try:
            found.append(on_disk(lambda role=role, path=path: _look_at(role, path, host)))  # type: ignore[misc]
        except (OSError, DeadlineError) as error:
            said = getattr(error, "strerror", None) or str(error)
            found.append(FolderFacts(role, str(path), trouble=said))
    return found


def judge(folders: Sequence[FolderFacts]) -> Iterator[Verdict]:
    """What is wrong with them, a verdict a trouble; one `ok` where nothing is."""
    sound = True
    for each in folders:
        for verdict in _of(each):
            sound = False
            yield verdict
    if sound:
        yield ok("sound", evidence=[_line(each) for each in folders])


def _of(one: FolderFacts) -> Iterator[Verdict]:
    told: dict[str, object] = {
        "folder": one.path,
        "nearest": one.nearest or one.path,
        "holds": _OF[one.role],
        "mode": "" if one.mode is None else f"{one.mode:04o}",
        "free": _size(one.free or 0),
        "file_system": one.file_system,
    }
    seen = (_line(one),)
    if one.trouble:
        trouble = f"{one.path}: {one.trouble}"
        yield unknown("no-look", "file_permission_denied", evidence=(trouble,), **told)
        return
    if not one.is_folder:
        yield fail("no-folder", "path_not_found", evidence=seen, **told)
        return
    if one.read_only:
        yield fail("read-only", "file_permission_denied", evidence=seen, **told)
    elif one.exists and one.owner is not None and one.owner != one.uid:
        yield fail("foreign", "file_permission_denied", evidence=seen, owner=one.owner, **told)
    elif not one.writable:
        if one.exists:
            yield fail("not-writable", "file_permission_denied", evidence=seen, **told)
        else:
            yield fail("not-makeable", "file_permission_denied", evidence=seen, **told)
    if one.free is not None and one.free < _LITTLE:
        if one.free < _TOO_LITTLE:
            yield fail("full", "disk_full", evidence=seen, **told)
        else:
            yield warn("nearly-full", "disk_full", evidence=seen, **told)
    if one.exists and one.mode is not None and one.role != "settings" and one.mode & 0o077:
        yield warn("open-to-others", "config_readable_by_others", evidence=seen, **told)
    if one.role == "settings" and one.exists and one.mode is not None and one.mode & 0o022:
        yield warn("settings-open", "config_writable_by_others", evidence=seen, **told)
    if one.file_system in _SHARED and one.role != "settings":
        yield warn("shared-disk", "file_permission_denied", evidence=seen, **told)


def _line(one: FolderFacts) -> str:
    parts = [f"{one.path}:"]
    parts.append(
        "made when it is needed" if not one.exists else "no folder" if not one.is_folder else "there"
    )
    if one.mode is not None:
        parts.append(f"mode {one.mode:04o}")
    if one.owner is not None:
        parts.append(f"owner {one.owner}")
    if one.free is not None:
        parts.append(f"{_size(one.free)} free")
    if one.file_system:
        parts.append(f"on {one.file_system}")
    parts += ["read-only"] if one.read_only else []
    parts += ["noexec"] if one.no_programs else []
    return parts[0] + " " + ", ".join(parts[1:])


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= size:
            return f"{count / size:.0f} {unit}"
    return f"{count} bytes"


def _look_at(role: str, path: Path, host: Host) -> FolderFacts:
    try:
        info: os.stat_result | None = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        info = None
    nearest = path
    while info is None and not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    posix = host.platform is not Platform.WINDOWS and os.name == "posix"
    there = info or nearest.stat()
    read_only = no_programs = False
    if hasattr(os, "statvfs"):
        flags = os.statvfs(nearest).f_flag
        read_only = bool(flags & getattr(os, "ST_RDONLY", 1))
        no_programs = bool(flags & getattr(os, "ST_NOEXEC", 0))
    return FolderFacts(
        role=role,
        path=str(path),
        exists=info is not None,
        is_folder=stat.S_ISDIR(there.st_mode),
        nearest="" if info is not None else str(nearest),
        owner=there.st_uid if posix and info is not None else None,
        uid=host.uid if posix else None,
        mode=stat.S_IMODE(there.st_mode) if posix and info is not None else None,
        writable=os.access(nearest, os.W_OK | os.X_OK),
        free=shutil.disk_usage(nearest).free,
        read_only=read_only,
        no_programs=no_programs,
        file_system=_file_system(nearest) if host.platform is Platform.LINUX else "",
    )


def _file_system(path: Path) -> str:
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return file_system(path.resolve(), lines)


def file_system(path: Path, mounts: Sequence[str]) -> str:
    """The kind of file system that a path lies on, "" where none fits. In: the lines of `/proc/mounts`."""
    best, kind = -1, ""
    for line in mounts:
        words = line.split(" ")
        if len(words) < 3:
            continue
        place = Path(words[1].replace(r"\040", " ").replace(r"\011", "\t").replace(r"\134", "\\"))
        if (path == place or place in path.parents) and len(place.parts) >= best:
            best, kind = len(place.parts), words[2]
    return kind
