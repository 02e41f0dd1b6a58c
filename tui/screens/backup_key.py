"""Small windows that ask for what opens or locks a backup: a passphrase, hidden, or the file of a private key."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import Static

from diagnostics.secret import Secret
from recovery.model import Ask, AskKind
from tui.actions import Action
from tui.doctor import Doctor
from tui.screens.dialog import Dialog
from tui.widgets.answers import AnswerField
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.backups.key import Identities, Key
    from recovery.backups.opening import Listed


class AskScreen(Dialog[Secret]):
    """Asks one question and gives the answer; None when it was left.

    In: `refuses` says why an answer can't be taken, "" = it can.
    """

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("go_on", "enter", "Enter", "go on", ""),
        Action("close", "escape", "Esc", "leave", ""),
    )
    CSS_PATH: ClassVar[list[str]] = ["dialog.tcss", "backups.tcss"]  # type: ignore[assignment]

    def __init__(
        self, title: str, about: str, ask: Ask, refuses: Callable[[Secret], str] = lambda _given: ""
    ) -> None:
        super().__init__(title, Content(about))
        self._ask = ask
        self._refuses = refuses

    def compose(self) -> ComposeResult:
        """What it is about, the field, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            yield Static(self._content, id="say", markup=False)
            yield AnswerField(self._ask)
            yield Static(id="problem", markup=False)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """The cursor stands in the field."""
        self.query_one(AnswerField).enter()

    def action_go_on(self) -> None:
        """Takes the answer."""
        self.on_answer_field_given()

    def on_answer_field_given(self) -> None:
        """Enter in the last field."""
        field = self.query_one(AnswerField)
        problem = field.problem("")
        if not problem:
            given = field.take()[self._ask.name]
            problem = self._refuses(given)
            if not problem:
                self.dismiss(given)
                return
            field.enter()
        self.query_one("#problem", Static).update(Content.styled(problem, "$text-error"))


def ask_for_key(
    doctor: Doctor,
    title: str,
    one: "Listed",
    then: "Callable[[tuple[Key, Sequence[Path]] | None], None]",
    otherwise: Callable[[Exception], None],
) -> None:
    """Asks for the passphrase, or for the private key's file, which is read in a thread; None when it was left."""
    about = f"{one.path.name}, made {one.made:%Y-%m-%d %H:%M} UTC"
    if one.header is not None and one.header.has_passphrase:
        ask = Ask("passphrase", AskKind.PASSWORD, "Passphrase of this backup:")
        doctor.push_screen(
            AskScreen(title, about, ask), lambda given: then(None if given is None else (given, ()))
        )
        return

    def named(given: Secret | None) -> None:
        if given is None:
            then(None)
            return
        path = Path(given.reveal()).expanduser()

        def job() -> "Identities":
            from recovery.backups.key import identities

            return identities([path])

        in_background(doctor, job, lambda key: then((key, [path])), otherwise, "backup-key")

    hint = "An age identity file, or an SSH private key without a passphrase of its own."
    ask = Ask("identity", AskKind.TEXT, "File of the private key that opens it:", hint)
    doctor.push_screen(AskScreen(title, about, ask), named)
