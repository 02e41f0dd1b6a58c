"""Recovery in the background: carries out, takes back, resumes; leaving the app waits for it meanwhile."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.work import in_background

if TYPE_CHECKING:
    from recovery.journal import Journal, Operation
    from recovery.model import Answers, Remedy
    from recovery.ports import RecoveryWorld
    from recovery.runner import Notify, Outcome
    from tui.app import DoctorApp

Broke = Callable[[Exception], None]


def mend(
    app: "DoctorApp",
    remedy: "Remedy",
    answers: "Answers",
    notify: "Notify",
    then: "Callable[[Outcome], None]",
    otherwise: Broke,
) -> None:
    """Carries a remedy out in a thread. In: consent has been given; `notify` is called in that thread."""

    def job(world: "RecoveryWorld", journal: "Journal") -> "Outcome":
        from recovery.runner import carry_out

        return carry_out(remedy, answers, world, journal, notify)

    _operate(app, remedy.title, job, then, otherwise)


def take_back(
    app: "DoctorApp", operation: str, title: str, then: "Callable[[Outcome], None]", otherwise: Broke
) -> None:
    """Takes a recorded operation back in a thread."""

    def job(world: "RecoveryWorld", journal: "Journal") -> "Outcome":
        from recovery.runner import undo

        return undo(operation, world, journal)

    _operate(app, f"Take back: {title}", job, then, otherwise)


def bring_to_an_end(
    app: "DoctorApp",
    operation: "Operation",
    then: "Callable[[Outcome], None]",
    otherwise: Broke,
    *,
    finish: bool,
) -> None:
    """Finishes an interrupted operation, or takes it back, in a thread."""

    def job(world: "RecoveryWorld", journal: "Journal") -> "Outcome":
        from recovery.runner import resume

        return resume(operation.id, world, journal, finish=finish)

    _operate(app, operation.title, job, then, otherwise)


def say(app: "DoctorApp", outcome: "Outcome", words: str) -> None:
    """The outcome as a note on the screen. In: the words for when it went well."""
    if outcome.ok:
        app.notify("\n".join((words, *outcome.notes)), markup=False)
    else:
        said = "\n".join((outcome.error, *outcome.notes))
        app.notify(said, title="Not everything worked", severity="error", timeout=20, markup=False)


def say_error(app: "DoctorApp", error: Exception) -> None:
    """A failure as a note on the screen; only recovery's own errors have words that are safe to show."""
    from recovery.model import RecoveryError

    said = str(error) if isinstance(error, RecoveryError) else type(error).__name__
    app.notify(said, title="That did not work", severity="error", timeout=20, markup=False)


def _operate(
    app: "DoctorApp",
    title: str,
    job: "Callable[[RecoveryWorld, Journal], Outcome]",
    then: "Callable[[Outcome], None]",
    otherwise: Broke,
) -> None:
    def work() -> "Outcome":
        from recovery.journal import Journal

        host = app.session.host
        return job(app.session.open_world(host), Journal(host))

    def done(outcome: "Outcome") -> None:
        app.end_operation()
        app.use_host(outcome.host)
        then(outcome)

    def broke(error: Exception) -> None:
        app.end_operation()
        otherwise(error)

    app.begin_operation(title)
    in_background(app, work, done, broke, "mend")
