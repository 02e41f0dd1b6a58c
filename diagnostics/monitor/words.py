"""What a round says to people, and the line that the system's log gets of each credential. Pure; all of it safe to show."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.history import Condition, Credential, History
from diagnostics.model import Status
from diagnostics.monitor.changes import PATIENCE, Change, Incident, Kind
from diagnostics.monitor.states import Seen
from diagnostics.text import listed

_MOST_NAMES = 8
_MOST_FIX = 6
CALL = "call"
"""The key of what a timer's own words ask for: a file or server that is gone."""
_WORD = re.compile(r"[\w.:@/+-]+")


@dataclass(frozen=True, slots=True)
class Told:
    """What the words are made of."""

    seen: Seen
    history: History
    """As it was before this round."""
    now: datetime
    incidents: Sequence[Incident] = ()
    backup: datetime | None = None
    backup_lacks: str = ""


def name_of(credential: Credential) -> str:
    """`github (cursor, env.GITHUB_TOKEN)`; for the keychain and for a config file what they are."""
    if credential.key == CALL:
        return "what the timer was set up with"
    if not credential.server:
        return f"the config file {credential.name}" if credential.name else "the keychain"
    client, _, server = credential.server.partition(":")
    more = [client if server else "", credential.field]
    told = ", ".join(each for each in more if each)
    return f"{server or client} ({told})" if told else server or client


def lines_of(changes: Sequence[Change], told: Told) -> list[str]:
    """What to say; [] = nothing is new. What has one reason is said once, with everything that it concerns."""
    lines: list[str] = []
    for kind in Kind:
        some = [each for each in changes if each.kind is kind]
        if some:
            lines += _LINES[kind](some, told)
    return lines


def log_lines(seen: Seen) -> Iterator[tuple[Status, str]]:
    """For the system's log: one line a credential, `ERROR: github credential failed …`, `INFO: github credential healthy …`.

    Names that could be taken for words of the line are put in quotes.
    """
    for key, how in seen.states.items():
        one = seen.credentials[key]
        if how.status is Status.SKIP:
            continue
        client, _, server = one.server.partition(":")
        what = f"{_quoted(server or client)} credential" if one.server else "keychain"
        if one.key == CALL:
            what = "timer's call"
        elif not one.server and one.name:
            what = f"config file {_quoted(one.name)}"
        more = {
            "client": client if server else "",
            "field": one.field,
            "name": one.name if one.server else "",
        }
        if how.status in {Status.FAIL, Status.UNKNOWN}:
            more |= {"cause": how.cause, "check": how.check}
        tail = "".join(f" {name}={_quoted(text)}" for name, text in more.items() if text)
        match how.status:
            case Status.FAIL:
                yield how.status, f"ERROR: {what} failed{tail}"
            case Status.UNKNOWN:
                yield how.status, f"WARNING: {what} unknown{tail}"
            case _:
                yield how.status, f"INFO: {what} healthy{tail}"


def _quoted(text: str) -> str:
    return text if _WORD.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def span(passed: timedelta) -> str:
    """`20 minutes`, `3 hours`, `2 days`."""
    seconds = abs(passed.total_seconds())
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return "a minute" if seconds < 90 else "2 minutes"


