"""Emergency access in the app: the open incidents, a new one for the chosen server, and closing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from diagnostics.emergency import left_in_words
from diagnostics.model import Server
from diagnostics.text import clean
from tui.actions import DIALOG, WHY, Action
from tui.disk import from_disk
from tui.doctor import Doctor
from tui.screens.dialog import Dialog
from tui.widgets.choices import Choices
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.emergency.incident import Incident

_WHY = (
    "For when the keychain can't be mended in time. A token that you give lies in memory, never on a disk, and is gone "
    "when its time is up. Only the chosen server gets it, each start is recorded, and the incident shows until you "
    "close it."
)


class EmergencyScreen(Dialog[None]):
    """The open incidents. Enter closes the chosen one, `e` gives it more time, `n` begins one for the chosen server."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("end", "enter", "Enter", "close it", "Takes the token away, and closes the incident."),
        Action("extend", "e", "e", "more time", "A new limit for the token of the chosen one."),
        Action("begin", "n", "n", "new", "Emergency access for the chosen server."),
        WHY,
        *DIALOG,
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "end", show=False),
        Binding("n", "begin", show=False),
        Binding("e", "extend", show=False),
        Binding(WHY.key, "why", show=False),
    ]
    CSS_PATH: ClassVar[list[str]] = ["dialog.tcss", "emergency.tcss"]  # type: ignore[assignment]

    def __init__(self, doctor: Doctor, server: Server | None) -> None:
        super().__init__("Emergency access", Content(""))
        self.doctor = doctor
        self._server = server
        self._open: Sequence[Incident] = ()

    def compose(self) -> ComposeResult:
        """What it is for, what is open, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            yield Static(Content(_WHY), markup=False)
            yield Static(Content("\nReading …"), id="said", markup=False)
            yield Choices(id="list", markup=False, compact=True)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """Reads the trail in a thread."""
        self.read()

    def read(self, _nothing: None = None) -> None:
        """Reads the trail afresh."""
        host = self.doctor.session.host

        def job() -> "Sequence[Incident]":
            from recovery.emergency.incident import incidents
            from recovery.journal import Journal

            found = from_disk(lambda: incidents(host, Journal(host)), "the audit trail")
            return [each for each in found if each.is_open]

        in_background(self.doctor, job, self._show, self._broke, "emergency")

    def _show(self, found: "Sequence[Incident]") -> None:
        if not self.is_whole:
            return
        self._open = found
        name = clean(self._server.name, 60) if self._server is not None else ""
        begin = f"n begins one for {name}." if name else "Choose a server at home first to begin one."
        count = "No incident is open." if not found else f"Open ({len(found)}), Enter closes the chosen one:"
        self.query_one("#said", Static).update(Content(f"\n{begin}\n\n{count}"))
        rows = self.query_one("#list", OptionList)
        rows.display = bool(found)
        rows.clear_options()
        rows.add_options([Option(_row(each)) for each in found])
        if found:
            rows.highlighted = 0
            rows.focus()
        self.query_one(KeyLine).show(self.ACTIONS if found else self.ACTIONS[2:])

    def _broke(self, error: Exception) -> None:
        from recovery.model import RecoveryError

        if self.is_whole:
            said = str(error) if isinstance(error, RecoveryError) else type(error).__name__
            self.query_one("#said", Static).update(Content.styled(clean(said, 500), "$text-error"))

    def on_option_list_option_selected(self) -> None:
        """Enter or a click."""
        self.action_end()

    def action_end(self) -> None:
        """Goes through closing."""
        from tui.screens.emergency_close import CloseIncidentScreen

        number = self.query_one("#list", OptionList).highlighted
        if number is not None and number < len(self._open):
            self.doctor.push_screen(CloseIncidentScreen(self.doctor, self._open[number]), self.read)

    def action_why(self) -> None:
        """What it is for, and what it costs."""
        from tui.screens.why import open_why

        open_why(self.app, "emergency")

    def action_extend(self) -> None:
        """Asks for a reason and a time."""
        from tui.screens.emergency_extend import ExtendScreen

        number = self.query_one("#list", OptionList).highlighted
        if number is None or number >= len(self._open):
            return
        shown = self._open[number].shown
        if shown is None or self._open[number].seconds_left <= 0:
            self.notify("Its token is gone: n begins another emergency.", markup=False)
            return
        self.dismiss(None)
        self.doctor.push_screen(ExtendScreen(self.doctor, shown))

    def action_begin(self) -> None:
        """Asks why and how long, then for the token."""
        if self._server is None:
            return
        from tui.screens.emergency_start import DetailsScreen

        self.dismiss(None)
        self.doctor.push_screen(DetailsScreen(self.doctor, self._server))


def _row(incident: "Incident") -> Content:
    left = incident.seconds_left
    time = f"token held for {left_in_words(left)} more" if left > 0 else "token gone, not closed"
    if left > 0 and incident.held_by_process:
        time += " by the window that began it"
    served = f"served {len(incident.served)}×"
    ticket = f" ({incident.ticket})" if incident.ticket else ""
    return Content(f"{incident.server}: {time}, {served}\n  {incident.reason}{ticket}, {incident.who}")
