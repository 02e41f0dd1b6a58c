"""A question that Enter agrees to and Escape leaves."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from tui.actions import Action
from tui.screens.dialog import Dialog


class ConfirmScreen(Dialog[bool]):
    """Gives True when it was agreed to, else None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "agree", show=False)]

    def __init__(self, title: str, content: Content, yes: str) -> None:
        self.ACTIONS = (Action("agree", "enter", "Enter", yes, yes), *Dialog.ACTIONS)  # type: ignore[misc]
        super().__init__(title, content)

    def action_agree(self) -> None:
        """Agrees."""
        self.dismiss(True)
