"""Hosts × servers: draws only the cells in view, so that five thousand hosts cost no more than twenty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from diagnostics.fleet.model import HostState, ServerState
from diagnostics.fleet.words import REACHED_SHORT
from diagnostics.rollup import WORST_FIRST
from tui.faces import FACES

_NARROWEST, _WIDEST = 2, 14
"""Cells of a column."""
_LYING = 6
"""Cells of a column from which on its name lies; in narrower ones it stands, letter below letter."""
_SHORT, _TALL = 5, 12
"""Lines of a standing name, in low windows and in high ones."""
_HOST, _WIDE_HOST = 22, 36
"""Cells of a host's name, in narrow windows and in roomy ones."""
_ROOMY, _HIGH = 90, 30
"""Cells and lines from which on the matrix takes more of them for names."""
Fits = Callable[[HostState, ServerState], bool]
_NOBODY: Sequence[HostState] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A cell: a host, and one of its servers by name; None = the host itself."""

    host: str
    server: str | None


class FleetMatrix(ScrollView, can_focus=True):
    """A line a host, a column a server's name. The cursor stands on a cell, or on the host."""

    class Chosen(Message):
        """The cursor has gone to another cell."""

    class Entered(Message):
        """Enter, or a second click on a cell."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "fleet-matrix--row",
        "fleet-matrix--cursor",
        "fleet-matrix--muted",
        *(f"fleet-matrix--{name}" for name in ("ok", "warn", "fail", "unknown", "skip")),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("left,h", "aside(-1)", show=False),
        Binding("right,l", "aside(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "enter", show=False),
    ]

    def __init__(self, *, few_characters: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._few = few_characters
        self._hosts: Sequence[HostState] = _NOBODY
        self._columns: Sequence[str] = ()
        self._fits: Fits | None = None
        self._row, self._column, self._first = 0, -1, 0
        self._when_empty = ""
        self._moved = False
        self._name_width, self._pitch, self._head = _HOST, _NARROWEST, 1

    # ── what is shown ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def has_moved(self) -> bool:
        """Whether the person has chosen a cell: then it stays theirs."""
        return self._moved

    @property
    def place(self) -> Place | None:
        """The cell under the cursor; None where there is no host."""
        if not self._hosts:
            return None
        return Place(self._hosts[self._row].name, self._columns[self._column] if self._column >= 0 else None)

    @property
    def names(self) -> list[str]:
        """The hosts, from the top."""
        return [each.name for each in self._hosts]

    def show(
        self,
        hosts: Sequence[HostState],
        columns: Sequence[str],
        fits: Fits | None = None,
        when_empty: str = "",
    ) -> None:
        """Shows these; the cursor stays with its cell where the person has put it there, else it is on top.

        In: `fits` = which cells are meant, the others are dimmed; None = all are.
        """
        before = self.place if self._moved else None
        self._hosts, self._columns, self._fits, self._when_empty = hosts, columns, fits, when_empty
        self._row, self._column = 0, -1
        if before is not None:
            self._row = next((at for at, each in enumerate(hosts) if each.name == before.host), 0)
            if before.server in columns:
                self._column = columns.index(before.server)
        self._resize()

    def choose_top(self) -> None:
        """Back to the worst host; what comes next may move it again."""
        self._moved = False
        self._row, self._column = 0, -1
        self._resize()

    def on_resize(self) -> None:
        """Another window: as many hosts, other widths."""
        self._resize()

    def _resize(self) -> None:
        self._lay_out()
        self.virtual_size = Size(max(self.size.width, 1), len(self._hosts) + self._head)
        self._into_view()
        self.refresh()

    # ── moving ──────────────────────────────────────────────────────────────────────────────────────────────

    def action_move(self, by: int) -> None:
        """Up or down by so many hosts."""
        self._go_to(self._row + by, self._column)

    def action_aside(self, by: int) -> None:
        """To the next server's column; left of the first one is the host itself."""
        self._go_to(self._row, self._column + by)

    def action_page(self, by: int) -> None:
        """Up or down by a screenful."""
        self._go_to(self._row + by * max(1, self.size.height - self._head), self._column)

    def action_enter(self) -> None:
        """Goes on to the host."""
        if self._hosts:
            self.post_message(self.Entered())

    def on_click(self, event: events.Click) -> None:
        """A click chooses a cell; a second one goes on."""
        row = event.y - self._head + round(self.scroll_y)
        if event.y >= self._head and 0 <= row < len(self._hosts):
            column = (
                (event.x - self._name_width) // self._pitch + self._first
                if event.x >= self._name_width
                else -1
            )
            column = min(column, len(self._columns) - 1)
            if event.chain > 1 and (row, column) == (self._row, self._column):
                self.action_enter()
            self._go_to(row, column)

    def _go_to(self, row: int, column: int) -> None:
        row = max(0, min(row, len(self._hosts) - 1))
        column = max(-1, min(column, len(self._columns) - 1))
        if self._hosts and (row, column) != (self._row, self._column):
            self._row, self._column, self._moved = row, column, True
            self._into_view()
            self.refresh()
            self.post_message(self.Chosen())

    def _into_view(self) -> None:
        shown = max(1, (self.size.width - self._name_width) // self._pitch)
        first = max(min(self._first, max(self._column, 0)), self._column - shown + 1)
        self._first = max(0, min(first, len(self._columns) - shown))
        room = max(1, self.size.height - self._head)
        top = round(self.scroll_y)
        if not top <= self._row < top + room:
            self.scroll_to(
                y=self._row if self._row < top else self._row - room + 1, animate=False, force=True
            )

    # ── drawing ─────────────────────────────────────────────────────────────────────────────────────────────

    def _lay_out(self) -> None:
        """Widths and heights, once for all lines."""
        longest = _WIDE_HOST if self.size.width >= _ROOMY else _HOST
        self._name_width = 4 + min(
            longest, max((cell_len(each.name) for each in self._hosts), default=longest)
        )
        count = max(1, len(self._columns))
        names = [cell_len(each) for each in self._columns]
        room = self.size.width - self._name_width - 1
        self._pitch = max(_NARROWEST, min(_WIDEST, max(names, default=1) + 1, room // count))
        self._head = 1
        if self._pitch < _LYING and names:
            self._head = min(_TALL if self.size.height >= _HIGH else _SHORT, max(names))

    def render_line(self, y: int) -> Strip:
        """One line of the widget; `y` counts from its visible top."""
        width = self.scrollable_content_region.width
        if y < self._head:
            return self._head_line(y, width)
        number = y - self._head + round(self.scroll_y)
        if number >= len(self._hosts):
            words = f" {self._when_empty}" if not self._hosts and y == self._head else ""
            return Strip([Segment(set_cell_size(words, width), self._style("row"))], width)
        return self._host_line(number, width)

    def _head_line(self, y: int, width: int) -> Strip:
        name, pitch, head = self._name_width, self._pitch, self._head
        ground = self._style("row")
        muted, chosen = ground + self._style("muted"), ground + Style(bold=True)
        segments = [Segment(set_cell_size("  host" if y == head - 1 else "", name), muted)]
        left = width - name
        for number in range(self._first, len(self._columns)):
            if left < pitch:
                break
            told = self._columns[number]
            text = _fit(told, pitch - 1) if pitch >= _LYING else _letter(told, y, head)
            style = chosen if number == self._column else muted
            segments.append(Segment(set_cell_size(text, pitch), style))
            left -= pitch
        return Strip([*segments, Segment(" " * left, muted)], width)

    def _host_line(self, number: int, width: int) -> Strip:
        host = self._hosts[number]
        is_cursor = number == self._row
        ground = self._style("cursor" if is_cursor else "row")
        face = FACES[host.status]
        edge = ("▌" if self.has_focus else "│") if is_cursor else " "
        accent = ground + self._style(face.name)
        glyph = face.plain if self._few else face.glyph
        name = Style(bold=is_cursor, reverse=is_cursor and self._column < 0 and self.has_focus)
        segments = [
            Segment(edge, accent),
            Segment(f"{glyph} ", accent + Style(bold=True)),
            Segment(_fit(host.name, self._name_width - 4), ground + name),
            Segment(" ", ground),
        ]
        left = width - self._name_width
        if host.words:
            return Strip(
                [*segments, Segment(_fit(f"{REACHED_SHORT[host.reached]}: {host.error}", left), accent)],
                width,
            )
        worst = _by_name(host)
        for column in range(self._first, len(self._columns)):
            if left < self._pitch:
                break
            segments += self._cell(
                host, worst.get(self._columns[column]), ground, is_cursor and column == self._column
            )
            left -= self._pitch
        return Strip([*segments, Segment(" " * left, ground)], width)

    def _cell(
        self, host: HostState, server: ServerState | None, ground: Style, is_cursor: bool
    ) -> list[Segment]:
        glyph, style = " ", ground
        if server is not None:
            face = FACES[server.status]
            glyph = face.plain if self._few else face.glyph
            is_meant = self._fits is None or self._fits(host, server)
            style = ground + self._style(face.name if is_meant else "muted") + Style(dim=not is_meant)
        if is_cursor:
            style += Style(reverse=self.has_focus, bold=True, underline=not self.has_focus)
        return [Segment(glyph, style), Segment(" " * (self._pitch - 1), ground)]

    def _style(self, name: str) -> Style:
        partial = name not in {"row", "cursor"}
        return self.get_component_rich_style(f"fleet-matrix--{name}", partial=partial)


def _by_name(host: HostState) -> Mapping[str, ServerState]:
    """The host's servers by name; of several with one name (two clients) the worst."""
    found: dict[str, ServerState] = {}
    for each in host.servers:
        old = found.get(each.name)
        if old is None or WORST_FIRST.index(each.status) < WORST_FIRST.index(old.status):
            found[each.name] = each
    return found


def _letter(name: str, line: int, lines: int) -> str:
    """The letter of a standing name on one of its lines: it ends at the lowest, a longer one is cut."""
    if len(name) > lines:
        name = name[: lines - 1] + "…"
    place = line - (lines - len(name))
    return name[place] if place >= 0 else ""


def _fit(text: str, width: int) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""
    return set_cell_size(text, max(0, width))
