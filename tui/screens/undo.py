"""Taking back the last operation: what it was, then the outcome."""

from typing import TYPE_CHECKING

from textual.content import Content

from tui.screens.confirm import ConfirmScreen
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.journal import Operation
    from recovery.runner import Outcome
    from tui.app import DoctorApp


def open_undo(app: "DoctorApp") -> None:
    """Looks up the last operation in a thread, then asks."""

    def job() -> "Operation | None":
        from recovery.journal import Event, Journal

        done = [each for each in Journal(app.session.host).operations() if each.state is Event.DONE]
        return done[-1] if done else None

    in_background(app, job, lambda found: _ask(app, found), lambda error: _say(app, error), "undo-look")


def _ask(app: "DoctorApp", operation: "Operation | None") -> None:
    if operation is None:
        app.notify("Nothing was mended yet, so there is nothing to take back.")
        return
    lines = [
        Content.styled(operation.title, "bold"),
        Content.styled(f"done {operation.at[:16].replace('T', ' ')} UTC", "$foreground-muted"),
        Content(""),
        Content("These steps are taken back, the last one first:"),
        *(Content(f"  • {step.title}") for step in reversed(operation.steps) if step.may_stand),
        Content(""),
        Content.styled(
            "A step refuses when things have changed since: then it stays as it is.", "$foreground-muted"
        ),
    ]
    screen = ConfirmScreen("Take back?", Content("\n").join(lines), "take it back")
    app.push_screen(screen, lambda yes: take_back(app, operation.id, operation.title) if yes else None)


def take_back(app: "DoctorApp", operation: str, title: str) -> None:
    """Takes this operation back in a thread, says what became of it, and asks all checks again."""

    def job() -> "Outcome":
        from recovery.journal import Journal
        from recovery.runner import undo

        host = app.session.host
        return undo(operation, app.session.open_world(host), Journal(host))

    def done(outcome: "Outcome") -> None:
        app.end_operation()
        app.use_host(outcome.host)
        tell(app, outcome, f"Taken back: {title}")
        app.look()

    def broke(error: Exception) -> None:
        app.end_operation()
        _say(app, error)

    app.begin_operation(f"Take back: {title}")
    in_background(app, job, done, broke, "undo")


def tell(app: "DoctorApp", outcome: "Outcome", words: str) -> None:
    """Says the outcome in a note on the screen."""
    if outcome.ok:
        app.notify("\n".join((words, *outcome.notes)), markup=False)
    else:
        said = "\n".join((outcome.error, *outcome.notes))
        app.notify(said, title="Not everything worked", severity="error", timeout=20, markup=False)


def _say(app: "DoctorApp", error: Exception) -> None:
    from recovery.model import RecoveryError

    said = str(error) if isinstance(error, RecoveryError) else type(error).__name__
    app.notify(said, title="That did not work", severity="error", timeout=20, markup=False)
