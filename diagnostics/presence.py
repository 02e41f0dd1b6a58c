"""Whether something stands at a path that somebody else's text names: never an error, whatever the path is.

`pathlib` raises for names that are too long and for folders that are closed to us; here either is just not there.
"""

from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether anything can be seen at the path. Blocks on a dead disk."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder can be seen at the path. Blocks on a dead disk."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether a regular file can be seen at the path. Blocks on a dead disk."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def at_home(text: str) -> Path:
    """The path that a text names, `~` filled in; as it stands where it names the home of nobody."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
