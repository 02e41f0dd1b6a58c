"""What a client's log files say about each server: the end of each file, in order, with the time of every line."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from diagnostics.catalog.client_rules import Logs
from diagnostics.catalog.clients import Client
from diagnostics.catalog.signatures import harmless
from diagnostics.host import Host
from diagnostics.logs.files import LogFile, log_files
from diagnostics.logs.line import named_in

TAIL = 256 * 1024
"""Bytes of one file that are read: its end."""
MOST_BYTES = 4 * 1024 * 1024
"""Bytes of one client's files that are read in one run."""
_LONGEST = 4000
_SPOKEN = re.compile(r"(?i)message from (?:client|server): \{")
"""Traffic, not speech: what a tool answered says nothing about the start, and may hold anything."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a log."""

    text: str
    server: str | None
    at: float
    """Seconds since the epoch; the file's own time where no line told one."""
    path: Path


@dataclass(frozen=True, slots=True)
class ClientLogs:
    """What could be read of one client's logs."""

    entries: Sequence[Entry]
    """Oldest first."""
    closed: Sequence[Path]
    """Files that are there and may not be read."""


def read_logs(client: Client, host: Host) -> ClientLogs:
    """The end of every log file of a client. Bounded in bytes; blocks on a dead disk (give it a deadline)."""
    entries: list[Entry] = []
    closed: list[Path] = []
    room = MOST_BYTES
    for file in log_files(client, host):
        if room <= 0:
            break
        try:
            text = read_tail(file.path, min(TAIL, room))
        except OSError:
            closed.append(file.path)
            continue
        room -= len(text)
        entries += entries_of(text, file, client.logs)
    entries.sort(key=lambda each: each.at)
    return ClientLogs(entries, closed)


def read_tail(path: Path, most: int = TAIL) -> str:
    """The last bytes of a file as text, from the beginning of a line.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - most))
        raw = stream.read(most)
    text = raw.decode("utf-8", "replace")
    return text if size <= most else text.partition("\n")[2]


def entries_of(text: str, file: LogFile, form: Logs) -> Iterator[Entry]:
    """The lines of one file. A line without a head belongs to the one before it."""
    server, at = file.server, file.modified
    heads: list[tuple[str, str | None, float | None]] = []
    for raw in re.split(r"\r\n|\n|\r", text):
        if raw.strip() and not _SPOKEN.search(raw):
            heads += _json_heads(raw, form) if form.json_text else [_head(raw, form)]
    known = next((when for _, _, when in heads if when is not None), None)
    at = at if known is None else known
    for said, named, when in heads:
        at = at if when is None else when
        if file.server is None:
            server = named or server
        yield Entry(said[:_LONGEST], server, at, file.path)


def _head(raw: str, form: Logs) -> tuple[str, str | None, float | None]:
    found = _compiled(form.line).search(raw[:_LONGEST]) if form.line else None
    groups = found.groupdict() if found else {}
    named = groups.get("server") or named_in(raw[:_LONGEST], harmless())
    return raw, named, _seconds(groups.get("at"))


def _json_heads(raw: str, form: Logs) -> list[tuple[str, str | None, float | None]]:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    if not isinstance(row, dict):
        return []
    when = _seconds(row.get(form.json_at))
    said = [row[key] for key in form.json_text if isinstance(row.get(key), str)]
    return [(line, None, when) for text in said for line in text[:20_000].splitlines() if line.strip()]


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


def _seconds(told: object) -> float | None:
    """A time in ISO 8601, one without a zone in this host's."""
    if not isinstance(told, str) or len(told) > 40:
        return None
    try:
        return datetime.fromisoformat(told).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
