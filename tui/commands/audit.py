"""`mcp-doctor audit show|verify|export`: what was done on this computer, and whether its record holds."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from diagnostics.host import Host, this_host
from tui.arguments import Call
from tui.terminal import say
from tui.usage import UsageError

if TYPE_CHECKING:
    from recovery.trail.finding import Examination, Trouble
    from recovery.trail.ledger import Row

_WIDTH = 80
_MOST = 20
"""Places that a terminal is told of; JSON has all."""


def run(call: Call) -> int:
    """Out: 0; `verify`: 1 when the trail does not hold, 3 when that could not be found out.

    Raises:
        UsageError: a filter that means nothing, or the trail can't be read.
    """
    from recovery.model import RecoveryError

    host = this_host()
    try:
        match call.extra["verb"]:
            case "verify":
                return _verify(host, call)
            case "export":
                return _export(host, call)
            case _:
                return _show(host, call)
    except RecoveryError as error:
        raise UsageError(str(error)) from error


def _rows(host: Host, call: Call) -> "list[Row]":
    from recovery.journal import Journal
    from recovery.trail.ledger import ledger

    wanted = call.extra.get("operation") or ""
    rows = ledger(Journal(host).records(), _since(call), wanted)
    if wanted and not rows:
        raise UsageError(f"no operation {wanted!r} is recorded: `mcp-doctor audit show` lists them")
    return rows


def _since(call: Call) -> datetime | None:
    from recovery.trail.ledger import moment

    text = call.extra.get("since")
    if not text:
        return None
    try:
        return moment(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since: expected a date (2026-11-23), a time (2026-11-23T12:00) or a span (30m, 12h, 7d), got {text!r}"
        ) from error


def _show(host: Host, call: Call) -> int:
    from recovery.journal import Journal

    rows = _rows(host, call)
    one = bool(call.extra.get("operation"))
    if call.extra["format"] == "json":
        import json

        from recovery.trail.ledger import cleaned

        told = [
            row.data() | ({"records": cleaned([dict(each) for each in row.records])} if one else {})
            for row in rows
        ]
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return 0
    if not rows:
        say("Nothing is recorded." if call.extra.get("since") else "Nothing was recorded yet.")
    elif one:
        say(*_in_full(rows[0]))
    else:
        say(*_table(rows))
        say("", "One of them in full: mcp-doctor audit show --operation OPERATION")
        if Journal(host).examine().holds is not True:
            say("It is not certain that this is all of it: mcp-doctor audit verify")
    return 0


def _table(rows: "Sequence[Row]") -> Iterator[str]:
    widths = (16, max(9, *(len(row.operation) for row in rows)), max(len(row.state) for row in rows))
    yield _columns(("when (UTC)", "operation", "state", "what"), widths)
    for row in rows:
        left = _columns((_minute(row.at), row.operation, row.state, ""), widths)
        what = textwrap.wrap(row.what, max(24, _WIDTH - len(left) - 1), break_long_words=True) or [""]
        yield left + what[0]
        yield from (" " * len(left) + more for more in what[1:])


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join((*(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)), cells[-1]))


def _in_full(row: "Row") -> Iterator[str]:
    from recovery.trail.ledger import told_in_words

    yield row.what
    for name, value in (
        ("operation", row.operation),
        ("state", row.state),
        ("began", f"{_minute(row.at)} UTC"),
        ("changed", f"{_minute(row.changed)} UTC"),
        ("who", row.who),
        ("where", f"{row.host} ({row.session})"),
        ("why", row.why),
        ("error", row.error),
    ):
        if value:
            yield from _wrapped(f"  {name:<10} ", value)
    for number, (title, state) in enumerate(row.steps, 1):
        yield from _wrapped(f"  {f'step {number}':<10} ", f"{title}: {state}")
    yield ""
    for record in row.records:
        head = (
            f"  {record.get('n', '')!s:>5}  {str(record.get('at', ''))[11:23]}  {record.get('event')!s:<12} "
        )
        yield from _wrapped(head, told_in_words(record))


def _wrapped(head: str, text: str) -> Iterator[str]:
    parts = textwrap.wrap(text, max(24, _WIDTH - len(head)), break_long_words=True) or [""]
    for number, part in enumerate(parts):
        yield (head if not number else " " * len(head)) + part


def _verify(host: Host, call: Call) -> int:
    from recovery.journal import Journal
    from recovery.trail.export import summary, verdict_data

    journal = Journal(host)
    found = journal.examine()
    if call.extra["format"] == "json":
        import json

        sys.stdout.write(json.dumps(verdict_data(found), indent=2) + "\n")
    else:
        say(summary(found))
        for sign, places in (("✗", found.troubles), ("?", found.unknown), ("!", found.notices)):
            say(*(line for each in places[:_MOST] for line in _told(sign, each)))
            if len(places) > _MOST:
                say(f"  … and {len(places) - _MOST} more: --format json names them")
        say(*_what_to_do(host, journal.path, found))
    return {True: 0, False: 1, None: 3}[found.holds]


def _told(sign: str, place: "Trouble") -> Iterator[str]:
    from recovery.trail.export import place_of

    about = ", ".join(
        each
        for each in (
            f"operation {place.operation}" if place.operation else "",
            f"{_minute(place.at)} UTC" if place.at else "",
        )
        if each
    )
    words = f"{place_of(place.line)}{place.what}" + (f" ({about})" if about else "")
    yield from _wrapped(f"  {sign} ", words)
    if place.todo:
        yield from _wrapped("    ", place.todo)


def _what_to_do(host: Host, path: object, found: "Examination") -> Iterator[str]:
    from pathlib import Path

    from recovery.trail.verify import begin_anew

    if found.holds is not False or all(each.kind == "torn" for each in found.troubles):
        return
    yield ""
    yield from _wrapped(
        "",
        "Someone changed, copied or restored these files, or a disk lost what it had promised to keep. The system log "
        "has the number and digest of what was done, where one is kept: compare. First finish or take back what is "
        "half done. When all is settled, put the trail aside as it is; the next operation begins a new one:",
    )
    yield from (f"  {each}" for each in begin_anew(host, Path(str(path))))


def _export(host: Host, call: Call) -> int:
    from recovery.trail.export import as_lines, as_markdown
    from tui.output import is_standard, put

    rows = _rows(host, call)
    output = call.extra.get("output")
    if call.extra["format"] == "markdown":
        from recovery.journal import Journal

        text = as_markdown(rows, Journal(host).examine())
    else:
        text = as_lines(rows)
    put(text, output, host)
    if not is_standard(output):
        say(f"Written: {output} ({sum(len(row.records) for row in rows)} records of {len(rows)} operations)")
    return 0


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")
