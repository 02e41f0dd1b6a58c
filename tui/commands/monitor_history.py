"""`mcp-doctor monitor history`: the timeline of the app, at a plain terminal and in the same words."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from rich.cells import cell_len

from diagnostics.history import History, history_path
from diagnostics.history.strip import cells, span_of
from diagnostics.history.telling import NOT_SEEN, nothing, tell_change
from diagnostics.text import clean
from tui.arguments import Call
from tui.cells import CELLS, sign
from tui.faces import has_few_characters
from tui.past import SPANS, Past, read_past
from tui.screens.history_text import LEGEND, axis, cut, in_words, said
from tui.session import DoctorSession
from tui.terminal import say
from tui.usage import UsageError

_WIDEST = 140
_NAMES = 0.35


def run(call: Call) -> int:
    """Prints the rows and stories of the named servers, of all without a name. Out: 0; also where there is no history.

    Raises:
        UsageError: a server that neither the configs nor the history know, or a history that can't be read.
    """
    from recovery.model import RecoveryError
    from tui.commands.check import looked, session_of
    from tui.disk import from_disk

    session = session_of(call)
    context = looked(_of_all(session))
    try:
        past = from_disk(lambda: read_past(session.host, context.servers), "the history")
    except RecoveryError as error:
        raise UsageError(str(error)) from error
    if past.history.is_unreadable:
        raise UsageError(f"{clean(str(history_path(session.host)))}: {past.history.trouble}")
    keys = past.keys(_chosen(call.names, [each.id for each in context.servers], past.history))
    few = has_few_characters(session.host) or "utf" not in (sys.stdout.encoding or "").lower()
    width = min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    say(*lines(past, keys, call.extra.get("span") or past.fitting, width, few_characters=few))
    return 0


def lines(
    past: Past,
    keys: Sequence[str],
    length: str,
    width: int,
    *,
    few_characters: bool,
    zone: tzinfo | None = None,
) -> Iterator[str]:
    """The text. In: the keys of the rows; the span (`24h`, `7d`, `30d`); columns; the zone, None = this computer's."""
    if not past.history.rounds:
        yield from said(past, None, zone)
        yield from nothing(past.history)
        return
    span = span_of(past.history, past.now - SPANS[length], past.now)
    yield from said(past, span, zone)
    if not keys:
        yield NOT_SEEN
        return
    labels = [past.label(key, with_server=True) for key in keys]
    room = min(max(map(cell_len, labels)), int(width * _NAMES))
    count = max(width - room - 1, 1)
    yield ""
    for key, label in zip(keys, labels, strict=True):
        row = "".join(sign(each, few_characters=few_characters) for each in cells(span, key, count))
        yield f"{cut(label, room)} {row}"
    yield " " * (room + 1) + axis(span, count, zone)
    yield "  ".join(f"{sign(each, few_characters=few_characters)} {CELLS[each].word}" for each in LEGEND)
    for key in keys:
        told = past.told(key, zone)
        yield ""
        yield past.full_name(key)
        yield f"  {told.headline}"
        yield from (f"  {line}" for line in told.lines)
        yield from (f"    {line}" for line in told.beside)
        became = past.changes(key, SPANS[length])
        if became:
            yield f"  Changes {in_words(SPANS[length])}:"
            yield from (f"    {tell_change(each, past.now, zone)}" for each in became)


def _of_all(session: DoctorSession) -> DoctorSession:
    """The names may be of servers that are no longer configured: they are looked for in the history too."""
    import dataclasses

    return dataclasses.replace(session, names=())


def _chosen(names: Sequence[str], configured: Sequence[str], history: History) -> list[str] | None:
    """The ids that are meant; None = all.

    Raises:
        UsageError: nothing of that name is known.
    """
    if not names:
        return None
    known = list(
        dict.fromkeys([*configured, *(each.server for each in history.credentials.values() if each.server)])
    )
    found: list[str] = []
    for name in names:
        wanted = name.casefold()
        fitting = [each for each in known if wanted in {each.casefold(), each.partition(":")[2].casefold()}]
        if not fitting:
            shown = ", ".join(clean(each, 60) for each in known[:12]) or "none"
            raise UsageError(f"no server is called {clean(name, 60)!r} now or in the history; known: {shown}")
        found += fitting
    return found
