"""Opening the fleet's files: plain files of bounded size only, whatever else lies in the folder, without ever waiting."""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.fleet.model import NotAReportError
from diagnostics.regular_file import NotRegularError, open_regular

T = TypeVar("T")

MOST_BYTES = 8 * 1024 * 1024
"""Bytes of one report; a host with a hundred servers makes one."""
MOST_FILES = 20_000
"""Names of one folder, and reports of one file, that are looked at."""
LINES = (".jsonl", ".ndjson")
_NAMES = (".json", *LINES)


@dataclass(frozen=True, slots=True)
class Named:
    """A file to read."""

    path: Path
    by_person: bool
    """Whether the person named the file itself: then a link is what they meant."""


def files_of(paths: Sequence[Path]) -> tuple[list[Named], int]:
    """The files that are meant: those named, and of each folder all that end in .json, .jsonl or .ndjson.

    Out: them, and how many of the folders were too many.

    Raises:
        NotAReportError: a path that is not there or can't be read, or a folder without any such file.
    """
    found: list[Named] = []
    more = 0
    for path in paths:
        try:
            names = _within(partial(_names_in, path))
        except NotAReportError as error:
            raise NotAReportError(f"{path} {error}") from error
        if names is None:
            found.append(Named(path, by_person=True))
            continue
        if not names:
            raise NotAReportError(
                f"there is no report in the folder {path}: names must end in .json, .jsonl or .ndjson"
            )
        more += max(0, len(names) - MOST_FILES)
        found += [Named(path / name, by_person=False) for name in sorted(names)[:MOST_FILES]]
    return found, more


def _names_in(path: Path) -> list[str] | None:
    """The names of a folder's reports; None = it is no folder."""
    if not stat.S_ISDIR(path.stat().st_mode):
        return None
    with os.scandir(path) as entries:
        return [each.name for each in entries if each.name.endswith(_NAMES) and not each.name.startswith(".")]


_NO_FILE = "is no plain file (a folder, pipe, socket or device), so it was not opened"
_LINK = "is a link, which is not followed in a folder of reports: name the file itself"


def whole(file: Named) -> bytes:
    """All of a file that holds one report, or an array of them.

    Raises:
        NotAReportError: it is no plain file, too large, or can't be read.
    """

    def read() -> bytes:
        with _opened(file) as stream:
            # None is what a file of the system's gives that would have to be waited for.
            return stream.read(MOST_BYTES + 1) or b""

    raw = _within(read)
    if len(raw) > MOST_BYTES:
        raise NotAReportError(
            f"is larger than {MOST_BYTES >> 20} MB, so it was not read: a report has a few hundred kB, and many hosts' "
            "belong into one file as lines (.jsonl)"
        )
    return raw


def lines(file: Named, offset: int = 0) -> Iterator[tuple[int, bytes | None]]:
    """Byte and content of each line that is not empty, from that byte on; None = it is too long.

    Raises:
        NotAReportError: as `whole`.
    """

    def begin() -> BinaryIO:
        stream = _opened(file)
        stream.seek(offset)
        return stream

    stream, at = _within(begin), offset
    with stream:
        while line := _within(lambda: stream.readline(MOST_BYTES + 1)):
            begins, at = at, at + len(line)
            if len(line) > MOST_BYTES:
                while not line.endswith(b"\n") and (line := _within(lambda: stream.readline(MOST_BYTES))):
                    at += len(line)
                yield begins, None
            elif line.strip():
                yield begins, line.strip()


def _within(look: Callable[[], T]) -> T:
    try:
        return on_disk(look)
    except DeadlineError as error:
        raise NotAReportError(f"can't be read: the disk gave {error}") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotAReportError(_LINK) from error
        raise NotAReportError(f"can't be read: {error.strerror}") from error


def _opened(file: Named) -> BinaryIO:
    facts = file.path.stat() if file.by_person else file.path.lstat()
    if stat.S_ISLNK(facts.st_mode):
        raise NotAReportError(_LINK)
    if not stat.S_ISREG(facts.st_mode):
        raise NotAReportError(_NO_FILE)
    try:  # it may have been exchanged meanwhile
        return open_regular(file.path, follow=file.by_person)
    except NotRegularError as error:
        raise NotAReportError(_NO_FILE) from error
