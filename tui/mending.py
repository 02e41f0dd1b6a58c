"""Recovery in the background: carries out, takes back, resumes; leaving the app waits for it meanwhile."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.doctor import Doctor
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.journal import Journal, Operation
    from recovery.model import Answers, Remedy
    from recovery.ports import RecoveryWorld
    from recovery.runner import Notify, Outcome

Broke = Callable[[Exception], None]


def mend(
    doctor: Doctor,
    remedy: "Remedy",
    answers: "Answers",
    notify: "Notify",
    then: "Callable[[Outcome], None]",
    otherwise: Broke,
    *,
    reason: str = "",
    ticket: str = "",
) -> None:
    """Carries a remedy out in a thread. In: consent has been given; `notify` is called in that thread.

    `reason` and `ticket` go into the audit trail.
    """

    def job(world: "RecoveryWorld", journal: "Journal") -> "Outcome":
        from recovery.runner import carry_out

        return carry_out(remedy, answers, world, journal, notify)

    _operate(doctor, remedy.title, job, then, otherwise, reason, ticket)


def take_back(
    doctor: Doctor,
    operation: str,
    title: str,
    answers: "Answers",
    then: "Callable[[Outcome], None]",
    otherwise: Broke,
) -> None:
    """Takes a recorded operation back in a thread. In: `answers` as `tui.screens.undo_asks` got them."""

    def job(world: "RecoveryWorld", journal: "Journal") -> "Outcome":
        from recovery.runner import undo

        return undo(operation, world, journal, answers=answers)

    _operate(doctor, f"Take back: {title}", job, then, otherwise)


def bring_to_an_end(
    doctor: Doctor,
    operation: "Operation",
    then: "Callable[[Outcome], None]",
    otherwise: Broke,
    *,
    finish: bool,
    answers: "Answers | None" = None,
    notify: "Notify" = lambda _progress: None,
) -> None:
    """Finishes an interrupted operation, or takes it back, in a thread. In: as `recovery.runner.resume`."""

    def job(world: "RecoveryWorld", journal: "Journal") -> "Outcome":
        from recovery.runner import resume

        return resume(operation.id, world, journal, finish=finish, answers=answers, notify=notify)

    _operate(doctor, operation.title, job, then, otherwise)


def say(doctor: Doctor, outcome: "Outcome", words: str) -> None:
    """The outcome as a note on the screen. In: the words for when it went well."""
    if outcome.ok:
        doctor.notify("\n".join((words, *outcome.notes)), markup=False)
    else:
        said = "\n".join((outcome.error, *outcome.notes))
        doctor.notify(said, title="Not everything worked", severity="error", timeout=20, markup=False)


def say_error(doctor: Doctor, error: Exception) -> None:
    """A failure as a note on the screen."""
    doctor.notify(words_of(error), title="That did not work", severity="error", timeout=20, markup=False)


def words_of(error: Exception) -> str:
    """What can be said of a failure: only recovery's own errors have words that are safe to show."""
    from recovery.model import RecoveryError

    return str(error) if isinstance(error, RecoveryError) else type(error).__name__


def _operate(
    doctor: Doctor,
    title: str,
    job: "Callable[[RecoveryWorld, Journal], Outcome]",
    then: "Callable[[Outcome], None]",
    otherwise: Broke,
    reason: str = "",
    ticket: str = "",
) -> None:
    def work() -> "Outcome":
        from recovery.journal import Journal

        host = doctor.session.host
        return job(doctor.session.open_world(host), Journal(host, reason=reason, ticket=ticket))

    def done(outcome: "Outcome") -> None:
        doctor.end_operation()
        doctor.use_host(outcome.host)
        then(outcome)

    def broke(error: Exception) -> None:
        doctor.end_operation()
        otherwise(error)

    doctor.begin_operation(title)
    in_background(doctor, work, done, broke, "mend")
