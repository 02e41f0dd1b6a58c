"""At the start: operations that were cut off half-way, to be finished or taken back before anything else."""

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from tui.actions import Action
from tui.mending import bring_to_an_end, say, say_error
from tui.screens.dialog import Dialog
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.journal import Operation
    from recovery.runner import Outcome
    from tui.app import DoctorApp


class InterruptedScreen(Dialog[str]):
    """Gives `finish`, `back`, or None for later."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("finish", "f", "f", "finish it", "Do the steps that are left."),
        Action("take_back", "t", "t", "take it back", "Undo the steps that were done."),
        Action("close", "escape", "Esc", "later", "Leave it as it is; you are asked again next time."),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "finish", show=False),
        Binding("t", "take_back", show=False),
    ]

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
            Content("Nothing is lost: it can be finished, or taken back to how it was before."),
        ]
        super().__init__("Something was left half done", Content("\n").join(lines))

    def action_finish(self) -> None:
        """Finish."""
        self.dismiss("finish")

    def action_take_back(self) -> None:
        """Take back."""
        self.dismiss("back")


def look_for_interrupted(app: "DoctorApp") -> None:
    """Reads the journal in a thread; asks about the first operation that was left half done."""

    def job() -> "list[Operation]":
        from recovery.journal import Journal

        return Journal(app.session.host).interrupted()

    def show(operations: "list[Operation]") -> None:
        if operations:
            operation = operations[0]
            app.push_screen(
                InterruptedScreen(operation), lambda choice: _bring_to_an_end(app, operation, choice)
            )

    in_background(app, job, show, lambda _error: None, "interrupted")


def _bring_to_an_end(app: "DoctorApp", operation: "Operation", choice: str | None) -> None:
    if choice is None:
        return
    finish = choice == "finish"

    def done(outcome: "Outcome") -> None:
        say(app, outcome, f"{'Finished' if finish else 'Taken back'}: {operation.title}")
        app.look()

    bring_to_an_end(app, operation, done, lambda error: say_error(app, error), finish=finish)
