"""Backups that clients, editors and people leave beside a file, told by their names."""

import os
from collections.abc import Iterator
from pathlib import Path

_ENTRIES = 2000
"""Names of a folder that are looked at."""


def old_copies(path: Path) -> list[Path]:
    """Files whose name is the config's with something more, beside it and in the folders for backups."""
    folders = (path.parent, path.parent / "backups", path.parent / ".claude" / "backups")
    return sorted((each for folder in folders for each in _in(folder, path.name)), reverse=True)


def _in(folder: Path, name: str) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number >= _ENTRIES:
                    return
                longer = entry.name.startswith(name) and entry.name != name
                if (longer or entry.name == f"#{name}#") and entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
    except OSError:
        return
