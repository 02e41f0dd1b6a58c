"""Several remedies fit: choose one."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from recovery.model import Remedy
from tui.actions import Action
from tui.screens.dialog import Dialog
from tui.widgets.choices import Choices
from tui.widgets.key_line import KeyLine


class PickScreen(Dialog[Remedy]):
    """Gives the chosen remedy, or None."""

    ACTIONS = (
        Action("choose", "enter", "Enter", "choose", "Open the guide of this remedy."),
        *Dialog.ACTIONS,
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", show=False)]

    def __init__(self, remedies: Sequence[Remedy]) -> None:
        super().__init__("Which way?", Content(""))
        self._remedies = tuple(remedies)

    def compose(self) -> ComposeResult:
        """The remedies, safest first, as the planner ordered them."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            yield Choices(
                *(
                    Option(
                        Content.assemble((each.title, "bold"), "\n", (each.why, "$foreground-muted"), "\n")
                    )
                    for each in self._remedies
                ),
                id="choices",
                markup=False,
                compact=True,
            )
            yield KeyLine(self.ACTIONS, id="window-keys")

    def action_choose(self) -> None:
        """Takes the one under the cursor."""
        number = self.query_one(OptionList).highlighted
        self.dismiss(self._remedies[number or 0])

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Enter or a click."""
        self.dismiss(self._remedies[message.option_index])
