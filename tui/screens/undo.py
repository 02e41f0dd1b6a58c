"""Taking back the last operation: what it was, what it needs to know, then the outcome."""

from typing import TYPE_CHECKING

from textual.content import Content

from tui.disk import from_disk
from tui.doctor import Doctor
from tui.mending import say, say_error, take_back
from tui.screens.confirm import ConfirmScreen
from tui.screens.interrupted import ask_about
from tui.screens.undo_asks import ask_before_undo
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.journal import Operation
    from recovery.model import Answers
    from recovery.runner import Outcome


def open_undo(doctor: Doctor) -> None:
    """Looks up the last operation in a thread, then asks; one that was left half done comes first."""

    def job() -> "Operation | None":
        from recovery.journal import Event, Journal

        journal = Journal(doctor.session.host)
        done = [each for each in journal.operations() if each.state is Event.DONE]
        found = journal.interrupted() or done
        return found[-1] if found else None

    in_background(
        doctor,
        lambda: from_disk(job, "the audit trail"),
        lambda found: _ask(doctor, found),
        lambda error: say_error(doctor, error),
        "undo-look",
    )


def _ask(doctor: Doctor, operation: "Operation | None") -> None:
    if operation is None:
        doctor.notify("Nothing was mended yet, so there is nothing to take back.")
        return
    if operation.is_open:
        ask_about(doctor, operation)
        return
    title = operation.title
    lines = [
        Content.styled(title, "bold"),
        Content.styled(f"done {operation.at[:16].replace('T', ' ')} UTC", "$foreground-muted"),
        Content(""),
        Content("These steps are taken back, the last one first:"),
        *(Content(f"  • {step.title}") for step in reversed(operation.steps) if step.may_stand),
        Content(""),
        Content.styled(
            "A step refuses when things have changed since: then it stays as it is.", "$foreground-muted"
        ),
    ]

    def done(outcome: "Outcome") -> None:
        say(doctor, outcome, f"Taken back: {title}")
        doctor.look()

    def broke(error: Exception) -> None:
        say_error(doctor, error)

    def go(answers: "Answers") -> None:
        take_back(doctor, operation.id, title, answers, done, broke)

    def agreed(yes: bool | None) -> None:
        if yes:
            ask_before_undo(doctor, operation.id, title, go, lambda: None, broke)

    doctor.push_screen(ConfirmScreen("Take back?", Content("\n").join(lines), "take it back", "undo"), agreed)
