"""Which of the entries with one token get the new one: all, unless they are left out here."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import Action
from tui.screens.dialog import Dialog
from tui.widgets.choices import Choices
from tui.widgets.key_line import KeyLine


class TickEntriesScreen(Dialog[frozenset[str]]):
    """Gives the names that are left out; None = the person left. In: names and who uses them; the first one stays."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("go_on", "enter", "Enter", "go on", "On with the ticked ones."),
        Action("tick", "space", "Space", "tick", "Take it in, or leave it out."),
        Action("close", "escape,q", "Esc", "leave", "Leave; nothing is changed."),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", show=False, priority=True),
        Binding("space", "tick", show=False, priority=True),
    ]

    def __init__(self, rows: Sequence[tuple[str, str]]) -> None:
        super().__init__("Which entries get the new token?", Content(""))
        self._rows = rows
        self._without: set[str] = set()

    def compose(self) -> ComposeResult:
        """What it is about, the boxes, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            yield Static(
                Content("These hold the same token. One that is left out keeps the old one.\n"), markup=False
            )
            yield Choices(*map(self._option, self._rows), id="choices", markup=False, compact=True)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """The second one is the first that can be left out."""
        rows = self.query_one(OptionList)
        rows.highlighted = min(1, len(self._rows) - 1)
        rows.focus()

    def action_tick(self) -> None:
        """The one under the cursor."""
        rows = self.query_one(OptionList)
        number = rows.highlighted
        if not number:
            self.notify("This one is what it is about.", timeout=2)
            return
        self._without.symmetric_difference_update({self._rows[number][0]})
        rows.replace_option_prompt_at_index(number, self._words(self._rows[number]))

    def action_go_on(self) -> None:
        """Gives what is left out."""
        self.dismiss(frozenset(self._without))

    def on_option_list_option_selected(self) -> None:
        """A click ticks."""
        self.action_tick()

    def _option(self, row: tuple[str, str]) -> Option:
        return Option(self._words(row))

    def _words(self, row: tuple[str, str]) -> Content:
        name, users = row
        box = "[ ]" if name in self._without else "[x]"
        return Content.assemble((f"{box} {name}", "bold"), "\n", (f"    {users}", "$foreground-muted"))
