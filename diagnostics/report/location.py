"""Paths as they may leave this computer: what is below the home folder without its name."""

from pathlib import PurePath, PurePosixPath, PureWindowsPath
from urllib.parse import quote


def below(path: str, folder: str) -> str | None:
    """The part of a path below a folder, with slashes; None where it is elsewhere. In: `folder`, "" = unknown."""
    if not folder:
        return None
    kind = PureWindowsPath if "\\" in folder else PurePosixPath
    try:
        return kind(path).relative_to(kind(folder)).as_posix()
    except ValueError:
        return None


def tilde(text: str, home: str) -> str:
    """A text with `~` wherever it names the home folder."""
    if len(home.strip("/\\")) < 2:
        return text
    import re

    return re.sub(rf"{re.escape(home.rstrip('/' + chr(92)))}(?=[/\\]|$|[^\w.-])", "~", text)


def uri(path: str) -> str | None:
    """An absolute path as a `file:` address, percent-encoded; None for any other path."""
    windows: PurePath = PureWindowsPath(path)
    if windows.drive and windows.is_absolute():
        return windows.as_uri() if not path.startswith("\\\\") else None
    return f"file://{quote(path)}" if path.startswith("/") else None
