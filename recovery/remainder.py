"""What an operation that was cut off still has to do, and what the person must be asked for again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostics.secret import Secret
from recovery.model import Answers, Ask, AskKind, Change, RecoveryError, Remedy, Step
from recovery.operation import Event, Operation
from recovery.ports import RecoveryWorld
from recovery.steps import read_step


@dataclass(frozen=True, slots=True)
class Remainder:
    """Where an interrupted operation stands in the world now."""

    remedy: Remedy
    """All its steps, and only the questions that the steps which are left need."""
    done: Mapping[int, tuple[Step, Mapping[str, str]]]
    """By number: steps that stand, with what they kept."""
    unrecorded: tuple[int, ...]
    """Those of `done` that the trail does not know to be done."""
    half: tuple[int, ...]
    """Numbers of steps that were begun and do not stand: they are taken back and begin anew."""
    todo: tuple[tuple[int, Step], ...] = field(default=())
    """What is left, `half` among it, in order."""

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """What finishing will change. A step that can't tell while half of it stands is named by its title."""
        changes: list[Change] = []
        for number, step in self.todo:
            try:
                changes += step.preview(world)
            except RecoveryError:
                changes.append(Change(step.title, "half done" if number in self.half else "not done", "done"))
        return changes


def remainder(operation: Operation, world: RecoveryWorld) -> Remainder:
    """Looks at what stands, without changing it; leads the world to the bus that the operation started or chose.

    Raises:
        RecoveryError: it can't be finished by this version, or from its record: it can be taken back.
    """
    reach(operation, world)
    done: dict[int, tuple[Step, Mapping[str, str]]] = {}
    todo: list[tuple[int, Step]] = []
    unrecorded, half = [], []
    for number, record in enumerate(operation.steps):
        step = read_step(record.kind, record.data)
        # What is recorded as done is looked at too: a restart of the computer ends a bus.
        if record.may_stand and _stands(step, world):
            is_recorded = record.last in {Event.APPLIED, Event.VERIFIED}
            recall = getattr(step, "recall", None)
            kept = recall() if recall and not is_recorded else record.kept
            _go_to(kept, world)
            done[number] = (step, kept)
            if not is_recorded:
                unrecorded.append(number)
        else:
            if record.may_stand:
                half.append(number)
            todo.append((number, step))
    remedy = Remedy(
        operation.remedy,
        operation.title,
        "",
        operation.finding,
        tuple(read_step(each.kind, each.data) for each in operation.steps),
        _needed([step for _, step in todo], operation),
    )
    return Remainder(remedy, done, tuple(unrecorded), tuple(half), tuple(todo))


def reach(operation: Operation, world: RecoveryWorld) -> None:
    """The keychain stands on the bus that the operation started or chose: go there."""
    for record in operation.steps:
        if record.may_stand:
            _go_to(record.kept, world)


def unanswered(remedy: Remedy, answers: Answers) -> str:
    """The first question without a usable answer, "" = none."""
    for ask in remedy.asks:
        answer = answers.get(ask.name)
        if answer is None or (not answer and not ask.optional):
            return ask.prompt
        if ask.kind is AskKind.CHOICE and all(answer != Secret(value) for value, _ in ask.choices):
            return ask.prompt
    return ""


def _needed(steps: list[Step], operation: Operation) -> tuple[Ask, ...]:
    names = {name for step in steps for name in getattr(step, "needs", ())}
    missing = names - {ask.name for ask in operation.asks}
    if missing:
        raise RecoveryError(
            f"finishing it needs the {' and the '.join(sorted(missing))}, and an earlier version of mcp-doctor did "
            f"not record how to ask for it: take it back with `mcp-doctor undo {operation.id}`, then mend anew"
        )
    return tuple(ask for ask in operation.asks if ask.name in names)


def _go_to(kept: Mapping[str, str], world: RecoveryWorld) -> None:
    address = kept.get("address")
    if address and world.host.env.get("DBUS_SESSION_BUS_ADDRESS") != address:
        world.use_bus(address)


def _stands(step: Step, world: RecoveryWorld) -> bool:
    try:
        step.verify(world)
    except RecoveryError:
        return False
    return True
