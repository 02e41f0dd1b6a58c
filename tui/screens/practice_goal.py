"""A drill's goal, and its hints, one more each time."""

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from diagnostics.text import counted
from tui.actions import Action
from tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from tui.demo.drill import Practice

_HEADING = "bold $text-primary"
_MUTED = "$foreground-muted"


class GoalScreen(Dialog[None]):
    """What is to be reached, with what, and where the drill takes place."""

    ACTIONS = (Action("close", "enter", "Enter", "go to it", "Close this window."),)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,g,q", "close", show=False)]

    def __init__(self, practice: "Practice") -> None:
        super().__init__(f"Drill: {practice.scenario.title}", goal_text(practice))


def goal_text(practice: "Practice") -> Content:
    """Goal, what is given, the keys, the place."""
    drill = practice.drill
    usual = counted(drill.minutes, "minute")
    keys = [("g", "goal"), ("h", "hint"), ("d", "debrief")]
    if drill.deeds:
        keys.insert(2, ("o", "outside the doctor"))
    lines = [
        Content.styled("Goal", _HEADING),
        *map(Content, drill.goal),
        Content(""),
        Content.styled("You have", _HEADING),
        *map(Content, practice.task),
        Content(""),
        Content.assemble(
            *(part for key, words in keys for part in ((f"{key} ", "bold $text-accent"), f"{words}    ")),
        ),
        Content(""),
        Content.styled(f"About {usual} for who knows the way; take the time you need.", _MUTED),
        Content.styled(
            f"Nothing of yours is touched: this runs on {practice.place}, in {practice.root}.", _MUTED
        ),
    ]
    return Content("\n").join(lines)


class HintScreen(Dialog[None]):
    """The hints that were taken so far; `h` takes one more."""

    ACTIONS = (
        Action("more", "h", "h", "one more", "One hint more."),
        Action("close", "escape", "Esc", "close", "Close this window."),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "more", show=False),
        Binding("enter", "close", show=False),
    ]

    def __init__(self, practice: "Practice") -> None:
        super().__init__("Hints", hints_text(practice))
        self._practice = practice

    def action_more(self) -> None:
        """Takes one more."""
        self._practice.take_hint()
        self.query_one("#text Static", Static).update(hints_text(self._practice))


def hints_text(practice: "Practice") -> Content:
    """The hints that were taken, and how many there are."""
    hints, taken = practice.drill.hints, practice.hints_taken
    lines: list[Content] = []
    for number, each in enumerate(hints[:taken], 1):
        lines += [Content.assemble((f"{number}  ", _HEADING), each), Content("")]
    left = len(hints) - taken
    rest = "That was the last one." if not left else f"{left} more {'is' if left == 1 else 'are'} there."
    return Content("\n").join([*lines, Content.styled(rest, _MUTED)])
