"""What is new since people were last told: pure, so that clocks that jump and answers that fail to come can be tried.

`unknown` is neither good nor bad: it is told once, after `PATIENCE` rounds, and what was told before stays true until
then. What rests on the clock (an end that comes near, a backup's age) waits for a round in which the clock ran.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from diagnostics.history import Condition
from diagnostics.model import Status
from diagnostics.monitor.states import NOBODY, NOT_HERE

PATIENCE = 3
"""Rounds without an answer before that is told."""
_FORGET = timedelta(days=7)
"""How long it is known what was told of a credential that is no longer configured: its file may just be broken."""
_REMIND = timedelta(days=1)
"""Of an emergency that stays open."""
_MOST_DAYS = 100_000
"""More is not of our making, and more than Python's clock can count."""
_GOOD = {Status.OK, Status.WARN}


class Kind(StrEnum):
    """What may be told. The history's `said` names them."""

    FAILING = "failing"
    OTHERWISE = "failing-otherwise"
    """It still fails, and now for another reason."""
    RECOVERED = "recovered"
    UNKNOWN = "unknown"
    KNOWN_AGAIN = "known-again"
    EXPIRING = "expiring"
    BACKUP_OLD = "backup-old"
    EMERGENCY_OPEN = "emergency-open"
    EMERGENCY_OVER = "emergency-over"
    """The token's time is up, and the emergency was not closed."""


