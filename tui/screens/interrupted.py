"""At the start: operations that were cut off half-way, to be finished or taken back before anything else."""

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from tui.actions import WHY, Action
from tui.disk import from_disk
from tui.doctor import Doctor
from tui.mending import bring_to_an_end, say, say_error, words_of
from tui.screens.dialog import Dialog
from tui.screens.undo_asks import ask_before_undo
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.journal import Operation
    from recovery.model import Answers
    from recovery.runner import Outcome

_FINISH = Action("finish", "f", "f", "finish it", "Do the steps that are left; shows them first, and asks.")
_BACK = Action("take_back", "t", "t", "take it back", "Undo the steps that were done.")
_LATER = Action("close", "escape", "Esc", "later", "Leave it as it is; you are asked again next time.")


class InterruptedScreen(Dialog[str]):
    """Gives `finish`, `back`, or None for later."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (_FINISH, _BACK, WHY, _LATER)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "finish", show=False),
        Binding("t", "take_back", show=False),
        Binding(WHY.key, "why", show=False),
    ]

    END: ClassVar[str] = "Nothing is lost: it can be finished, or taken back to how it was before."

    def __init__(self, operation: "Operation") -> None:
        lines = [
            Content("The doctor (or this computer) was stopped in the middle of this:"),
            Content(""),
            Content.styled(f"  {operation.title}", "bold"),
            Content.styled(f"  begun {operation.at[:16].replace('T', ' ')} UTC", "$foreground-muted"),
            Content(""),
            *(
                Content(
                    f"  {'✓ done' if step.last and step.last.value == 'verified' else '? may be done' if step.may_stand else '· not done'}"
                    f"  {step.title}"
                )
                for step in operation.steps
            ),
            Content(""),
            Content(self.END),
        ]
        super().__init__("Something was left half done", Content("\n").join(lines))

    def action_finish(self) -> None:
        """Finish."""
        self.dismiss("finish")

    def action_why(self) -> None:
        """Why this comes first, and what either way does."""
        from tui.screens.why import open_why

        open_why(self.app, "interrupted")

    def action_take_back(self) -> None:
        """Take back."""
        self.dismiss("back")


class OnlyBackScreen(InterruptedScreen):
    """For one that was being taken back, or can't be finished: gives `back`, or None for later."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (_BACK, WHY, _LATER)
    END: ClassVar[str] = "Nothing is lost: it can be taken back to how it was before."

    def action_finish(self) -> None:
        """Not here."""


def look_for_interrupted(doctor: Doctor) -> None:
    """Reads the journal in a thread; asks about the newest operation that was left half done."""

    def job() -> "list[Operation]":
        from recovery.journal import Journal

        return from_disk(Journal(doctor.session.host).interrupted, "the audit trail")

    def unknown(error: Exception) -> None:
        title = "Whether something was left half done is not known"
        doctor.notify(words_of(error), title=title, severity="warning", timeout=20, markup=False)

    def show(operations: "list[Operation]") -> None:
        if operations:
            ask_about(doctor, operations[-1])

    in_background(doctor, job, show, unknown, "interrupted")


def ask_about(doctor: Doctor, operation: "Operation", *, can_finish: bool = True) -> None:
    """Asks what to do about an operation that was left half done, and does it."""
    from recovery.operation import Event

    can_finish = can_finish and operation.state is Event.PLANNED
    screen = InterruptedScreen(operation) if can_finish else OnlyBackScreen(operation)
    doctor.push_screen(screen, lambda choice: _bring_to_an_end(doctor, operation, choice))


def _bring_to_an_end(doctor: Doctor, operation: "Operation", choice: str | None) -> None:
    if choice == "finish":
        from tui.screens.finish import open_finish

        def impossible(error: Exception) -> None:
            say_error(doctor, error)
            ask_about(doctor, operation, can_finish=False)

        open_finish(doctor, operation, lambda: look_for_interrupted(doctor), impossible)
    elif choice == "back":

        def done(outcome: "Outcome") -> None:
            say(doctor, outcome, f"Taken back: {operation.title}")
            doctor.look()
            look_for_interrupted(doctor)

        def broke(error: Exception) -> None:
            say_error(doctor, error)

        def go(answers: "Answers") -> None:
            bring_to_an_end(doctor, operation, done, broke, finish=False, answers=answers)

        def left() -> None:
            look_for_interrupted(doctor)

        ask_before_undo(doctor, operation.id, operation.title, go, left, broke)
