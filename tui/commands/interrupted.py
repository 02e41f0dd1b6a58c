"""What a crash left half done, at a plain terminal: finished or taken back before anything else is begun."""

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from diagnostics.model import Status
from diagnostics.secret import Secret
from diagnostics.tokens.remark import Remark
from recovery.model import Ask, RecoveryError, Risk
from tui import terminal
from tui.session import DoctorSession

if TYPE_CHECKING:
    from recovery.journal import Journal, Operation
    from recovery.outcome import Outcome


def settle(session: DoctorSession, *, harmless: bool = False) -> DoctorSession | None:
    """Asks about each operation that was left half done; without a terminal it is only said.

    In: `harmless` = what follows rests on nothing that may be half done. Out: the session to go on with (finishing
    may have led to another bus), None = do not go on.
    """
    from recovery.journal import Journal

    journal = Journal(session.host)
    try:
        found = journal.interrupted()
    except RecoveryError:
        return session  # the deed itself will say why the trail can't be read
    if not found:
        return session
    if not terminal.can_ask():
        terminal.warn_of_interrupted(session.host)
        if harmless or not any(_lasts(each) for each in found):
            return session
        sys.stderr.write("Nothing was done: finish that first, or take it back.\n")
        return None
    for operation in reversed(found):
        session = _ask(session, operation, journal)
    return session


def _lasts(operation: "Operation") -> bool:
    """Whether a step may stand that changes something that lasts."""
    from recovery.steps import step_kinds

    kinds = step_kinds()
    return any(
        each.may_stand and (each.kind not in kinds or kinds[each.kind].risk is not Risk.SAFE)
        for each in operation.steps
    )


def _ask(session: DoctorSession, operation: "Operation", journal: "Journal") -> DoctorSession:
    from recovery.operation import Event

    begun = operation.at[:16].replace("T", " ")
    terminal.say("", f'This was left half done: "{operation.title}", begun {begun} UTC.')
    for step in operation.steps:
        terminal.say(f"  - {step.title}: {'may be done' if step.may_stand else 'not done'}")
    can_finish = operation.state is Event.PLANNED
    while True:
        offered = f"{'(f)inish it, ' if can_finish else ''}(t)ake it back, (l)ater, (w)hy"
        match terminal.typed(f"{offered}? ").lower():
            case "f" | "finish" if can_finish:
                outcome = _finish(session, operation, journal)
            case "t" | "take it back":
                outcome = _take_back(session, operation, journal)
            case "l" | "later":
                return session
            case "w" | "?":
                terminal.say_why("interrupted")
                continue
            case _:
                continue
        if outcome is not None:
            terminal.say(f"  {'Done.' if outcome.ok else outcome.error}", *outcome.notes)
            session = dataclasses.replace(session, host=outcome.host or session.host)
        if journal.operation(operation.id) not in journal.interrupted():
            return session


def _take_back(session: DoctorSession, operation: "Operation", journal: "Journal") -> "Outcome":
    from recovery.runner import asks_to_undo, resume

    answers = terminal.ask_all(asks_to_undo(operation.id, journal))
    return resume(operation.id, session.open_world(session.host), journal, finish=False, answers=answers)


def _finish(session: DoctorSession, operation: "Operation", journal: "Journal") -> "Outcome | None":
    """Shows what is left, asks, does it; None = it was not begun."""
    from recovery.remainder import remainder
    from recovery.runner import resume

    world = session.open_world(session.host)
    try:
        left = remainder(journal.operation(operation.id) or operation, world)
        changes = left.preview(world)
    except RecoveryError as error:
        terminal.say(f"  {error}")
        return None
    rest = dataclasses.replace(left.remedy, steps=tuple(step for _, step in left.todo), why="What is left:")
    terminal.describe(rest, changes)
    if not terminal.consent(rest):
        return None

    def judge(ask: Ask, value: Secret) -> Sequence[Remark]:
        from diagnostics.tokens.new_token import ask_about, look_at
        from recovery.rotation import remarks_on_finishing

        beside = remarks_on_finishing(left, value, world)
        if any(each.status is Status.FAIL for each in beside):
            return beside
        token = look_at(value, ask.provider)
        if token.provider is None or any(each.status is Status.FAIL for each in token.remarks):
            return [*beside, *token.remarks]
        return [
            *beside,
            *token.remarks,
            ask_about(value, token.provider, None, session.host, session.options),
        ]

    from tui.signing_in import at_terminal

    try:
        answers = terminal.ask_all(rest.asks, judge=judge, log_in=at_terminal(world))
    except RecoveryError as error:
        terminal.say(f"  {error}")
        return None
    return resume(operation.id, world, journal, finish=True, answers=answers)
