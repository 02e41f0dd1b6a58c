"""What must be asked before something is taken back: few steps can't be undone without an answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.disk import from_disk
from tui.doctor import Doctor
from tui.work import in_background

if TYPE_CHECKING:
    from diagnostics.secret import Secret
    from recovery.model import Answers, Ask


def ask_before_undo(
    doctor: Doctor,
    operation: str,
    title: str,
    then: "Callable[[Answers], None]",
    left: Callable[[], None],
    otherwise: Callable[[Exception], None],
) -> None:
    """Asks one question after the other, most often none, then calls `then` with the answers.

    In: the operation's id and title; `left` is called where a question was left: nothing is taken back then;
    `otherwise` where it could not be found out what to ask.
    """

    def job() -> "tuple[Ask, ...]":
        from recovery.journal import Journal
        from recovery.runner import asks_to_undo

        return asks_to_undo(operation, Journal(doctor.session.host))

    def ask(asks: "tuple[Ask, ...]", given: "dict[str, Secret]") -> None:
        if not asks:
            then(given)
            return
        from tui.screens.backup_key import AskScreen

        one, *others = asks
        about = f"{title}\n\nTaking this back needs what was asked then: it is kept nowhere. Nothing is changed yet."

        def answered(answer: "Secret | None") -> None:
            if answer is None:
                left()
            else:
                ask(tuple(others), given | {one.name: answer})

        doctor.push_screen(AskScreen("Take back?", about, one), answered)

    in_background(
        doctor,
        lambda: from_disk(job, "the audit trail"),
        lambda asks: ask(asks, {}),
        otherwise,
        "undo-asks",
    )
