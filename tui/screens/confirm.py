"""A question that Enter agrees to and Escape leaves."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from tui.actions import WHY, Action
from tui.screens.dialog import Dialog


class ConfirmScreen(Dialog[bool]):
    """Gives True when it was agreed to, else None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "agree", show=False),
        Binding(WHY.key, "why", show=False),
    ]

    def __init__(self, title: str, content: Content, yes: str, page: str = "") -> None:
        """In: `yes` = what Enter does; `page` = of what `w` shows the page, "" = there is none."""
        why = (WHY,) if page else ()
        self.ACTIONS = (Action("agree", "enter", "Enter", yes, yes), *why, *Dialog.ACTIONS)  # type: ignore[misc]
        super().__init__(title, content)
        self._page = page

    def action_agree(self) -> None:
        """Agrees."""
        self.dismiss(True)

    def action_why(self) -> None:
        """Why, before it is agreed to."""
        if self._page:
            from tui.screens.why import open_why

            open_why(self.app, self._page)