def local(moment: datetime) -> str:
    """`2026-11-24 14:05`, in the zone of this computer."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _failing(changes: Iterable[Change], told: Told) -> Iterator[str]:
    for some in _by_reason(changes, told):
        how = told.seen.states[some[0].key]
        again = " now, for another reason" if some[0].kind is Kind.OTHERWISE else ""
        yield f"FAILING{again}: {how.title or 'it fails'}" + (f" [{how.cause}]" if how.cause else "")
        yield from _concerned(some, told)
        well = _last_well(some[0].key, told.history)
        if well is not None:
            yield f"  It was last seen well at {local(well)}."
        finding = told.seen.findings.get(some[0].key)
        yield from (f"  {line}" for line in _beginning(finding.fix if finding else ()))


def _beginning(fix: Sequence[str]) -> Sequence[str]:
    """The first lines of what to do, cut where a sentence has its command; `check` has the rest."""
    if len(fix) <= _MOST_FIX:
        return fix
    kept = list(fix[:_MOST_FIX])
    while kept and kept[-1].endswith(":"):
        kept.pop()
    return [*kept, "More ways, and why:", "$ mcp-doctor check"]


def _last_well(key: str, history: History) -> datetime | None:
    for one in reversed(history.rounds):
        how = one.states.get(key)
        if how is not None and how.status in {Status.OK, Status.WARN}:
            return one.at
    return None


def _recovered(changes: Iterable[Change], told: Told) -> Iterator[str]:
    for some in _by_reason(changes, told, before=True):
        yield f"RECOVERED: {_names(some, told)}"
        since = told.history.since(some[0].key)
        if since is not None:
            broke = since[0].at
            yield f"  It failed since {local(broke)} ({span(told.now - broke)})."


def _unknown(changes: Iterable[Change], told: Told) -> Iterator[str]:
    for some in _by_reason(changes, told):
        how = told.seen.states[some[0].key]
        yield f"NOT KNOWN: {how.title or 'it could not be found out'}"
        yield f"  Could not be found out {PATIENCE} times in a row; this is not said again until it can."
        yield from _concerned(some, told)


def _known_again(changes: Iterable[Change], told: Told) -> Iterator[str]:
    yield f"KNOWN AGAIN, and well: {_names(list(changes), told)}"


def _expiring(changes: Iterable[Change], told: Told) -> Iterator[str]:
    for each in changes:
        how = told.seen.states[each.key]
        days = "within a day" if each.days < 1 else "in 1 day" if each.days == 1 else f"in {each.days} days"
        ends = f" ({local(how.expires)})" if how.expires else ""
        yield f"EXPIRING: {_names([each], told)} ends {days}{ends}"
        yield "  Get a new one before, then: mcp-doctor"


def _backup(changes: Iterable[Change], told: Told) -> Iterator[str]:
    for each in changes:
        made = f" was made {local(told.backup)}" if told.backup else ""
        age = f", {each.days} days ago" if each.days > 1 else ""
        yield f"BACKUP TOO OLD: the newest one{made}{age}"
        if told.backup_lacks:
            yield f"  {told.backup_lacks}."
        yield "  $ mcp-doctor backup create"


def _emergency(changes: Iterable[Change], told: Told) -> Iterator[str]:
    known = {each.id: each for each in told.incidents}
    for each in changes:
        one = known[each.key]
        over = ", and its token's time is up" if one.is_over else ""
        yield f"EMERGENCY STILL OPEN: {one.id} for {one.server}, since {local(one.began)}{over}"
        yield f"  $ mcp-doctor emergency close {one.id}"


def _by_reason(changes: Iterable[Change], told: Told, *, before: bool = False) -> list[list[Change]]:
    """Those together that one and the same finding decides (in: `before` = decided in the round before)."""
    states: Mapping[str, Condition] = told.seen.states
    if before:
        states = told.history.rounds[-1].states if told.history.rounds else {}
    groups: dict[object, list[Change]] = {}
    for each in changes:
        how = states.get(each.key)
        groups.setdefault((how.check, how.cause, how.title) if how else each.key, []).append(each)
    return list(groups.values())


def _concerned(changes: Sequence[Change], told: Told) -> Iterator[str]:
    concerned = [told.seen.credentials[each.key] for each in changes]
    if any(each.server or each.name for each in concerned):
        yield f"  Concerns: {_names(changes, told)}"


def _names(changes: Sequence[Change], told: Told) -> str:
    credentials = [told.seen.credentials[each.key] for each in changes]
    servers = [each for each in credentials if each.server] or credentials
    return listed(list(dict.fromkeys(map(name_of, servers))), _MOST_NAMES)


_LINES = {
    Kind.FAILING: _failing,
    Kind.OTHERWISE: _failing,
    Kind.RECOVERED: _recovered,
    Kind.UNKNOWN: _unknown,
    Kind.KNOWN_AGAIN: _known_again,
    Kind.EXPIRING: _expiring,
    Kind.BACKUP_OLD: _backup,
    Kind.EMERGENCY_OPEN: _emergency,
    Kind.EMERGENCY_OVER: _emergency,
}
