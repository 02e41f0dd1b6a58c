"""The timeline: since when each credential is as it is, from the monitor's history. Reads only."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from diagnostics.history import key_of
from diagnostics.history.strip import Span, cells, span_of
from diagnostics.history.telling import NOT_SEEN, nothing
from diagnostics.model import Server, Status
from diagnostics.text import clean
from tui.actions import HISTORY, bindings
from tui.board import STORE_ROW, Row
from tui.disk import from_disk
from tui.doctor import Doctor
from tui.past import SPANS, Past, read_past
from tui.screens import history_text as text
from tui.screens.whole import is_whole, may_act
from tui.widgets.choices import Choices
from tui.widgets.finding_view import FindingView
from tui.widgets.key_line import KeyLine
from tui.work import in_background

_NAMES = 0.3
"""Of the width, the most that names take."""
_MOST = 400
"""Rows."""


class HistoryScreen(Screen[None]):
    """A row of cells a credential, and below them the story of the one under the cursor."""

    ACTIONS = HISTORY
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(HISTORY))
    CSS_PATH = "history.tcss"
    ZONE: ClassVar[tzinfo | None] = None
    """The zone of all times, None = this computer's."""

    def __init__(self, doctor: Doctor, row: Row | None, servers: Sequence[Server]) -> None:
        super().__init__()
        self.doctor = doctor
        self._row = row
        self._servers = tuple(servers)
        self._past: Past | None = None
        self._keys: list[str] = []
        self._length = ""
        """The span, empty = not chosen yet: then as the age of the history has it."""
        self._everything = row is None

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it: news and keys come at any time."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Title, what is known of the history, the rows with their marks, the story, the keys."""
        yield Static(id="history-title", markup=False)
        yield Static("Reading the history …", id="history-said", markup=False)
        yield Choices(id="history-list", markup=False, compact=True)
        yield Static(id="history-axis", markup=False)
        yield FindingView(Content(""), id="history-story")
        yield KeyLine(HISTORY, id="history-keys")

    def on_mount(self) -> None:
        """Reads in a thread."""
        for each in ("#history-list", "#history-axis"):
            self.query_one(each).display = False
        self._show_title()
        self.action_again()

    def on_resize(self) -> None:
        """The cells have another number now."""
        if self.is_whole and self._past is not None:
            self.call_after_refresh(self._draw)

    def action_again(self) -> None:
        """Reads the history anew."""
        host, servers = self.doctor.session.host, self._servers
        in_background(
            self.doctor,
            lambda: from_disk(lambda: read_past(host, servers, _now()), "the history"),
            self._show,
            self._broke,
            "history",
        )

    def action_span(self, length: str) -> None:
        """Another span."""
        self._length = length
        self._show_title()
        self._draw()

    def action_everything(self) -> None:
        """All servers, or the chosen one again."""
        if self._row is not None:
            self._everything = not self._everything
            self._show_title()
            self._list()

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.doctor.push_screen(HelpScreen(self.ACTIONS, self.doctor.few_characters))

    def action_back(self) -> None:
        """Back to the servers."""
        self.dismiss(None)

    def on_option_list_option_highlighted(self) -> None:
        """Another row: its story."""
        self._tell()

    def on_option_list_option_selected(self) -> None:
        """Enter: to the story, which may be longer than its window."""
        self.query_one(FindingView).focus()

    # ── the picture ─────────────────────────────────────────────────────────────────────────────────────────

    def _show_title(self) -> None:
        row = self._row
        about = "all servers" if self._everything or row is None else f"{row.title} · {row.place}"
        words = f", {text.in_words(SPANS[self._length])}" if self._length else ""
        self.query_one("#history-title", Static).update(Content(f" History of {about}{words}"))

    def _show(self, past: Past) -> None:
        if self.is_whole:
            self._past = past
            self._length = self._length or past.fitting
            self._show_title()
            self._list()

    def _broke(self, error: Exception) -> None:
        from recovery.model import RecoveryError

        said = str(error) if isinstance(error, RecoveryError) else type(error).__name__
        if self.is_whole:
            self.query_one("#history-said", Static).update(Content.styled(clean(said), "$text-warning"))

    def _list(self) -> None:
        """The rows anew, the cursor on the first that is broken."""
        past = self._past
        if past is None:
            return
        self._keys = self._own_keys(past)[:_MOST]
        for each in ("#history-list", "#history-axis"):
            self.query_one(each).display = bool(self._keys)
        if not self._keys:
            self._say_nothing(past)
            return
        last = past.history.rounds[-1].states
        broken = (
            place
            for place, key in enumerate(self._keys)
            if (how := last.get(key)) is not None and how.status is Status.FAIL
        )
        rows = self.query_one("#history-list", OptionList)
        rows.clear_options()
        rows.add_options(Option("") for _ in self._keys)
        rows.focus()
        self._draw()
        rows.highlighted = next(broken, 0)

    def _own_keys(self, past: Past) -> list[str]:
        row = self._row
        if self._everything or row is None:
            return past.keys(None)
        if row.key == STORE_ROW or row.key.startswith("file:"):
            path = clean(row.path, 400)
            return [each for each in past.keys(None) if each in past.keys(()) or each == path]
        server = next((each for each in self._servers if each.id == row.key), None)
        own = past.keys((key_of(server) if server is not None else row.key,))
        return own if set(own) - set(past.keys(())) else []

    def _say_nothing(self, past: Past) -> None:
        lines = text.said(past, None, self.ZONE)
        self.query_one("#history-said", Static).update(Content("\n".join(lines)))
        view = self.query_one(FindingView)
        title = (
            "Not seen yet"
            if past.history.rounds
            else "No history"
            if past.history.trouble
            else "No history yet"
        )
        view.border_title = Content(title)
        view.show(text.lines_of([NOT_SEEN] if past.history.rounds else nothing(past.history)))
        view.focus()

    def _draw(self) -> None:
        past = self._past
        if past is None or not self._keys or not self.is_whole:
            return
        rows = self.query_one("#history-list", OptionList)
        few = self.doctor.few_characters
        span = self._span(past)
        labels = [past.label(key, with_server=self._everything) for key in self._keys]
        full = self.size.width - 3
        room = min(max(map(cell_len, labels)), int(full * _NAMES))
        width = max(full - room - 1, 1)
        for place, (key, label) in enumerate(zip(self._keys, labels, strict=True)):
            rows.replace_option_prompt_at_index(
                place, text.row(label, room, cells(span, key, width), few_characters=few)
            )
        self.query_one("#history-axis", Static).update(
            Content(" " * (room + 1) + text.axis(span, width, self.ZONE) + "\n")
            + text.legend(few_characters=few)
        )
        lines = text.said(past, span, self.ZONE)
        self.query_one("#history-said", Static).update(Content("\n".join(lines)))
        self._tell()

    def _tell(self) -> None:
        past, place = self._past, self.query_one("#history-list", OptionList).highlighted
        if past is None or place is None or place >= len(self._keys):
            return
        key = self._keys[place]
        view = self.query_one(FindingView)
        view.border_title = Content(past.label(key, with_server=True))
        became = past.changes(key, SPANS[self._length])
        told = past.told(key, self.ZONE)
        view.show(text.story(past.full_name(key), told, became, self._span(past), past, self.ZONE))

    def _span(self, past: Past) -> Span:
        return span_of(past.history, past.now - SPANS[self._length], past.now)


def _now() -> datetime:
    return datetime.now(UTC)
