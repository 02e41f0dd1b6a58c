"""The list of servers: draws only the lines in view, so that a thousand cost no more than ten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.faces import Face

_HEIGHT = 2
"""Lines a row."""


@dataclass(frozen=True, slots=True)
class Item:
    """One row as it is drawn. All text is plain."""

    key: str
    title: str
    state: str
    place: str
    """Left out where there is no room for it."""
    face: Face
    glyph: str
    is_shared: bool = False
    """Whether another row has the same title: then the place is told even where there is little room."""


class ServerList(ScrollView, can_focus=True):
    """Rows of two lines: glyph and name, then state in words and client."""

    class Chosen(Message):
        """The person (or the app) has gone to another row."""

        def __init__(self, key: str, by_person: bool) -> None:
            super().__init__()
            self.key = key
            self.by_person = by_person

    class Entered(Message):
        """Enter, or a click on the chosen row."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "server-list--row",
        "server-list--cursor",
        "server-list--below",
        *(f"server-list--{name}" for name in ("ok", "warn", "fail", "unknown", "skip", "pending", "asking")),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "enter", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._items: tuple[Item, ...] = ()
        self._cursor = 0
        self._when_empty = ""
        self._moved = False

    def take_move(self) -> bool:
        """Whether the person has moved since this was last asked: known at once, `Chosen` comes a moment later."""
        moved, self._moved = self._moved, False
        return moved

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return self._items[self._cursor].key if self._items else None

    @property
    def keys(self) -> list[str]:
        """The rows' keys, from the top."""
        return [each.key for each in self._items]

    def show(self, items: Sequence[Item], when_empty: str = "") -> None:
        """Shows these rows, or a word where there are none; the cursor stays on its row where that is still there."""
        if self._items == tuple(items) and self._when_empty == when_empty:
            return
        self._when_empty = when_empty
        before, place = self.chosen, self._cursor
        self._items = tuple(items)
        keys = [each.key for each in self._items]
        self._cursor = keys.index(before) if before in keys else 0
        self.virtual_size = Size(max(self.size.width, 1), len(keys) * _HEIGHT)
        self.refresh()
        if self._cursor != place:
            self._into_view()
        if self.chosen is not None and self.chosen != before:
            self._into_view()
            self.post_message(self.Chosen(self.chosen, by_person=False))

    def choose(self, key: str) -> None:
        """Goes to this row."""
        for number, item in enumerate(self._items):
            if item.key == key:
                self._go_to(number, by_person=False)
                return

    def action_move(self, by: int) -> None:
        """Up or down by so many rows."""
        self._go_to(self._cursor + by, by_person=True)

    def action_page(self, by: int) -> None:
        """Up or down by a screenful."""
        self._go_to(self._cursor + by * max(1, self.size.height // _HEIGHT), by_person=True)

    def action_enter(self) -> None:
        """Goes on to the row's path."""
        if self._items:
            self.post_message(self.Entered())

    def on_click(self, event: events.Click) -> None:
        """A click chooses; a second one on the same row goes on."""
        number = (event.y + round(self.scroll_y)) // _HEIGHT
        if 0 <= number < len(self._items):
            if number == self._cursor and event.chain > 1:
                self.action_enter()
            self._go_to(number, by_person=True)

    def render_line(self, y: int) -> Strip:
        """One line of the widget; `y` counts from its visible top."""
        width = self.scrollable_content_region.width
        number, part = divmod(y + round(self.scroll_y), _HEIGHT)
        if number >= len(self._items):
            words = self._when_empty if not self._items and y == 0 else ""
            return Strip([Segment(set_cell_size(f" {words}", width), self._style("row"))], width)
        item = self._items[number]
        is_cursor = number == self._cursor
        ground = self._style("cursor" if is_cursor else "row")
        edge = "▌" if is_cursor and self.has_focus else "│" if is_cursor else " "
        accent = ground + self._style(item.face.name)
        below = f"  {item.state} · {item.place}" if item.place else f"  {item.state}"
        is_narrow = cell_len(below) > width - 1
        if part == 0:
            title = f"{item.title} · {item.place}" if is_narrow and item.is_shared else item.title
            segments = [
                Segment(edge, accent),
                Segment(f"{item.glyph} ", accent + Style(bold=True)),
                Segment(_fit(title, width - 3), ground + Style(bold=is_cursor)),
            ]
        else:
            below = f"  {item.state}" if is_narrow else below
            segments = [Segment(edge, accent), Segment(_fit(below, width - 1), accent)]
        return Strip(segments, width)

    def on_resize(self) -> None:
        """The rows' number has not changed, their width has."""
        self.virtual_size = Size(max(self.size.width, 1), len(self._items) * _HEIGHT)
        self._into_view()

    def _style(self, name: str) -> Style:
        partial = name not in {"row", "cursor"}
        return self.get_component_rich_style(f"server-list--{name}", partial=partial)

    def _go_to(self, number: int, by_person: bool) -> None:
        number = max(0, min(number, len(self._items) - 1))
        if not self._items or number == self._cursor:
            return
        self._cursor = number
        self._moved = self._moved or by_person
        self._into_view()
        self.refresh()
        self.post_message(self.Chosen(self._items[number].key, by_person))

    def _into_view(self) -> None:
        self.scroll_to_region(Region(0, self._cursor * _HEIGHT, 1, _HEIGHT), animate=False, force=True)


def _fit(text: str, width: int) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""
    return set_cell_size(text, max(0, width))
