"""A text as lines to search: cleaned, each with the server it speaks of, messages in JSON unfolded. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.catalog.signatures import Harmless
from diagnostics.text import clean

LONGEST = 2000
"""Characters of a line that count."""
_MOST_LOOKED_AT = 150_000
"""Characters of different lines that are searched, the last ones; what bounds the time. Lines that differ only in the
time before them count once."""
_TIME = re.compile(r"^[\[(]?\d[\d:.,TZ/+ -]{7,40}[\])]?\s?")
_LONGEST_JSON = 20_000
_TOLD = ("error", "message", "msg", "debug", "stderr", "err", "stack", "detail", "text", "reason")
"""Keys below which programs that log in JSON put what they have to say."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line to search."""

    text: str
    server: str | None = None
    """Whom it speaks of, None = it does not say."""


def lines_of(text: str, known: Harmless, most: int = _MOST_LOOKED_AT) -> list[Line]:
    """The lines to search, in order; of equal ones the last.

    In: `most` characters are kept, from the end. A line without a name belongs to the server named before it.
    """
    different: dict[tuple[str, str | None], Line] = {}
    server: str | None = None
    for raw in re.split(r"\r\n|\n|\r", text):
        for part in _unfolded(raw):
            line = clean(part, LONGEST)
            if line:
                server = named_in(line, known) or server
                key = _TIME.sub("", line), server
                different.pop(key, None)
                different[key] = Line(line, server)
    kept: list[Line] = []
    for each in reversed(different.values()):
        most -= len(each.text)
        if most < 0:
            break
        kept.append(each)
    return kept[::-1]


def named_in(line: str, known: Harmless) -> str | None:
    """The server that a line of a client's log names."""
    for each in known.servers:
        found = each.search(line)
        if found:
            return found["server"]
    return None


def still_failing(lines: Sequence[Line], known: Harmless) -> list[Line]:
    """The lines without those that only sound like a failure, and without what came before a recovery.

    A recovery of one server says nothing about another.
    """
    over: dict[str | None, int] = {}
    """By server (None = all): the number of the line with which its failures before were over."""
    for number, line in enumerate(lines):
        if any(each.search(line.text) for each in known.recovered):
            over[line.server] = number
    everywhere = over.get(None, -1)
    return [
        line
        for number, line in enumerate(lines)
        if number > max(everywhere, over.get(line.server, -1))
        and not any(each.search(line.text) for each in known.lines)
    ]


def newest(lines: Sequence[Line], known: Harmless) -> frozenset[int]:
    """Which lines (by number) belong to each server's last attempt to start; all, where no attempt is told apart."""
    begins = {
        line.server: number
        for number, line in enumerate(lines)
        if any(each.search(line.text) for each in known.begins)
    }
    everywhere = begins.get(None, 0)
    return frozenset(
        number for number, line in enumerate(lines) if number >= begins.get(line.server, everywhere)
    )


def _unfolded(raw: str) -> Iterator[str]:
    """The line as it stands, then what its JSON says on lines of its own."""
    yield raw
    if len(raw) <= _LONGEST_JSON and raw.startswith("{") and "\\n" in raw:
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError):
            return
        for told in _told(row):
            if "\n" in told:
                yield from told.split("\n")


def _told(row: Any) -> Iterable[str]:
    if not isinstance(row, dict):
        return ()
    return (value for key in _TOLD if isinstance(value := row.get(key), str))
