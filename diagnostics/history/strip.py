"""A credential's history as a row of cells, each for an equal part of a span. Pure.

A cell shows the worst that a round in it found. Between two rounds the earlier answer holds, as long as the next one
came about when it was due; where it did not (the computer was off, no monitor ran), nobody knows, and the cell says so.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from diagnostics.history.model import History, Round
from diagnostics.model import Status

_LATE = 2.5
"""A round that comes later than so many times the usual distance is missing, not late."""
_SHORTEST = timedelta(minutes=1)


class Cell(StrEnum):
    """What a part of a span shows."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIP = "skip"
    GAP = "gap"
    """No round looked: the computer was off, or no monitor ran."""
    ABSENT = "absent"
    """It was not configured then."""


_WORST_FIRST = (Cell.FAIL, Cell.UNKNOWN, Cell.WARN, Cell.OK, Cell.SKIP, Cell.ABSENT)


@dataclass(frozen=True, slots=True)
class Span:
    """The rounds of a span, in the order of the wall clock, however it was set."""

    start: datetime
    end: datetime
    rounds: tuple[Round, ...]
    """With one from before the span, where its answer may reach into it."""
    usual: timedelta
    """How far apart rounds usually are."""
    astray: int = 0
    """Rounds that carry a time after `end`: the clock was wrong when they ran."""


def usual_distance(history: History) -> timedelta:
    """How far apart rounds usually are; a minute at least, and an hour where nothing tells."""
    apart = sorted(
        later.at - earlier.at for earlier, later in pairwise(history.rounds) if later.at > earlier.at
    )  # where the clock was set back, nothing is told
    return max(apart[len(apart) // 2], _SHORTEST) if apart else timedelta(hours=1)


def span_of(history: History, start: datetime, end: datetime) -> Span:
    """The part of a history between two moments."""
    usual = usual_distance(history)
    late = end + usual
    there = sorted(
        (each for each in history.rounds if each.at <= late), key=lambda each: (each.at, each.number)
    )
    first = bisect_right(there, start, key=lambda each: each.at)
    return Span(start, end, tuple(there[max(0, first - 1) :]), usual, len(history.rounds) - len(there))


def gaps(span: Span) -> tuple[tuple[datetime, datetime], ...]:
    """When nobody looked, between two rounds of the span or after its last one, the newest first."""
    times = [*(each.at for each in span.rounds), span.end]
    apart = pairwise(times) if span.rounds else ()
    return tuple(each for each in apart if each[1] - each[0] > span.usual * _LATE)[::-1]


def cells(span: Span, key: str, count: int) -> tuple[Cell, ...]:
    """A credential's row of so many cells, the oldest first."""
    if count < 1:
        return ()
    width = (span.end - span.start) / count
    found: list[list[Cell]] = [[] for _ in range(count)]
    for one in span.rounds:
        if one.at >= span.start:
            place = min(int((one.at - span.start) / width), count - 1)
            found[place].append(_cell(one, key))
    row: list[Cell] = []
    times = [each.at for each in span.rounds]
    for place, here in enumerate(found):
        if here:
            row.append(next(each for each in _WORST_FIRST if each in here))
            continue
        number = bisect_right(times, span.start + place * width) - 1
        row.append(_held(span, number, span.start + (place + 0.5) * width, key))
    return tuple(row)


def _held(span: Span, number: int, at: datetime, key: str) -> Cell:
    """What the newest round before a moment says of it, if that can still be said."""
    if number < 0:
        return Cell.GAP
    one = span.rounds[number]
    later: Sequence[Round] = span.rounds[number + 1 : number + 2]
    until = later[0].at if later else span.end
    in_time = until - one.at <= span.usual * _LATE
    return _cell(one, key) if in_time or at - one.at <= span.usual else Cell.GAP


def _cell(one: Round, key: str) -> Cell:
    how = one.states.get(key)
    return Cell.ABSENT if how is None else _CELLS[how.status]


_CELLS = {each: Cell(each.value) for each in Status}
