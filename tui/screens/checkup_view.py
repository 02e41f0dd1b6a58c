"""Home, the picture: the servers, the chosen one's path, and what is wrong with it in words."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from diagnostics.model import Finding, Stage, Status
from tui.actions import BARE, CHECKUP, Action
from tui.board import STORE_ROW, Board, Link, Row
from tui.doctor import Doctor
from tui.faces import ASKING, FACES
from tui.offers import Offers
from tui.screens import checkup_text as text
from tui.screens.about import about
from tui.screens.whole import is_whole, may_act
from tui.widgets.chain import Chain
from tui.widgets.finding_view import FindingView, words_of
from tui.widgets.key_line import KeyLine
from tui.widgets.server_list import Item, ServerList

if TYPE_CHECKING:
    from recovery.model import Remedy

_TALL = 36
"""Lines of a window in which the evidence finds room beside the words (as in the app's breakpoints)."""
_EVIDENCE_WHERE_TALL = 8
TROUBLE = (Status.FAIL, Status.UNKNOWN, Status.WARN)


class CheckupView(Screen[None]):
    """Shows the doctor's board; what the person does with it is `CheckupScreen`'s part."""

    AUTO_FOCUS = "#servers"
    ACTIONS: ClassVar[tuple[Action, ...]] = CHECKUP

    def __init__(self, doctor: Doctor) -> None:
        super().__init__(id="checkup", classes="-nothing")
        self.doctor = doctor
        self._row_touched = False
        self._link_touched = False
        self._words = ""
        self._offers = Offers(self._show_remedies)
        self._emergency_asked: str | None = None
        """The end of an emergency token about which the check was asked again."""

    @property
    def board(self) -> Board:
        """What is known."""
        return self.doctor.board

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it: news and keys come at any time."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Header, three panes, progress, keys; with what they show first, so that one layout is enough."""
        session = self.doctor.session
        yield Static(
            text.head_text(self.board, self.doctor.session.host, self.doctor.few_characters),
            id="head",
            markup=False,
        )
        if session.banner:
            yield Static(self.banner_text(), id="banner", markup=False)
        yield Static(id="emergency", markup=False)
        if session.notes:
            yield Static("\n".join(session.notes), id="notes", markup=False)
        with Horizontal(id="panes"):
            with Container(id="left") as left:
                left.border_title = "Servers"
                yield Static(Content.styled("/ search", "$foreground-muted"), id="search-hint")
                yield ServerList(id="servers")
            with Container(id="right"):
                with Container(id="path"):
                    yield Chain(few_characters=self.doctor.few_characters, id="chain")
                    about_it = Static(id="about", markup=False)
                    about_it.border_title = "As it is configured"
                    yield about_it
                with Container(id="what") as what:
                    what.border_title = "mcp-doctor"
                    yield FindingView(text.READING, id="finding")
                    yield Static(id="remedies", markup=False)
        yield Static(text.READING, id="progress", markup=False)
        yield KeyLine(self.ACTIONS, id="keys")
        yield Static(
            "This window is too small for the doctor.\nMake it 80 × 24 or larger.", id="tiny", markup=False
        )

    def on_mount(self) -> None:
        """A slow clock for the progress line."""
        self.watch(self, "focused", self._focus_moved, init=False)
        self.set_interval(1.0, self._tick)

    def _focus_moved(self, focused: Widget | None) -> None:
        """In a low window the finding takes the path's room while it is read."""
        self.set_class(isinstance(focused, FindingView), "-reading")

    def banner_text(self) -> str:
        """The line that says whose servers these are, where it is not this computer's."""
        return self.doctor.session.banner

    # ── showing ─────────────────────────────────────────────────────────────────────────────────────────────

    def board_changed(self) -> None:
        """The board has news: shows it. Called many times a second at most, never per finding."""
        if not self.is_whole:
            return
        servers = self.query_one(ServerList)
        self._row_touched = servers.take_move() or self._row_touched
        rows = self.board.rows(self._words)
        if self._row_touched and self.board.running:
            rows = text.in_the_order_of(servers.keys, rows)
        empty = "reading …" if self.board.context is None else "no match" if self._words else "none"
        servers.show([self._item(row) for row in rows], empty)
        if not self._row_touched and rows and servers.chosen != rows[0].key:
            servers.choose(rows[0].key)
        self._show_head()
        self._show_emergency()
        self._show_progress()
        self.query_one(KeyLine).show(BARE if self._is_bare else self.ACTIONS)
        self._show_row()

    def _show_row(self) -> None:
        key = self.query_one(ServerList).chosen
        chain, what = self.query_one(Chain), self.query_one("#what")
        self.set_class(key is None, "-nothing")
        if key is None:
            self._show_nothing()
            return
        row = self.board.row(key)
        links = self.board.links(key)
        stage = chain.chosen if self._link_touched else self._telling_stage(key, links)
        chain.show(links, stage)
        chain.border_title = Content(f"{row.title} · {row.place}" if row else "Path of the credential")
        link = links[tuple(Stage).index(stage)]
        what.border_title = Content(f"{stage.value}: {FACES[link.status].word}")
        if self._is_bare and not self._link_touched:
            what.border_title = "mcp-doctor"
            self.query_one(FindingView).show(text.empty_text(self.board))
        else:
            lines = _EVIDENCE_WHERE_TALL if self._is_tall else 1
            self.query_one(FindingView).show(words_of(link, self.doctor.few_characters, lines))
        self.query_one("#about", Static).update(about(row, self.board.server(key)))
        self._offers.look(self.doctor, self.board.run, self.chosen_findings(), self.board.context)

    @property
    def _is_bare(self) -> bool:
        """Whether there is nothing to look at but, perhaps, a keychain in order."""
        return self.board.is_bare and self.board.state(STORE_ROW) not in TROUBLE

    @property
    def _is_tall(self) -> bool:
        return self.app.size.height >= _TALL

    def _show_nothing(self) -> None:
        """Nothing is configured, nothing matches, or nothing is known yet."""
        what, view = self.query_one("#what"), self.query_one(FindingView)
        self.query_one("#remedies").display = False
        what.border_title = "mcp-doctor"
        if self._words:
            view.show(Content(f"No server fits “{self._words}”. Esc shows all of them again."))
        elif self.board.said:
            view.show(
                Content.assemble(("The checks could not be run\n\n", "bold $text-error"), self.board.said)
            )
        elif self.board.context is None:
            view.show(
                Content.styled("Reading the configs of this computer's MCP clients …", "$foreground-muted")
            )
        else:
            view.show(text.empty_text(self.board))

    def _show_head(self) -> None:
        self.query_one("#head", Static).update(
            text.head_text(self.board, self.doctor.session.host, self.doctor.few_characters)
        )

    def _show_emergency(self) -> None:
        """An open incident stays in sight until it is closed."""
        found = next(
            (each for each in self.board.findings.values() if each.check == "backend.emergency"), None
        )
        line = self.query_one("#emergency", Static)
        line.display = found is not None
        if found is not None:
            line.update(text.emergency_text(found))

    def _tick_emergency(self) -> None:
        """The time that is left runs; when it is over, the check is asked again."""
        line = self.query_one("#emergency", Static) if self.is_whole else None
        if line is None or not line.display:
            return
        self._show_emergency()
        found = next(
            (each for each in self.board.findings.values() if each.check == "backend.emergency"), None
        )
        if found is None:
            return
        is_over = found.outcome != "time-up" and text.seconds_until(found.facts.get("ends", "")) <= 0
        if is_over and not self.board.running and self._emergency_asked != found.facts.get("ends"):
            self._emergency_asked = found.facts.get("ends")
            self.doctor.look(["backend.emergency"])

    def _show_progress(self) -> None:
        line = self.query_one("#progress", Static)
        board = self.board
        if board.running:
            line.update(text.progress_text(board, self.doctor.seconds_running, self.doctor.few_characters))
        elif board.said:
            line.update(Content.styled(f" The checks broke off: {board.said}", "$text-error"))
        elif board.context is not None:
            line.update(Content.styled(f" {text.done_text(board)}", "$foreground-muted"))

    def _tick(self) -> None:
        self._tick_emergency()
        if self.board.running:
            self._show_progress()

    def _item(self, row: Row) -> Item:
        state = self.board.state(row.key)
        face = FACES[state]
        if state is None and self.board.running:
            face = ASKING
        stage = self.board.broken_stage(row.key)
        below = f"{face.word}: {stage.value}" if stage else face.word
        place = f"{row.place}, disabled" if row.disabled else row.place
        glyph = face.plain if self.doctor.few_characters else face.glyph
        return Item(row.key, row.title, below, place, face, glyph, self.board.shares_its_name(row))

    def _telling_stage(self, key: str, links: tuple[Link, ...]) -> Stage:
        """The link that tells most: the first broken one, else how far the path is known to hold."""
        broken = self.board.broken_stage(key)
        if broken is not None:
            return broken
        known = [link.stage for link in links if link.status is Status.OK]
        return known[-1] if known else Stage.CONFIG

    # ── remedies ────────────────────────────────────────────────────────────────────────────────────────────

    def chosen_findings(self) -> list[Finding]:
        """The findings that `mend` is about: the chosen link's trouble, else the row's broken link's."""
        key = self.query_one(ServerList).chosen
        if key is None:
            return []
        links = self.board.links(key)
        for stage in (self.query_one(Chain).chosen, self.board.broken_stage(key)):
            if stage is not None:
                link = links[tuple(Stage).index(stage)]
                found = [each for each in link.findings if each.status in TROUBLE]
                if found:
                    return found
        return []

    def _show_remedies(self) -> None:
        if not self.is_whole:
            return
        line, remedies = self.query_one("#remedies", Static), self.remedies
        line.display = bool(remedies)
        if remedies:
            line.update(text.remedies_text(remedies, is_tall=self._is_tall))

    @property
    def remedies(self) -> "tuple[Remedy, ...]":
        """The remedies of the chosen findings, as far as they are known."""
        return self._offers.remedies
