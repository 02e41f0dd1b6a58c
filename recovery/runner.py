"""Carries a remedy out: record, apply, record, verify, record. A step that fails takes back the earlier ones.

Also takes back a finished operation (`undo`) and brings a crashed one to an end (`resume`). Synchronous: the app
calls it in a thread. Nothing here raises for what can go wrong in the world; the outcome says it.
"""

import dataclasses
import secrets
from collections.abc import Callable

from diagnostics.secret import Scrubber
from diagnostics.stores.choice import in_words_of_the_file, uses_file_store
from diagnostics.text import clean
from recovery.journal import Event, Journal, Operation
from recovery.model import Answers, Ask, Change, RecoveryError, Remedy
from recovery.operation import OPEN, ask_data
from recovery.outcome import Notify, Outcome, Phase, Progress, Result
from recovery.ports import RecoveryWorld
from recovery.remainder import unanswered
from recovery.retention import KEPT_FOR
from recovery.run import Run
from recovery.steps import step_data, step_kinds
from recovery.twin_count import CountingWorld

__all__ = [
    "Notify",
    "Outcome",
    "Phase",
    "Progress",
    "Result",
    "asks_to_undo",
    "carry_out",
    "preview",
    "resume",
    "undo",
]


def preview(remedy: Remedy, world: RecoveryWorld) -> list[Change]:
    """What would be different afterwards; changes nothing.

    Raises:
        RecoveryError: it can't work on this host as things stand.
    """
    changes = [change for step in remedy.steps for change in step.preview(world)]
    if not uses_file_store(world.host):
        return changes
    said = in_words_of_the_file
    return [dataclasses.replace(each, before=said(each.before), after=said(each.after)) for each in changes]


def carry_out(
    remedy: Remedy,
    answers: Answers,
    world: RecoveryWorld,
    journal: Journal,
    notify: Notify = lambda _progress: None,
) -> Outcome:
    """Does what the remedy says. Never raises for the world's troubles; an interrupt takes back and goes on.

    In: `answers` for each of `remedy.asks`; consent has been given.
    """
    scrub = _scrubber(answers)
    missing = unanswered(remedy, answers)
    if missing or not remedy.steps:
        said = (
            f"an answer is missing: {missing}" if missing else "only you can do this: follow the lines above"
        )
        return Outcome(Result.REFUSED, "", remedy.title, said, host=world.host)
    operation = secrets.token_hex(4)
    try:
        for step in remedy.steps:
            getattr(step, "make_sure_of", _nothing)(world, answers)
        with journal.operating():
            journal.append(
                Event.PLANNED,
                operation,
                remedy=remedy.id,
                title=clean(remedy.title),
                finding=clean(remedy.finding),
                steps=[
                    {"kind": step.kind, "title": clean(step.title), "data": step_data(step)}
                    for step in remedy.steps
                ],
                asks=[ask_data(ask) for ask in remedy.asks],
            )
            run = Run(operation, remedy.title, CountingWorld(world), journal, notify, scrub, answers)
            return run.forward(list(enumerate(remedy.steps)), {}, answers)
    except RecoveryError as error:
        return Outcome(Result.REFUSED, "", remedy.title, scrub(error), host=world.host)


def _nothing(_world: RecoveryWorld, _answers: Answers) -> None:
    return None


def undo(
    wanted: str | None,
    world: RecoveryWorld,
    journal: Journal,
    notify: Notify = lambda _progress: None,
    answers: Answers | None = None,
) -> Outcome:
    """Takes back the operation with this id; None = the one that was cut off half-way, else the last one done.

    In: `answers` to the questions of `asks_to_undo`; a step whose answer is missing stays, and its words say so.
    """
    given: Answers = answers or {}
    scrub = _scrubber(given)
    try:
        with journal.operating():
            operation = _to_undo(wanted, journal)
            run = Run(operation.id, operation.title, CountingWorld(world), journal, notify, scrub, given)
            return run.back(operation)
    except RecoveryError as error:
        return Outcome(Result.REFUSED, wanted or "", "Undo", scrub(error), host=world.host)


def asks_to_undo(wanted: str | None, journal: Journal) -> tuple[Ask, ...]:
    """What must be asked again before an operation can be taken back; most can be without. Never raises."""
    try:
        operation = _to_undo(wanted, journal)
        kinds = {each.kind for each in operation.steps if each.may_stand}
    except RecoveryError:
        return ()  # `undo` says why
    names = {name for kind in kinds for name in getattr(step_kinds().get(kind), "undo_needs", ())}
    return tuple(each for each in operation.asks if each.name in names)


def resume(
    wanted: str,
    world: RecoveryWorld,
    journal: Journal,
    *,
    finish: bool,
    answers: Answers | None = None,
    notify: Notify = lambda _progress: None,
) -> Outcome:
    """Brings an interrupted operation (`Journal.interrupted`) to an end: finishes it, or takes it back.

    In: `answers` to the questions of `remainder.remainder(…).remedy` when finishing (no answer is in the journal).
    Finishing that fails at a step leaves the operation interrupted (HALF_DONE): it can be tried again or taken back.
    """
    given: Answers = answers or {}
    scrub = _scrubber(given)
    try:
        with journal.operating():
            operation = journal.operation(wanted)
            if operation is None or operation.state not in {Event.PLANNED, Event.UNDOING}:
                raise RecoveryError(f'no operation "{clean(wanted)}" was interrupted')
            run = Run(operation.id, operation.title, CountingWorld(world), journal, notify, scrub, given)
            if not finish or operation.state is Event.UNDOING:
                return run.back(operation)
            return run.go_on(operation, given)
    except RecoveryError as error:
        return Outcome(Result.REFUSED, wanted, "Resume", scrub(error), host=world.host)


def _to_undo(wanted: str | None, journal: Journal) -> Operation:
    operations = journal.operations()
    if wanted is None:
        # The one that was cut off comes first: the others stand as the person wanted them.
        newest = [*reversed(operations)]
        cut_off = next((each for each in newest if each.state in OPEN), None)
        found = cut_off or next((each for each in newest if each.state is Event.DONE), None)
        if found is None:
            raise RecoveryError("there is nothing to take back: no operation is recorded as done")
        return found
    found = next((each for each in operations if each.id == wanted), None)
    if found is None:
        raise RecoveryError(f'no operation "{clean(wanted)}" is recorded: `mcp-doctor audit show` lists them')
    if found.state is Event.FORGOTTEN:
        raise RecoveryError(
            f"operation {found.id} can't be taken back any more: the earlier value that was kept for it was deleted "
            f"after {KEPT_FOR.days} days, or when its servers had started with the new one; nothing was changed"
        )
    if not found.can_be_undone and found.state not in OPEN:
        raise RecoveryError(f"operation {found.id} has nothing left to take back")
    return found


def _scrubber(answers: Answers) -> Callable[[object], str]:
    scrubber = Scrubber(answers.values())
    return lambda text: clean(scrubber.scrub(str(text)))
