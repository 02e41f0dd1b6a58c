"""A bundle file (`.mcpb`, `.dxt`): a zip of which only the manifest is read, in memory, within limits."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.model import Problem
from diagnostics.regular_file import NotRegularError, open_regular

if TYPE_CHECKING:
    import zipfile

SUFFIXES = frozenset({".mcpb", ".dxt"})
MANIFEST = "manifest.json"
LARGEST_BUNDLE = 1_000_000_000
"""Bytes. Real ones carry a Python or Node tree of some hundred MB."""
LARGEST_MANIFEST = 1_000_000
_MOST_MEMBERS = 200_000
_LARGEST_DIRECTORY = 50_000_000
"""Bytes of the zip's own list of members, all of which Python reads at once."""
_END = b"PK\x05\x06"
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Packed:
    """What was read of a bundle."""

    manifest: bytes
    members: frozenset[str]
    unsafe: tuple[str, ...]
    """Members whose names lead out of the folder they would be unpacked to, and links."""


def is_bundle(path: Path) -> bool:
    """Whether a file's name says that it is a bundle."""
    return path.suffix.casefold() in SUFFIXES


def read_bundle(path: Path) -> Packed | Problem:
    """The bundle's manifest and the names of its members, or what keeps it from being read.

    Raises:
        FileNotFoundError: there is no such file.
    """
    try:
        return on_disk(lambda: _opened(path), _PATIENCE)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(str(path)) from None
    except DeadlineError as error:
        return Problem("slow", "config_unreadable", f"{error.seconds:g}")
    except PermissionError as error:
        return Problem("permission-denied", "file_permission_denied", error.strerror or "")
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Problem("unreadable", "config_unreadable", said)


def _opened(path: Path) -> Packed | Problem:
    if path.is_dir():
        return Problem("not-a-file", "config_unreadable", "directory")
    try:
        opened = open_regular(path)
    except NotRegularError:
        return Problem("not-a-file", "config_unreadable", "special file")
    with opened as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST_BUNDLE:
            return Problem("too-large", "config_unreadable", f"{LARGEST_BUNDLE // 1_000_000}")
        if _directory_size(file, size) > _LARGEST_DIRECTORY:
            return Problem("too-large", "config_unreadable", f"{LARGEST_BUNDLE // 1_000_000}")
        return _read(file)


def _directory_size(file: BinaryIO, size: int) -> int:
    """What the zip says about the size of its list of members; 0 where it says nothing."""
    file.seek(max(0, size - 70_000))
    tail = file.read()
    at = tail.rfind(_END)
    return (
        int.from_bytes(tail[at + 12 : at + 16], "little")
        if at >= 0 and tail[at + 12 : at + 16] != b"\xff" * 4
        else 0
    )


def _read(file: BinaryIO) -> Packed | Problem:
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(file) as bundle:
            infos = bundle.infolist()
            if len(infos) > _MOST_MEMBERS:
                return Problem("too-large", "config_unreadable", f"{LARGEST_BUNDLE // 1_000_000}")
            found = next((each for each in infos if each.filename == MANIFEST), None)
            if found is None:
                inside = next((each.filename for each in infos if each.filename.endswith(f"/{MANIFEST}")), "")
                return Problem("bundle-without-manifest", "config_schema_error", inside)
            if found.flag_bits & 0x1:
                return Problem("bundle-encrypted", "config_unreadable", "")
            with bundle.open(found) as member:
                raw = member.read(LARGEST_MANIFEST + 1)
            if len(raw) > LARGEST_MANIFEST:
                return Problem("too-large", "config_unreadable", f"{LARGEST_MANIFEST // 1_000_000}")
            unsafe = tuple(each.filename for each in infos if _leads_out(each))
            return Packed(raw, frozenset(each.filename for each in infos), unsafe)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        KeyError,
        UnicodeError,
    ) as error:
        return Problem("bundle-damaged", "config_unreadable", str(error))


def _leads_out(info: "zipfile.ZipInfo") -> bool:
    name = info.filename.replace("\\", "/")
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    return is_link or leads_out(name)


def leads_out(name: str) -> bool:
    """Whether a relative path is none, or leaves the folder it starts in."""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ":" in parts[0] or ".." in parts
