"""The debrief of a drill: how far it is, what was done, and what a careful engineer would have done."""

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.actions import Action
from tui.screens.dialog import Dialog
from tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from tui.demo.debrief import Debrief

_HEADING = "bold $text-primary"
_STAY = Action("close", "escape", "Esc", "go on", "Back to the drill.")
_LEAVE = Action("leave", "q", "q", "leave", "Leave; the debrief is printed, too.")


class DebriefScreen(Dialog[bool]):
    """Gives True when the person wants to leave. In: whether that was the wish with which it was opened."""

    ACTIONS = (_LEAVE, _STAY)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", show=False),
        Binding("q", "leave", show=False),
        Binding("d", "close", show=False),
    ]

    def __init__(self, *, is_leaving: bool) -> None:
        looking = Content.styled("Asking the checks again, and reading the trail …", "$foreground-muted")
        super().__init__("Debrief", looking)
        self._is_leaving = is_leaving

    def show(self, found: "Debrief") -> None:
        """Fills in the account."""
        if not self.is_whole:
            return
        few = bool(getattr(self.app, "few_characters", False))
        self.query_one("#window").border_title = Content(f"Debrief: {found.title}")
        self.query_one("#text Static", Static).update(debrief_text(found, few_characters=few))
        self.query_one("#text").focus()
        self.query_one(KeyLine).show(self.ACTIONS)

    def broke(self, error: Exception) -> None:
        """The drill could not be looked at."""
        if self.is_whole:
            said = f"Could not find out how far it is ({type(error).__name__})."
            self.query_one("#text Static", Static).update(Content.styled(said, "$text-error"))

    def action_leave(self) -> None:
        """Leaves the demo."""
        self.dismiss(True)

    def action_enter(self) -> None:
        """What it was opened for: to leave, or to look."""
        self.dismiss(self._is_leaving)


def debrief_text(found: "Debrief", *, few_characters: bool) -> Content:
    """The whole account."""
    signs = {
        True: ("+" if few_characters else "✓", "$text-success"),
        False: ("x" if few_characters else "✗", "$text-error"),
        None: ("?", "$text-secondary"),
    }
    good = found.is_reached and not found.slips
    verdict = (
        "bold $text-success" if good else "bold $text-warning" if found.is_reached else "bold $text-error"
    )
    lines = [
        Content.assemble((found.verdict, verdict), f"  {found.time}"),
        Content(""),
        *(
            Content.assemble((f"{signs[each.holds][0]} ", signs[each.holds][1]), each.words)
            for each in found.points
        ),
    ]
    if found.slips:
        lines += [Content(""), Content.styled("What should not have been done", "bold $text-error")]
        lines += [Content.assemble(("! ", "bold $text-error"), each) for each in found.slips]
    lines += [Content(""), Content.styled("What you did", _HEADING)]
    lines += [Content(each) for each in found.done or ("Nothing was changed.",)]
    lines += [Content.styled(found.record, "$foreground-muted")]
    lines += [Content(""), Content.styled("What a careful engineer would have done", _HEADING)]
    lines += [
        Content.assemble((f"{number}  ", _HEADING), each) for number, each in enumerate(found.careful, 1)
    ]
    return Content("\n").join(lines)
