"""One remedy carried out, read back from the records of the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from diagnostics.text import clean
from recovery.model import Ask, AskKind


class Event(StrEnum):
    """What a record says. The first six are about one step, the rest about the operation."""

    INTENT = "intent"
    """The step is about to be done."""
    APPLIED = "applied"
    VERIFIED = "verified"
    FAILED_STEP = "failed-step"
    """It was not done; nothing of it stays."""
    TAKEN_BACK = "taken-back"
    STAYS = "stays"
    """It could not be taken back."""
    PLANNED = "planned"
    DONE = "done"
    FAILED = "failed"
    """Given up; what its steps say is where it stands."""
    UNDOING = "undoing"
    UNDONE = "undone"
    FORGOTTEN = "forgotten"
    """Done long ago; what was kept for its undo is let go."""
    NOTE = "note"
    """No step: a deed recorded for the audit alone (an entry read by name, a run)."""


OPEN = frozenset({Event.PLANNED, Event.UNDOING})
_ENDS = frozenset({Event.DONE, Event.FAILED, Event.UNDONE, Event.FORGOTTEN})


@dataclass(frozen=True, slots=True)
class StepRecord:
    """Where one step of an operation stands."""

    kind: str
    title: str
    data: Mapping[str, Any]
    last: Event | None = None
    """The newest record about it; None = not begun."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """What `apply` returned, {} where the crash came before that record."""

    @property
    def may_stand(self) -> bool:
        """Whether its change may be in the world."""
        return self.last in {Event.INTENT, Event.APPLIED, Event.VERIFIED, Event.STAYS}


@dataclass(frozen=True, slots=True)
class Operation:
    """One remedy carried out, as the trail tells it."""

    id: str
    at: str
    """When it began, UTC, ISO 8601."""
    remedy: str
    title: str
    finding: str
    steps: tuple[StepRecord, ...]
    state: Event
    """PLANNED or UNDOING = it is half done; DONE, FAILED, UNDONE or FORGOTTEN."""
    error: str = ""
    changed: str = ""
    """When it got into this state, UTC, ISO 8601."""
    asks: tuple[Ask, ...] = ()
    """What the person was asked; () also where an earlier version did not record it."""

    @property
    def is_open(self) -> bool:
        """Whether it was begun and has no end: it runs, or was cut off half-way."""
        return self.state in OPEN

    @property
    def can_be_undone(self) -> bool:
        """Whether `undo` has something to take back."""
        over = {Event.UNDONE, Event.FORGOTTEN}
        return any(step.may_stand for step in self.steps) and self.state not in over


def ask_data(ask: Ask) -> dict[str, Any]:
    """A question as the trail takes it. It holds no answer."""
    return {
        "name": ask.name,
        "kind": ask.kind.value,
        "prompt": clean(ask.prompt),
        "hint": clean(ask.hint),
        "choices": [[value, clean(words)] for value, words in ask.choices],
        "provider": ask.provider,
        "optional": ask.optional,
        "about": dict(ask.about),
    }


def read_ask(data: Mapping[str, Any]) -> Ask:
    """The question that `ask_data` wrote. Raises KeyError, ValueError or TypeError where it is none."""
    provider = data.get("provider")
    return Ask(
        str(data["name"]),
        AskKind(data["kind"]),
        clean(str(data["prompt"])),
        clean(str(data.get("hint", ""))),
        tuple((str(value), clean(str(words))) for value, words in data.get("choices", ())),
        None if provider is None else str(provider),
        data.get("optional") is True,
        {str(name): clean(str(value)) for name, value in data.get("about", {}).items()},
    )


def operation_told_by(records: Sequence[Mapping[str, Any]]) -> Operation | None:
    """The operation that these records, in order, are about; None where they make no sense."""
    plan = records[0]
    if plan.get("event") != Event.PLANNED:
        return None
    try:
        steps = [
            StepRecord(str(each["kind"]), clean(str(each["title"])), dict(each["data"]))
            for each in plan["steps"]
        ]
        asks = tuple(read_ask(each) for each in plan.get("asks", ()))
        state, error, changed = Event.PLANNED, "", clean(str(plan.get("at", "")))
        for record in records[1:]:
            event = Event(record["event"])
            if "step" in record:
                at = int(record["step"])
                old = steps[at]
                steps[at] = StepRecord(old.kind, old.title, old.data, event, record.get("kept", old.kept))
            elif event in _ENDS or event in OPEN:
                state, changed = event, clean(str(record.get("at", "")))
            error = clean(str(record["error"])) if record.get("error") else error
    except (KeyError, ValueError, TypeError, IndexError, AttributeError):
        return None
    return Operation(
        id=str(plan["op"]),
        at=clean(str(plan.get("at", ""))),
        remedy=clean(str(plan.get("remedy", ""))),
        title=clean(str(plan.get("title", ""))),
        finding=clean(str(plan.get("finding", ""))),
        steps=tuple(steps),
        state=state,
        error=error,
        changed=changed,
        asks=asks,
    )
