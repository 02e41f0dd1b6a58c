"""What small windows have in common: a frame, a scrolling text, a line of keys."""

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import DIALOG, Action, bindings
from tui.screens.whole import is_whole, may_act
from tui.widgets.key_line import KeyLine

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A window over the home screen. Escape closes it without a result."""

    ACTIONS: ClassVar[tuple[Action, ...]] = DIALOG
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(DIALOG))
    CSS_PATH = "dialog.tcss"

    def __init__(self, title: str, content: Content) -> None:
        super().__init__()
        self._title = title
        self._content = content

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it: news and keys come at any time."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """A frame with the text and the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            with VerticalScroll(id="text"):
                yield Static(self._content, markup=False)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def action_close(self) -> None:
        """Closes it."""
        self.dismiss(None)