BAD = frozenset(Kind) - {Kind.RECOVERED, Kind.KNOWN_AGAIN, Kind.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Incident:
    """An emergency that is open."""

    id: str
    server: str
    began: datetime
    is_over: bool
    """Whether its token's time is up."""


@dataclass(frozen=True, slots=True)
class Now:
    """What a round has found, beside the credentials."""

    at: datetime
    clock_jumped: bool = False
    backup: datetime | None = None
    """When the newest backup was made, None = there is none, or it could not be found out."""
    backup_lacks: str = ""
    """What the newest backup lacks, in words; "" = nothing, or not known."""
    incidents: Sequence[Incident] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """When to speak."""

    days_ahead: Sequence[int] = (14, 7, 3, 1)
    """Days before a credential ends."""
    backup_days: int = 30
    """A backup older than that is too old; 0 = its age does not matter."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to tell."""

    kind: Kind
    key: str
    """The credential's, or the incident's id; "" for the backup."""
    days: int = 0
    """Days until the credential ends, or of the backup's age."""
    before: str = ""
    """For KNOWN_AGAIN and RECOVERED: what it was before: `fail`, `ok` or `unknown`."""


@dataclass
class _Told:
    """What people know of one credential."""

    told: str = ""
    """`ok`, `fail`, `unknown`; "" = nothing yet."""
    cause: str = ""
    before: str = ""
    """What was told before `unknown`."""
    silent: int = 0
    """Rounds without an answer since then, at most `PATIENCE`."""
    days: int | None = None
    """Its end was told when it was so many days off."""
    left: str = ""
    """When it was last configured, "" = it is."""

    @classmethod
    def of(cls, data: object) -> "_Told":
        made = cls()
        if isinstance(data, dict):
            for name in ("told", "cause", "before", "left"):
                setattr(made, name, data.get(name) if isinstance(data.get(name), str) else "")
            for name in ("silent", "days"):
                value = data.get(name)
                if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_DAYS:
                    setattr(made, name, value)
        return made

    def data(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("told", "cause", "before", "silent", "left")}
        kept: dict[str, Any] = {name: value for name, value in told.items() if value}
        return kept if self.days is None else kept | {"days": self.days}


@dataclass
class _Memory:
    credentials: dict[str, _Told] = field(default_factory=dict)
    backup: str = ""
    incidents: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "_Memory":
        credentials, incidents = data.get("credentials"), data.get("incidents")
        backup = data.get("backup")
        return cls(
            {key: _Told.of(each) for key, each in credentials.items()}
            if isinstance(credentials, dict)
            else {},
            backup if isinstance(backup, str) else "",
            {key: dict(each) for key, each in incidents.items() if isinstance(each, dict)}
            if isinstance(incidents, dict)
            else {},
        )

    def data(self) -> dict[str, Any]:
        return {
            "credentials": {key: each.data() for key, each in sorted(self.credentials.items())},
            "backup": self.backup,
            "incidents": self.incidents,
        }


def changes_of(
    memory: Mapping[str, Any], states: Mapping[str, Condition], now: Now, limits: Limits
) -> tuple[tuple[Change, ...], dict[str, Any]]:
    """What to tell now, and what to remember. In: what the round before remembered ({} = there was none)."""
    known = _Memory.of(memory)
    told: list[Change] = []
    for key, how in states.items():
        one = known.credentials.setdefault(key, _Told())
        one.left = ""
        told += _of_state(key, how, one)
        told += _of_end(key, how, one, now, limits)
    _forget(known, states.keys(), now.at)
    told += _of_backup(known, now, limits)
    told += _of_incidents(known, now)
    return tuple(told), known.data()


def _of_state(key: str, how: Condition, one: _Told) -> Iterator[Change]:
    if how.status is Status.SKIP:
        return
    if how.status is Status.UNKNOWN:
        if one.told == "unknown":
            return
        one.silent = min(one.silent + 1, PATIENCE)
        if one.silent < PATIENCE or (how.outcome in {NOBODY, NOT_HERE} and one.told):
            return
        one.before, one.told, one.silent = one.told, "unknown", 0
        yield Change(Kind.UNKNOWN, key)
        return
    one.silent = 0
    before, cause = one.told, one.cause
    if how.status in _GOOD:
        one.told, one.cause = "ok", ""
        if before == "fail" or (before == "unknown" and one.before == "fail"):
            yield Change(Kind.RECOVERED, key, before="fail")
        elif before == "unknown":
            yield Change(Kind.KNOWN_AGAIN, key, before="unknown")
    else:
        one.told, one.cause = "fail", how.cause
        if before != "fail":
            yield Change(Kind.FAILING, key, before=before)
        elif cause != how.cause:
            yield Change(Kind.OTHERWISE, key, before=before)
    one.before = ""


def _of_end(key: str, how: Condition, one: _Told, now: Now, limits: Limits) -> Iterator[Change]:
    if how.expires is None or now.clock_jumped:
        return
    left = how.expires - now.at
    if one.days is not None and left > timedelta(days=one.days + 1):
        one.days = None  # it was renewed, or the clock that said so was wrong
    steps = [each for each in limits.days_ahead if left <= timedelta(days=each)]
    if not steps or how.status is Status.FAIL or left <= timedelta():
        return
    if one.days is None or min(steps) < one.days:
        one.days = min(steps)
        yield Change(Kind.EXPIRING, key, days=max(left.days, 0))


def _forget(known: _Memory, there: Iterable[str], now: datetime) -> None:
    for key in known.credentials.keys() - set(there):
        one = known.credentials[key]
        one.left = one.left or now.isoformat(timespec="seconds")
        if _passed(one.left, now) > _FORGET:
            del known.credentials[key]


def _of_backup(known: _Memory, now: Now, limits: Limits) -> Iterator[Change]:
    if now.backup is None or now.clock_jumped:
        return
    age = now.at - now.backup
    mark = now.backup.isoformat(timespec="seconds")
    is_old = bool(limits.backup_days) and age > timedelta(days=limits.backup_days)
    if (is_old or now.backup_lacks) and known.backup != mark:
        known.backup = mark
        yield Change(Kind.BACKUP_OLD, "", days=max(age.days, 0))


def _of_incidents(known: _Memory, now: Now) -> Iterator[Change]:
    there = {each.id: each for each in now.incidents}
    known.incidents = {key: each for key, each in known.incidents.items() if key in there}
    for key, one in there.items():
        kind = Kind.EMERGENCY_OVER if one.is_over else Kind.EMERGENCY_OPEN
        before = known.incidents.get(key, {})
        is_new = before.get("told") != kind.value
        if is_new or (_passed(before.get("at", ""), now.at) >= _REMIND and not now.clock_jumped):
            known.incidents[key] = {"told": kind.value, "at": now.at.isoformat(timespec="seconds")}
            yield Change(kind, key)


def _passed(since: str, now: datetime) -> timedelta:
    """How far apart they are, whichever way: a clock that was set back must not keep us silent for years."""
    try:
        return abs(now - datetime.fromisoformat(since))
    except (ValueError, TypeError):
        return timedelta.max
