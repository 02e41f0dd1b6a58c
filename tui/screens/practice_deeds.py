"""What a person does outside of the doctor, in a drill: to choose from, wise or not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static

from tui.actions import Action
from tui.screens.dialog import Dialog
from tui.widgets.choices import Choices
from tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from tui.demo.scenario import Deed


class DeedsScreen(Dialog["Deed"]):
    """Gives the chosen deed, or None."""

    ACTIONS = (Action("choose", "enter", "Enter", "do it", "Do the chosen one."), *Dialog.ACTIONS)
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, deeds: "Sequence[Deed]") -> None:
        super().__init__("Outside the doctor", Content(""))
        self._deeds = tuple(deeds)

    def compose(self) -> ComposeResult:
        """What it is for, the deeds, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            said = "What the doctor can't do for you. The drill plays it; not everything here is wise."
            yield Static(Content.styled(f"{said}\n", "$foreground-muted"), markup=False)
            yield Choices(*(each.title for each in self._deeds), id="choices", markup=False, compact=True)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """The first one is chosen."""
        self.query_one(OptionList).highlighted = 0

    def action_choose(self) -> None:
        """Takes the one under the cursor."""
        self.dismiss(self._deeds[self.query_one(OptionList).highlighted or 0])

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Enter or a click."""
        self.dismiss(self._deeds[message.option_index])
