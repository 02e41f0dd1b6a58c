"""The log files of a client on this host, newest first; bounded, however many there are."""

import fnmatch
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diagnostics.catalog.clients import Client
from diagnostics.configs.location import filled_in
from diagnostics.host import Host

MOST = 200
"""Files of one client that are looked at, the newest of each folder first."""
_FOLDERS = 60
"""Folders of one level that are opened, the newest."""
_ENTRIES = 5000
"""Names that are looked at in one call."""
_DEEPEST = 4
"""Folders that `**` stands for at most."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file that a client writes."""

    client: str
    path: Path
    modified: float
    """Seconds since the epoch."""
    size: int
    server: str | None
    """Whose it is, where the path tells: as the client spells it there."""


def log_files(client: Client, host: Host) -> list[LogFile]:
    """The log files of a client, newest first. Looks at names and times only; blocks on a dead disk."""
    search = _Search()
    found: dict[Path, LogFile] = {}
    for template in client.logs.paths.get(host.platform.value, ()):
        place = filled_in(template, host)
        if place is not None:
            for path, told in search.files(Path(place)):
                found[path] = LogFile(client.id, path, told.st_mtime, told.st_size, _server(client, path))
    return sorted(found.values(), key=lambda each: -each.modified)[:MOST]


def _server(client: Client, path: Path) -> str | None:
    pattern = client.logs.server_in_path
    found = None if pattern is None else re.search(pattern, path.as_posix())
    return found["server"] if found else None


class _Search:
    """Walks patterns with `*` and `**`, and stops when it has looked at enough."""

    def __init__(self) -> None:
        self._left = _ENTRIES

    def files(self, pattern: Path) -> Iterator[tuple[Path, os.stat_result]]:
        parts = pattern.parts
        fixed = next((number for number, part in enumerate(parts) if "*" in part), len(parts))
        yield from self._below(Path(*parts[:fixed]), parts[fixed:])

    def _below(self, base: Path, parts: tuple[str, ...]) -> Iterator[tuple[Path, os.stat_result]]:
        if not parts:
            told = _told(base)
            if told is not None and stat.S_ISREG(told.st_mode):
                yield base, told
        elif parts[0] == "**":
            yield from self._anywhere(base, parts[1:], _DEEPEST)
        elif len(parts) == 1:
            yield from self._fitting(base, parts[0], folders=False)
        else:
            for folder, _ in self._fitting(base, parts[0], folders=True):
                yield from self._below(folder, parts[1:])

    def _anywhere(
        self, base: Path, parts: tuple[str, ...], depth: int
    ) -> Iterator[tuple[Path, os.stat_result]]:
        yield from self._below(base, parts)
        if depth:
            for folder, _ in self._fitting(base, "*", folders=True):
                yield from self._anywhere(folder, parts, depth - 1)

    def _fitting(self, base: Path, pattern: str, *, folders: bool) -> list[tuple[Path, os.stat_result]]:
        """The folders, or the files, whose name fits: the newest."""
        found: list[tuple[Path, os.stat_result]] = []
        try:
            with os.scandir(base) as entries:
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        break
                    if not fnmatch.fnmatchcase(entry.name, pattern) or entry.is_symlink():
                        continue
                    if entry.is_dir() if folders else entry.is_file():
                        found.append((Path(entry.path), entry.stat()))
        except (OSError, ValueError):
            return []
        found.sort(key=lambda each: -each[1].st_mtime)
        return found[: _FOLDERS if folders else MOST]


def _told(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (OSError, ValueError):
        return None
