"""Why a mend is the right one: one page to read before anything is agreed to."""

from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.style import Style

from diagnostics.catalog.why import Why, why
from tui.actions import DIALOG, Action
from tui.screens.dialog import Dialog
from tui.widgets.finding_view import fix_lines


class WhyScreen(Dialog[None]):
    """The page. The keys that opened it close it too."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (Action("read_on", "space", "Space", "read on", ""), *DIALOG)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "read_on", show=False, priority=True),
        Binding("w,f2", "close", show=False),
    ]

    def __init__(self, page: Why) -> None:
        super().__init__(f"Why: {page.title}", text_of(page))

    def action_read_on(self) -> None:
        """A screen further down. At the end it stays: one key too many must not land in a hidden field."""
        self.query_one("#text", VerticalScroll).scroll_page_down(animate=False)


def open_why(app: App[str], remedy: str) -> None:
    """Shows the page of a remedy, or says that there is none."""
    page = why(remedy)
    if page is None:
        app.notify("There is no page about this.")
    else:
        app.push_screen(WhyScreen(page))


def has_page(remedy: str) -> bool:
    """Whether a remedy has one."""
    return why(remedy) is not None


def text_of(page: Why) -> Content:
    """Headings and lines; several lines of one part are told apart by a dot."""
    blocks: list[Content] = []
    for heading, lines in page.parts:
        shown = [Content.styled(heading, "bold $text-primary")]
        if lines is page.links:
            shown += [Content.styled(each, Style(link=each, underline=True)) for each in lines]
        elif lines is page.by_hand:
            shown.append(fix_lines(lines))
        else:
            shown += [Content(f"• {each}" if len(lines) > 1 else each) for each in lines]
        blocks.append(Content("\n").join(shown))
    return Content("\n\n").join(blocks)
