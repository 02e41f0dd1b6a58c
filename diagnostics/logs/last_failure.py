"""The last failure of one server, as its client's log tells it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.explain import Match, explain
from diagnostics.host import Host
from diagnostics.logs.reading import ClientLogs, Entry

_MOST = 300
"""Lines of one server that are looked at, the last ones."""
_MOST_CHARACTERS = 24_000


@dataclass(frozen=True, slots=True)
class LastFailure:
    """What went wrong, when, and where that stands."""

    match: Match
    at: float
    """Seconds since the epoch."""
    path: Path


def last_failure(logs: ClientLogs, server: str, host: Host) -> LastFailure | None:
    """The last failure of the server with this name; None where there is none, or it was followed by a success."""
    entries = _of(logs.entries, server)
    found = explain("\n".join(each.text for each in entries), host) if entries else []
    if not found:
        return None
    best = found[0]
    evidence = best.evidence.rstrip("…")[:80]
    shown = [each for each in entries if evidence[:40] and evidence[:40] in " ".join(each.text.split())]
    entry = shown[-1] if shown else entries[-1]
    return LastFailure(best, entry.at, entry.path)


def _of(entries: Sequence[Entry], server: str) -> list[Entry]:
    wanted = slug(server)
    own = [each for each in entries if each.server is not None and _is(each.server, wanted)][-_MOST:]
    kept: list[Entry] = []
    room = _MOST_CHARACTERS
    for each in reversed(own):
        room -= len(each.text)
        if room < 0:
            break
        kept.append(each)
    return kept[::-1]


def _is(spelled: str, wanted: str) -> bool:
    """Whether a log's spelling means the server; a rotated file has a number behind the name."""
    found = slug(spelled)
    return found == wanted or (len(found) == len(wanted) + 1 and found[:-1] == wanted and found[-1].isdigit())


def slug(name: str) -> str:
    """A name as clients write it into file names."""
    return re.sub(r"[^a-z0-9]", "-", name.casefold())
