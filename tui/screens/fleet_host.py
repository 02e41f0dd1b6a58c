"""One host of the fleet: its servers, the path of each, and the findings, in the words that the host itself showed."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from diagnostics.context import Context
from diagnostics.fleet import words
from diagnostics.fleet.model import HostState, NotAReportError, ServerState
from diagnostics.fleet.path import as_run
from diagnostics.fleet.reading import read_again
from diagnostics.model import Finding, Stage, Status
from tui.actions import Action, bindings
from tui.board import STORE_ROW, Board, Link, Row
from tui.faces import FACES
from tui.screens.whole import is_whole, may_act
from tui.widgets.chain import Chain
from tui.widgets.finding_view import FindingView, words_of
from tui.widgets.key_line import KeyLine
from tui.widgets.server_list import Item, ServerList
from tui.work import in_background

if TYPE_CHECKING:
    from tui.fleet_app import FleetApp

FLEET_HOST = (
    Action("next_broken", "n", "n", "next broken", "Go to the next link that is not in order."),
    Action("evidence", "e", "e", "evidence", "Show what was seen there, word for word."),
    Action("help", "question_mark,f1", "?", "help", "Show this help."),
    Action("back", "escape,q", "Esc", "back", "Back to all hosts."),
)
_TROUBLE = (Status.FAIL, Status.UNKNOWN, Status.WARN)
_READING = Content.styled("Reading the report …", "$foreground-muted")


class FleetHostScreen(Screen[None]):
    """Read only: what a report says to do is text here, to be done on that host."""

    AUTO_FOCUS = "#servers"
    ACTIONS: ClassVar[tuple[Action, ...]] = FLEET_HOST
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(FLEET_HOST))

    def __init__(self, app: "FleetApp", host: HostState, server: ServerState | None) -> None:
        super().__init__(id="fleet-host")
        self._owner = app
        self._host = host
        self._wanted = server
        self._board = Board()
        self._link_touched = False

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """As the home screen, without anything that mends."""
        yield Static(self._head(""), id="head", markup=False)
        with Horizontal(id="panes"):
            with Container(id="left") as left:
                left.border_title = "Servers"
                yield ServerList(id="servers")
            with Container(id="right"):
                with Container(id="path"):
                    yield Chain(few_characters=self._owner.few_characters, id="chain")
                with Container(id="what"):
                    yield FindingView(_READING, id="finding")
        yield Static(id="progress", markup=False)
        yield KeyLine(self.ACTIONS, id="keys")
        yield Static(
            "This window is too small for the fleet.\nMake it 80 × 24 or larger.", id="tiny", markup=False
        )

    def on_mount(self) -> None:
        """Reads the whole report, in a thread."""
        self.watch(self, "focused", self._focus_moved, init=False)
        source = self._host.source
        in_background(self._owner, lambda: as_run(read_again(source)), self._show, self._broke, "fleet-host")

    def _focus_moved(self, focused: object) -> None:
        """In a low window the finding takes the path's room while it is read."""
        self.set_class(isinstance(focused, FindingView), "-reading")

    def _broke(self, error: Exception) -> None:
        if self.is_whole:
            said = (
                str(error)
                if isinstance(error, NotAReportError)
                else f"could not be read ({type(error).__name__})"
            )
            self.query_one(FindingView).show(Content.styled(f"The report {said}.", "$text-warning"))

    def _show(self, run: tuple[Context, list[Finding]]) -> None:
        if not self.is_whole:
            return
        context, findings = run
        self._board.begin(1, context, 0)
        self._board.take(findings)
        self._board.end()
        host = context.host
        self.query_one("#head", Static).update(
            self._head(f"{host.platform.value}, {host.session.value} session")
        )
        rows = self._board.rows()
        servers = self.query_one(ServerList)
        servers.show([self._item(row) for row in rows], "none")
        wanted = self._wanted
        if wanted is not None:
            key = next(
                (each.key for each in rows if (each.title, each.place) == (wanted.name, wanted.client)), None
            )
            if key is not None:
                servers.choose(key)
        self.query_one("#progress", Static).update(self._progress())
        self._show_row()

    def _head(self, where: str) -> Content:
        face = FACES[self._host.status]
        glyph = face.plain if self._owner.few_characters else face.glyph
        return Content.assemble(
            (f" {self._host.name} ", "bold $text-primary"),
            (f" {glyph} {face.word}", face.style),
            (f"   {where}" if where else "", "$foreground-muted"),
        )

    def _progress(self) -> Content:
        at = self._host.at
        when = (
            "The report does not say when it was made."
            if at is None
            else f"Looked at {words.age(self._owner.at - at)}."
        )
        if self._host.error:
            return Content.assemble((f" {when} ", "$foreground-muted"), (self._host.error, "$text-warning"))
        return Content.styled(
            f" {when} To mend it, run mcp-doctor on {self._host.name}.", "$foreground-muted"
        )

    def _item(self, row: Row) -> Item:
        face = FACES[self._board.state(row.key)]
        stage = self._board.broken_stage(row.key)
        title = "its keychain" if row.key == STORE_ROW else row.title
        glyph = face.plain if self._owner.few_characters else face.glyph
        below = f"{face.word}: {stage.value}" if stage else face.word
        return Item(row.key, title, below, row.place, face, glyph, self._board.shares_its_name(row))

    def _show_row(self) -> None:
        key = self.query_one(ServerList).chosen
        if key is None:
            self.query_one(FindingView).show(Content("No MCP server is configured there."))
            return
        links, row = self._board.links(key), self._board.row(key)
        chain = self.query_one(Chain)
        stage = chain.chosen if self._link_touched else self._board.broken_stage(key) or _last_known(links)
        chain.show(links, stage)
        chain.border_title = Content(f"{row.title} · {row.place}" if row else "")
        link = links[tuple(Stage).index(stage)]
        self.query_one("#what").border_title = Content(f"{stage.value}: {FACES[link.status].word}")
        lines = 8 if self.app.size.height >= 36 else 1
        self.query_one(FindingView).show(self._words_of(link, lines))

    def _words_of(self, link: Link, lines: int) -> Content:
        if link.findings:
            return words_of(link, self._owner.few_characters, lines)
        said = "The report has nothing to say about this link."
        return Content.styled(said, "$foreground-muted")

    # ── keys ────────────────────────────────────────────────────────────────────────────────────────────────

    def on_server_list_chosen(self) -> None:
        """Another server: its path, on its telling link."""
        self._link_touched = False
        self._show_row()

    def on_server_list_entered(self) -> None:
        """From the server to its path."""
        self.query_one(Chain).focus()

    def on_chain_link_chosen(self) -> None:
        """Another link: its findings."""
        self._link_touched = True
        self._show_row()

    def on_chain_entered(self) -> None:
        """From the path to the finding."""
        self.query_one(FindingView).focus()

    def key_right(self) -> None:
        """To the next pane."""
        self.focus_next()

    def key_left(self) -> None:
        """To the previous pane."""
        self.focus_previous()

    def action_next_broken(self) -> None:
        """The next link in trouble, round about."""
        key = self.query_one(ServerList).chosen
        if key is None:
            return
        links, chain = self._board.links(key), self.query_one(Chain)
        here = tuple(Stage).index(chain.chosen)
        for link in (*links[here + 1 :], *links[: here + 1]):
            if link.status in _TROUBLE:
                self._link_touched = True
                chain.show(links, link.stage)
                self._show_row()
                return
        self.notify("No link of this path is in trouble.")

    def action_evidence(self) -> None:
        """Raw evidence of the chosen link's findings."""
        from tui.screens.evidence import EvidenceScreen

        key = self.query_one(ServerList).chosen
        if key is not None:
            links = self._board.links(key)
            self.app.push_screen(EvidenceScreen(links[tuple(Stage).index(self.query_one(Chain).chosen)]))

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.ACTIONS, self._owner.few_characters))

    def action_back(self) -> None:
        """Back to all hosts."""
        self.dismiss()


def _last_known(links: tuple[Link, ...]) -> Stage:
    known = [link.stage for link in links if link.status is Status.OK]
    return known[-1] if known else Stage.CONFIG
