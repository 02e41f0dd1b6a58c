"""The fleet: hosts × servers, worst first, with what is known of the cell under the cursor."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.model import HostState, ServerState
from tui.actions import Action, bindings
from tui.screens import fleet_text as text
from tui.screens.whole import is_whole, may_act
from tui.widgets.finding_view import FindingView
from tui.widgets.fleet_matrix import FleetMatrix
from tui.widgets.free_text import FreeText
from tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from tui.fleet_app import FleetApp

FLEET = (
    Action("look", "enter", "Enter", "open host", "Show this host's servers, their paths and findings."),
    Action(
        "search",
        "slash",
        "/",
        "filter",
        "Narrow it by host, server, client, state or cause.",
        at_once=True,
    ),
    Action("causes", "c", "c", "causes", "What fails, by the number of hosts."),
    Action("problems", "p", "p", "problems", "Reports that could not be taken as they are."),
    Action("again", "r", "r", "again", "Read the files again."),
    Action("help", "question_mark,f1", "?", "help", "Show this help."),
    Action("quit", "q", "q", "quit", "Leave."),
)
MOVING = (
    ("↑ ↓", "Choose a host."),
    ("← →", "Choose a server; leftmost is the host itself."),
    ("Tab", "Between the matrix and what is known of the cell."),
    ("Esc", "Show all hosts again, the worst on top."),
    ("Ctrl+P", "All of this as a list, and the colour themes."),
)
_WIDE = 100
"""Cells of a window that have room for the program's name beside all counts."""
_READING = Content.styled("Reading the reports …", "$foreground-muted")


class FleetScreen(Screen[None]):
    """Shows the app's fleet. Nothing here reaches a host: what it says to do is to be done there."""

    AUTO_FOCUS = "#matrix"
    ACTIONS: ClassVar[tuple[Action, ...]] = FLEET
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(FLEET))

    def __init__(self, app: "FleetApp") -> None:
        super().__init__(id="fleet")
        self._owner = app
        self._words = ""

    @property
    def fleet(self) -> Fleet:
        """What is known."""
        return self._owner.fleet

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Counts, filter, matrix, cell, how far it is, keys."""
        few = self._owner.few_characters
        yield Static(text.head_text(self.fleet, few, is_wide=True), id="head", markup=False)
        yield FreeText(
            placeholder="host, server, client, state, link or cause", id="fleet-search", compact=True
        )
        with Container(id="fleet-panes"):
            with Container(id="matrix-frame") as frame:
                frame.border_title = "Hosts × servers"
                yield FleetMatrix(few_characters=few, id="matrix")
            yield FindingView(_READING, id="cell")
        yield Static(id="progress", markup=False)
        yield KeyLine(self.ACTIONS, id="keys")
        yield Static(
            "This window is too small for the fleet.\nMake it 80 × 24 or larger.", id="tiny", markup=False
        )

    def fleet_changed(self) -> None:
        """More was read, or the filter is another one."""
        if not self.is_whole:
            return
        matrix = self.query_one(FleetMatrix)
        hosts = self.fleet.hosts(self._words)
        if (
            matrix.has_moved and self._owner.reading
        ):  # nothing moves under the hand of a person who is choosing
            place = {name: number for number, name in enumerate(matrix.names)}
            hosts.sort(key=lambda each: place.get(each.name, len(place)))
        empty = "reading …" if self._owner.reading else "no host fits" if self._words else "no host"
        matrix.show(hosts, self.fleet.columns(), self._fits if self._words else None, empty)
        frame = self.query_one("#matrix-frame")
        frame.border_title = (
            f"{len(hosts):,} of {len(self.fleet):,} hosts fit “{self._words}”"
            if self._words
            else "Hosts × servers"
        )
        is_wide = self.app.size.width >= _WIDE
        head = text.head_text(self.fleet, self._owner.few_characters, is_wide=is_wide)
        self.query_one("#head", Static).update(head)
        self.query_one("#progress", Static).update(self._progress())
        self._show_cell()

    def _progress(self) -> Content:
        if self._owner.reading:
            return text.progress_text(self._owner.done, self._owner.total, self._owner.few_characters)
        return text.done_text(self.fleet, self._owner.at)

    def _fits(self, host: HostState, server: ServerState) -> bool:
        return self.fleet.fits(host, server, self._words)

    def _show_cell(self) -> None:
        view = self.query_one(FindingView)
        host, server = self._chosen()
        if host is None:
            view.border_title = ""
            words = f"No host fits “{self._words}”. Esc shows all of them again."
            view.show(
                _READING if self._owner.reading else Content(words if self._words else "There is no report.")
            )
            return
        view.border_title = text.cell_title(host, server, self._owner.at)
        view.show(text.cell_text(host, server, self._owner.few_characters))

    def _chosen(self) -> tuple[HostState | None, ServerState | None]:
        place = self.query_one(FleetMatrix).place
        host = self.fleet.host(place.host) if place is not None else None
        if host is None or place is None or place.server is None:
            return host, None
        return host, text.worst_of(host, place.server)

    # ── keys ────────────────────────────────────────────────────────────────────────────────────────────────

    def on_fleet_matrix_chosen(self) -> None:
        """Another cell."""
        self._show_cell()

    def on_fleet_matrix_entered(self) -> None:
        """Enter in the matrix, or a second click."""
        self.action_look()

    def action_look(self) -> None:
        """Opens the host under the cursor; of one without a report, why there is none."""
        host, server = self._chosen()
        if host is None:
            return
        if host.words:
            from tui.screens.dialog import Dialog

            self.app.push_screen(Dialog[None](host.name, text.missing_text(host)))
            return
        from tui.screens.fleet_host import FleetHostScreen

        self.app.push_screen(FleetHostScreen(self._owner, host, server))

    def action_search(self) -> None:
        """Opens the filter."""
        field = self.query_one("#fleet-search", FreeText)
        field.display = True
        self.set_focus(field)  # at once: what was typed ahead comes next

    def on_input_changed(self, event: Any) -> None:
        """Narrows as the person types; the worst that fits is on top."""
        self._words = str(event.value)
        self.query_one(FleetMatrix).choose_top()
        self.fleet_changed()

    def on_input_submitted(self) -> None:
        """On to the matrix."""
        self.query_one(FleetMatrix).focus()

    def key_escape(self) -> None:
        """All hosts again."""
        field = self.query_one("#fleet-search", FreeText)
        field.display = False
        field.value = ""
        self._words = ""
        matrix = self.query_one(FleetMatrix)
        matrix.choose_top()
        matrix.focus()
        self.fleet_changed()

    def action_causes(self) -> None:
        """What fails, by the number of hosts."""
        from tui.screens.dialog import Dialog

        causes = text.causes_text(self.fleet, self._owner.few_characters)
        self.app.push_screen(Dialog[None]("What fails, by the number of hosts", causes))

    def action_problems(self) -> None:
        """What could not be taken as it is."""
        from tui.screens.dialog import Dialog

        self.app.push_screen(Dialog[None]("Problems with the reports", text.problems_text(self.fleet)))

    def action_again(self) -> None:
        """Reads the files again."""
        self.query_one(FleetMatrix).choose_top()
        self._owner.read_reports()

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.ACTIONS, self._owner.few_characters, MOVING))

    def action_quit(self) -> None:
        """Leaves."""
        self._owner.leave()
