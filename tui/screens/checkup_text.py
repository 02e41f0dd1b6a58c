"""The home screen's texts: the counts, the progress, and what stands there when there is nothing to show."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from diagnostics.host import Host
from diagnostics.model import Finding, Status
from diagnostics.text import clean
from tui.board import Board, Row
from tui.faces import FACES

if TYPE_CHECKING:
    from recovery.model import Remedy

READING = Content.styled(" Reading the configs of this computer's MCP clients …", "$foreground-muted")
_SLOW = 2.0
"""Seconds after which the progress line counts them, so that a person sees it is still alive."""


def head_text(board: Board, host: Host, few_characters: bool) -> Content:
    """Name, how many servers are in which state, and where we are."""
    counts = board.counts()
    parts: list[Content] = [Content.styled(" mcp-doctor ", "bold $text-primary")]
    for status in (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.OK):
        if counts.get(status):
            face = FACES[status]
            glyph = face.plain if few_characters else face.glyph
            parts.append(Content.styled(f"  {glyph} {counts[status]} {face.word}", face.style))
    words = f"   {host.platform.value}, {host.session.value} session"
    return Content("").join([*parts, Content.styled(words, "$foreground-muted")])


def progress_text(board: Board, seconds: float, few_characters: bool) -> Content:
    """How far the run is, and which question is being asked. In: seconds since it began."""
    full, empty = ("=", "-") if few_characters else ("━", "─")
    asked = board.asked
    done = asked.number - 1 if asked else 0
    cells = round(12 * done / board.total) if board.total else 0
    words = asked.question if asked else "Reading the configs …"
    count = f" {done} of {board.total} " if board.total else " "
    slow = f"  still waiting, {seconds:.0f} s" if seconds >= _SLOW else ""
    return Content.assemble(
        " ",
        (full * cells, "$text-primary"),
        (empty * (12 - cells), "$foreground-muted"),
        (count, "$foreground-muted"),
        words,
        (slow, "$text-warning"),
    )


def done_text(board: Board) -> str:
    """How the run ended, and how to go on."""
    again = "1 check asked again." if board.total == 1 else f"{board.total} checks asked again."
    done = again if board.partial else f"All {board.total} checks are done."
    if any(board.state(row.key) in {Status.FAIL, Status.UNKNOWN, Status.WARN} for row in board.rows()):
        return f"{done}  Enter goes deeper, n to the next broken link."
    return f"{done}  Nothing is broken." if board.rows() else done


def remedies_text(remedies: "Sequence[Remedy]", *, is_tall: bool) -> Content:
    """What `mend` offers: the first, and how many more; where there is room also what each one does."""
    key = Content.styled(" m ", "bold $text-primary reverse")
    first = remedies[0]
    if not is_tall:
        more = f"   and {len(remedies) - 1} more" if len(remedies) > 1 else ""
        return Content.assemble(key, (f" {first.title}", "bold"), (more, "$foreground-muted"))
    lines = [
        Content.assemble(key, (f" {first.title}", "bold")),
        Content.styled(first.why, "$foreground-muted"),
    ]
    lines += [Content.assemble(("or  ", "$foreground-muted"), each.title) for each in remedies[1:]]
    return Content("\n").join(lines)


def in_the_order_of(keys: list[str], rows: list[Row]) -> list[Row]:
    """While findings stream in, nothing moves under the hand of a person who is choosing."""
    place = {key: number for number, key in enumerate(keys)}
    return sorted(rows, key=lambda row: place.get(row.key, len(place)))


def empty_text(board: Board) -> Content:
    """Nothing is configured: where was looked, and what can be done."""
    looked = [
        Content.assemble("  ", clean(str(each.path), 300), (f"  {each.client}", "$foreground-muted"))
        for each in board.files
    ]
    return Content("\n").join(
        [
            Content.styled("No MCP server is configured in any of the places that were looked at.", "bold"),
            Content(""),
            Content.assemble(
                "Press ", ("d", "bold $text-primary"), " for the demo: a sandbox with broken examples."
            ),
            Content("It touches nothing of yours."),
            Content(""),
            Content("Or name a file: "),
            Content.styled("  $ mcp-doctor --config FILE", "bold $text-accent"),
            Content(""),
            Content.styled("Looked at", "bold $text-primary"),
            *looked,
        ]
    )


def emergency_text(finding: Finding) -> Content:
    """The banner of an open incident: whose, how long its token is there, and what to press."""
    from diagnostics.emergency import left_in_words

    left = seconds_until(finding.facts.get("ends", ""))
    time = (
        f" Its token is there for {left_in_words(left)} more."
        if left > 0 and finding.outcome != "time-up"
        else ""
    )
    count = finding.facts.get("count", "1")
    more = f" {count} incidents are open." if count != "1" else ""
    return Content(f"{finding.title}.{time}{more} x shows and closes it.")


def seconds_until(moment: str) -> float:
    """Until a time in UTC, ISO 8601; 0 where it is over or none."""
    from datetime import UTC, datetime

    try:
        return max(0.0, (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
