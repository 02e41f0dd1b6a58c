"""The trail as an account of deeds, one a row: who did what, when, why, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted
from recovery.operation import OPEN, Event, operation_told_by
from recovery.trail.actor import told
from recovery.trail.record import Record

_STATES = {
    Event.PLANNED: "half done",
    Event.UNDOING: "half taken back",
    Event.DONE: "done",
    Event.FAILED: "failed",
    Event.UNDONE: "taken back",
    Event.FORGOTTEN: "done",
}
_STEPS = {
    None: "not begun",
    Event.INTENT: "may be done",
    Event.APPLIED: "done",
    Event.VERIFIED: "done",
    Event.FAILED_STEP: "not done",
    Event.TAKEN_BACK: "taken back",
    Event.STAYS: "could not be taken back",
}
_PLUMBING = {
    "at",
    "boot",
    "event",
    "hash",
    "host",
    "key",
    "machine",
    "n",
    "op",
    "pid",
    "previous",
    "seat",
    "session",
    "since_boot",
    "trail",
    "uid",
    "user",
    "who",
    "torn",
    "missed",
    "unkeyed_before",
    "emergency",
}
"""Fields that every record has, or that only the trail itself needs."""
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True, slots=True)
class Row:
    """One deed."""

    operation: str
    at: str
    """When it began, UTC, ISO 8601."""
    changed: str
    """When it got into this state."""
    state: str
    what: str
    why: str
    """Reason, ticket and the finding that it mends, as far as they are known."""
    who: str
    host: str
    session: str
    error: str
    steps: tuple[tuple[str, str], ...]
    """Title and state of each."""
    records: tuple[Record, ...]
    emergency: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it was begun and has no end."""
        return self.state.startswith("half")

    def data(self) -> dict[str, Any]:
        """Everything but the records, as plain data."""
        return {
            "operation": self.operation,
            "at": self.at,
            "changed": self.changed,
            "state": self.state,
            "what": self.what,
            "why": self.why,
            "who": self.who,
            "host": self.host,
            "session": self.session,
            "error": self.error,
            "emergency": self.emergency,
            "steps": [{"title": title, "state": state} for title, state in self.steps],
        }


def ledger(records: Sequence[Record], since: datetime | None = None, operation: str = "") -> list[Row]:
    """The deeds, the newest first. In: `since` = those that changed at that time or later; `operation` = that one alone."""
    by_id: dict[str, list[Record]] = {}
    for record in records:
        by_id.setdefault(str(record.get("op")), []).append(record)
    rows = [_row(found) for name, found in by_id.items() if not operation or name == operation]
    if since is not None:
        rows = [each for each in rows if (at := _time(each.changed)) is None or at >= since]
    order = {name: place for place, name in enumerate(by_id)}
    return sorted(rows, key=lambda row: (row.at, order.get(row.operation, 0)), reverse=True)


def moment(text: str, now: datetime | None = None) -> datetime:
    """A date, a time (UTC where it names no zone), or how long ago: `2026-11-23`, `2026-11-23T12:00`, `30m`, `7d`.

    Raises:
        ValueError: it is none of these.
    """
    if text[-1:] in _UNITS and text[:-1].isdigit() and len(text) < 8:
        return (now or datetime.now(UTC)) - timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def cleaned(value: Any) -> Any:
    """Plain data in which no text holds a control character, or what looks like a pasted credential."""
    if isinstance(value, str):
        return mask_pasted(clean(value, 4000))
    if isinstance(value, Mapping):
        return {cleaned(str(name)): cleaned(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(each) for each in value]
    return value


def told_in_words(record: Record) -> str:
    """What a record says beyond who, when and where, in one line."""
    parts = []
    for name, value in record.items():
        if name in _PLUMBING or name in {"steps", "asks"} or value in ("", None, {}, []):
            continue
        parts.append(
            f"{name}={value}" if isinstance(value, str | int | float) else f"{name}: {_inner(value)}"
        )
    return _safe(", ".join(parts), 1000)


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={each}" for name, each in value.items())
    return " ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _row(records: Sequence[Record]) -> Row:
    first, last = records[0], records[-1]
    deeds = [each for each in records if each.get("event") != Event.NOTE]
    told_of = operation_told_by(deeds) if deeds else None
    who = first.get("who")
    why = [
        _text(record, name, f"{name} ")
        for name in ("reason", "ticket")
        for record in records
        if record.get(name)
    ][:2]
    if told_of is not None and told_of.finding:
        why.append(f"finding {told_of.finding}")
    return Row(
        operation=_safe(str(first.get("op", "")), 40),
        at=_text(first, "at"),
        changed=told_of.changed if told_of is not None else _text(last, "at"),
        state=_state(told_of.state if told_of is not None else None, deeds),
        what=_safe(told_of.title if told_of is not None else _noted(first), 300),
        why=_safe(", ".join(why), 400),
        who=_safe(
            told(dict(who) if isinstance(who, Mapping) else {}, _text(first, "user"), first.get("uid")), 300
        ),
        host=_text(first, "host"),
        session=_text(first, "session"),
        error=_safe(told_of.error, 1000) if told_of is not None else "",
        steps=tuple((_safe(each.title, 200), _STEPS.get(each.last, "")) for each in told_of.steps)
        if told_of is not None
        else (),
        records=tuple(records),
        emergency=any(
            each.get("emergency") or str(each.get("remedy", "")).startswith("emergency") for each in records
        ),
    )


def _state(state: Event | None, deeds: Sequence[Record]) -> str:
    if state is None:
        return "noted" if not deeds else "not clear"
    return _STATES.get(state, "half done" if state in OPEN else state.value)


def _noted(record: Record) -> str:
    for name in ("title", "what", "note", "remedy"):
        if isinstance(record.get(name), str) and record[name]:
            return str(record[name])
    return told_in_words(record) or str(record.get("event", ""))


def _text(record: Record, name: str, before: str = "") -> str:
    value = record.get(name)
    return before + _safe(str(value), 300) if value not in (None, "") else ""


def _safe(text: str, limit: int) -> str:
    return mask_pasted(clean(text, limit))


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
