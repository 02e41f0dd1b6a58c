"""Home: the servers, the chosen one's path, and what is wrong with it in words."""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from diagnostics.model import Finding, Stage, Status
from tui.actions import CHECKUP, bindings
from tui.board import STORE_ROW, Board, Link, Row
from tui.faces import ASKING, FACES
from tui.offers import Offers
from tui.screens import checkup_text as text
from tui.screens.about import about
from tui.widgets.chain import Chain
from tui.widgets.finding_view import FindingView, words_of
from tui.widgets.key_line import KeyLine
from tui.widgets.server_list import Item, ServerList

if TYPE_CHECKING:
    from recovery.model import Remedy
    from tui.app import DoctorApp

_TROUBLE = (Status.FAIL, Status.UNKNOWN, Status.WARN)


class CheckupScreen(Screen[None]):
    """Shows the app's board; asks the app for runs and opens the other screens."""

    ACTIONS = CHECKUP
    AUTO_FOCUS = "#servers"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(CHECKUP))

    def __init__(self) -> None:
        super().__init__(id="checkup", classes="-nothing")
        self._row_touched = False
        self._link_touched = False
        self._words = ""
        self._offers = Offers(self._show_remedies)

    @property
    def doctor(self) -> "DoctorApp":
        """The app, by its own type."""
        return cast("DoctorApp", self.app)

    @property
    def board(self) -> Board:
        """What is known."""
        return self.doctor.board

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there: news can come while the app closes."""
        return bool(self.query("#keys"))

    def compose(self) -> ComposeResult:
        """Header, three panes, progress, keys; with what they show first, so that one layout is enough."""
        session = self.doctor.session
        yield Static(
            text.head_text(self.board, self.doctor.session.host, self.doctor.few_characters),
            id="head",
            markup=False,
        )
        if session.banner:
            yield Static(session.banner, id="banner", markup=False)
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
        yield KeyLine(CHECKUP, id="keys")
        yield Static(
            "This window is too small for the doctor.\nMake it 80 × 24 or larger.", id="tiny", markup=False
        )

    def on_mount(self) -> None:
        """A slow clock for the progress line."""
        self.watch(self, "focused", self._focus_moved, init=False)
        self.set_interval(1.0, self._tick)

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
        self._show_progress()
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
        self.query_one(FindingView).show(words_of(link, self.doctor.few_characters))
        self.query_one("#about", Static).update(about(row, self.board.server(key)))
        self._offers.look(self.app, self.board.run, self.chosen_findings(), self.board.context)

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
            what.border_title = "Nothing is configured here"
            view.show(text.empty_text(self.board))

    def _show_head(self) -> None:
        self.query_one("#head", Static).update(
            text.head_text(self.board, self.doctor.session.host, self.doctor.few_characters)
        )

    def _show_progress(self) -> None:
        line = self.query_one("#progress", Static)
        board = self.board
        if board.running:
            line.update(text.progress_text(board, self.doctor.seconds_running, self.doctor.few_characters))
        elif board.said:
            line.update(Content.styled(f" The checks broke off: {board.said}", "$text-error"))
        elif board.context is not None:
            some = f"{board.total} questions were asked again."
            total = some if board.partial else f"All {board.total} questions are asked."
            line.update(Content.styled(f" {total}  Worst first; Enter goes deeper.", "$foreground-muted"))

    def _tick(self) -> None:
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
        return Item(row.key, row.title, below, place, face, glyph)

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
                found = [each for each in link.findings if each.status in _TROUBLE]
                if found:
                    return found
        return []

    def _show_remedies(self) -> None:
        if not self.is_whole:
            return
        line, remedies = self.query_one("#remedies", Static), self.remedies
        line.display = bool(remedies)
        if remedies:
            more = f"   and {len(remedies) - 1} more" if len(remedies) > 1 else ""
            line.update(
                Content.assemble(
                    (" m ", "bold $text-primary reverse"),
                    (f" {remedies[0].title}", "bold"),
                    (more, "$foreground-muted"),
                )
            )

    @property
    def remedies(self) -> "tuple[Remedy, ...]":
        """The remedies of the chosen findings, as far as they are known."""
        return self._offers.remedies

    # ── what the person does ────────────────────────────────────────────────────────────────────────────────

    def on_server_list_chosen(self, message: ServerList.Chosen) -> None:
        """Another row: its path, on its telling link."""
        self.query_one(ServerList).take_move()
        self._row_touched = self._row_touched or message.by_person
        if message.by_person:
            self._offers.forget()
        self._link_touched = False
        self._show_row()

    def on_server_list_entered(self) -> None:
        """From the server to its path."""
        self.query_one(Chain).focus()

    def on_chain_link_chosen(self) -> None:
        """Another link: its findings."""
        self._row_touched = self._link_touched = True
        self._show_row()

    def on_chain_entered(self) -> None:
        """From the path to the finding."""
        self.query_one(FindingView).focus()

    async def on_click(self, event: Any) -> None:
        """The remedies' line and the search hint work with the mouse."""
        where = getattr(event.widget, "id", None)
        if where == "remedies":
            self.action_mend()
        elif where == "search-hint":
            await self.action_search()

    def _focus_moved(self, focused: Widget | None) -> None:
        """In a low window the finding takes the path's room while it is read."""
        self.set_class(isinstance(focused, FindingView), "-reading")

    def key_enter(self) -> None:
        """In the finding: to the remedy."""
        if isinstance(self.focused, FindingView):
            self.action_mend()

    def key_right(self) -> None:
        """To the next pane."""
        self.focus_next()

    def key_left(self) -> None:
        """To the previous pane."""
        self.focus_previous()

    def action_again(self) -> None:
        """Runs all checks again."""
        self._row_touched = self._link_touched = False
        self.doctor.look()

    def action_evidence(self) -> None:
        """Raw evidence of the chosen link's findings."""
        from tui.screens.evidence import EvidenceScreen

        key = self.query_one(ServerList).chosen
        if key is None:
            return
        link = self.board.links(key)[tuple(Stage).index(self.query_one(Chain).chosen)]
        self.app.push_screen(EvidenceScreen(link))

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(CHECKUP))

    def action_quit(self) -> None:
        """Leaves."""
        self.doctor.leave()

    def action_demo(self) -> None:
        """Opens the demo instead, where nothing is configured."""
        if self.board.context is not None and not self.board.running and not self.board.rows():
            self.app.exit("demo")
        else:
            self.notify("Run `mcp-doctor demo` for the demo.", markup=False)

    def action_next_broken(self) -> None:
        """The next link in trouble, round about."""
        key = self.query_one(ServerList).chosen
        if key is None:
            return
        links = self.board.links(key)
        chain = self.query_one(Chain)
        here = tuple(Stage).index(chain.chosen)
        for link in (*links[here + 1 :], *links[: here + 1]):
            if link.status in _TROUBLE:
                self._row_touched = self._link_touched = True
                chain.show(links, link.stage)
                self._show_row()
                return
        self.notify("No link of this path is in trouble.")

    async def action_search(self) -> None:
        """Opens the search field, which is made at its first use."""
        from textual.widgets import Input

        found = self.query("#search")
        if not found:
            await self.query_one("#left").mount(
                Input(placeholder="server, client or state", id="search", compact=True), before="#search-hint"
            )
            self.query_one("#search-hint").display = False
        self.query_one("#search", Input).focus()

    def on_input_changed(self, event: Any) -> None:
        """Filters as the person types."""
        self._words = str(event.value)
        self._row_touched = False
        self.board_changed()

    def on_input_submitted(self) -> None:
        """On to the list."""
        self.query_one(ServerList).focus()

    async def key_escape(self) -> None:
        """Ends the search; elsewhere back to the list."""
        for field in self.query("#search"):
            await field.remove()
            self.query_one("#search-hint").display = True
            if self._words:
                self._words = ""
                self.board_changed()
        self.query_one(ServerList).focus()

    def action_mend(self) -> None:
        """Opens the guide of the chosen findings' remedy; lets choose where there are several."""
        if not self._offers.when_known(self._mend):
            self.notify("Looking for what can be done …", timeout=1)

    def _mend(self) -> None:
        if not self.is_current:
            return
        remedies = self.remedies
        if not remedies:
            words = (
                ("The checks are still running." if self.board.running else "Nothing here needs mending.")
                if not self.chosen_findings()
                else ("The doctor can't do this for you: “What to do” says what you can do.")
            )
            self.notify(words)
        elif len(remedies) == 1:
            self._open(remedies[0])
        else:
            from tui.screens.pick import PickScreen

            self.app.push_screen(PickScreen(remedies), self._open)

    def _open(self, remedy: "Remedy | None") -> None:
        if remedy is None:
            return
        from tui.screens.guide import GuideScreen

        self._row_touched = True
        key = self.query_one(ServerList).chosen or STORE_ROW
        finding = next((each for each in self.chosen_findings() if each.id == remedy.finding), None)
        self.app.push_screen(GuideScreen(remedy, key, finding))

    def action_start(self) -> None:
        """Starts the chosen server, after its command was shown and agreed to."""
        key = self.query_one(ServerList).chosen
        server = self.board.server(key) if key else None
        if server is None:
            self.notify("Choose a server first.")
            return
        from tui.screens.start import StartScreen

        def agreed(yes: bool | None) -> None:
            if yes:
                self._link_touched = True
                links = self.board.links(server.id)
                self.query_one(Chain).show(links, Stage.START)
                self.doctor.look(["start.*"], only=[server.id], start=True)

        self.app.push_screen(StartScreen(server), agreed)

    def action_undo(self) -> None:
        """Asks whether to take back the last operation."""
        from tui.screens.undo import open_undo

        open_undo(self.doctor)
