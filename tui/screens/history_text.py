"""The timeline's texts: rows of cells, the marks below them, one credential's story."""

from collections.abc import Iterable, Sequence
from datetime import timedelta, tzinfo
from itertools import groupby

from rich.cells import cell_len
from textual.content import Content

from diagnostics.history.story import Change
from diagnostics.history.strip import Cell, Span, gaps
from diagnostics.history.telling import Told, tell_change, tell_gap, tell_state
from diagnostics.history.times import mark, zone_of
from tui.cells import CELLS, sign
from tui.past import Past

_GAPS = 6
LEGEND = (Cell.OK, Cell.WARN, Cell.FAIL, Cell.UNKNOWN, Cell.SKIP, Cell.GAP)
_LEFT_OUT = "{count} round{s} with a time still to come {are} left out: the clock was wrong then."


def row(name: str, room: int, cells: Sequence[Cell], *, few_characters: bool) -> Content:
    """One line: the name, its row of cells."""
    strip = [
        (sign(cell, few_characters=few_characters) * len(list(same)), CELLS[cell].style)
        for cell, same in groupby(cells)
    ]
    return Content.assemble(f"{cut(name, room)} ", *strip)


def cut(name: str, room: int) -> str:
    """A name in so many columns."""
    while cell_len(name) > room:
        name = name[:-2] + "…" if name[:-2] else ""
    return name + " " * (room - cell_len(name))


def axis(span: Span, width: int, zone: tzinfo | None) -> str:
    """Moments below the cells, as many as there is room for; `now` at the right end."""
    length = span.end - span.start
    line = [" "] * max(width, 0)
    right = width - len("now") - 1
    for quarter in range(4):
        at = width * quarter // 4
        words = mark(span.start + length * quarter / 4, length, zone)
        if at + len(words) < min(right, width * (quarter + 1) // 4):
            line[at : at + len(words)] = words
    if right > 0:
        line[-3:] = "now"
    return "".join(line)


def legend(*, few_characters: bool) -> Content:
    """What the characters mean."""
    return Content("  ").join(
        Content.assemble(
            (sign(each, few_characters=few_characters), f"bold {CELLS[each].style}"), f" {CELLS[each].word}"
        )
        for each in LEGEND
    )


def said(past: Past, span: Span | None, zone: tzinfo | None) -> list[str]:
    """What is to be known of the history as a whole, a sentence each."""
    lines = list(tell_state(past.history, past.now, zone))
    if past.history.rounds and span is not None:
        lines[0] += f" {zone_of(span.start, span.end, zone)}"
        if span.astray:
            several = span.astray > 1
            lines.append(_LEFT_OUT.format(count=span.astray, s="s" * several, are="are" if several else "is"))
    return [*lines, past.trouble] if past.trouble else lines


def lines_of(lines: Iterable[str]) -> Content:
    """Sentences, and commands set apart."""
    return Content("\n").join(
        Content.styled(f"  {line}", "bold $text-accent") if line.startswith("$ ") else Content(line)
        for line in lines
    )


def story(
    name: str, told: Told, became: Sequence[Change], span: Span, past: Past, zone: tzinfo | None
) -> Content:
    """One credential's story: the sentence, why, what else changed then, and what it was within the span."""
    lines = [Content.styled(told.headline, "bold"), *(Content(line) for line in told.lines)]
    if told.beside:
        lines += [Content(""), Content.styled("What else changed in that moment", "bold $text-primary")]
        lines += [Content(f"  {line}") for line in told.beside]
    unseen = gaps(span)[:_GAPS]
    if became or unseen:
        title = f"Changes {in_words(span.end - span.start)}"
        lines += [Content(""), Content.styled(title, "bold $text-primary")]
        dated = [(each.round.at, tell_change(each, past.now, zone)) for each in became]
        dated += [(each[0], tell_gap(*each, past.now, zone)) for each in unseen]
        dated.sort(key=lambda each: each[0], reverse=True)
        lines += [Content(f"  {words}") for _, words in dated]
    if name:
        lines += [Content(""), Content.styled(name, "$foreground-muted")]
    return Content("\n").join(lines)


def in_words(length: timedelta) -> str:
    """`in the last 7 days`."""
    return f"in the last {length.days} days" if length.days > 1 else "in the last 24 hours"
