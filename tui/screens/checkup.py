"""Home, by hand: what the person does with keys and mouse, and where it leads."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from diagnostics.model import Stage
from tui.actions import CHECKUP, bindings
from tui.board import STORE_ROW
from tui.screens.checkup_view import TROUBLE, CheckupView
from tui.widgets.chain import Chain
from tui.widgets.finding_view import FindingView
from tui.widgets.server_list import ServerList
from tui.work import in_background

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnostics.model import Finding
    from recovery.model import Remedy


class CheckupScreen(CheckupView):
    """Asks the doctor for runs and opens the other screens."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(CHECKUP))
    _start_asked = False
    """Whether the run under way is a start that the person asked for."""

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
        self.doctor.push_screen(EvidenceScreen(link))

    def action_logs(self) -> None:
        """Opens the paste and log screen."""
        from tui.screens.explain import ExplainScreen

        self.doctor.push_screen(ExplainScreen(self.doctor))

    def action_copy(self) -> None:
        """Copies what the chosen findings say to type."""
        from tui.copying import copyable

        key = self.query_one(ServerList).chosen
        links = self.board.links(key) if key is not None else ()
        shown = links[tuple(Stage).index(self.query_one(Chain).chosen)].findings if links else ()
        text = copyable(line for each in shown for line in each.fix)
        if text:
            self.doctor.copy_to_clipboard(text)
        else:
            self.notify("There is no command or address here to copy.")

    def action_advise(self) -> None:
        """Opens the advice on keeping credentials."""
        from tui.screens.advice import AdviceScreen

        self.doctor.push_screen(AdviceScreen(self.doctor))

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.doctor.push_screen(HelpScreen(self.ACTIONS, self.doctor.few_characters))

    def action_quit(self) -> None:
        """Leaves."""
        self.doctor.leave()

    def action_demo(self) -> None:
        """Opens the demo instead, where nothing is configured."""
        if self.board.is_bare:
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
            if link.status in TROUBLE:
                self._row_touched = self._link_touched = True
                chain.show(links, link.stage)
                self._show_row()
                return
        self.notify("No link of this path is in trouble.")

    async def action_search(self) -> None:
        """Opens the search field, which is made at its first use."""
        from tui.widgets.free_text import FreeText

        found = self.query("#search")
        if not found:
            await self.query_one("#left").mount(
                FreeText(placeholder="server, client or state", id="search", compact=True),
                before="#search-hint",
            )
            self.query_one("#search-hint").display = False
        self.set_focus(self.query_one("#search", FreeText))  # at once: what was typed ahead comes next

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
                else self._offers.trouble
                or "The doctor can't do this for you: “What to do” says what you can do."
            )
            self.notify(words, markup=False)
        elif (only := _plain_way(remedies)) is not None:
            self._open(only)
        else:
            from tui.screens.pick import PickScreen

            self.doctor.push_screen(PickScreen(remedies), self._open)

    def _open(self, remedy: "Remedy | None") -> None:
        if remedy is None:
            return
        from tui.screens.guide import GuideScreen

        self._row_touched = True
        key = self.query_one(ServerList).chosen or STORE_ROW
        finding = next((each for each in self.chosen_findings() if each.id == remedy.finding), None)
        if "emergency" in remedy.id:
            from tui.screens.emergency_ways import open_walk

            if open_walk(self.doctor, remedy, finding, key):
                return
        if remedy.id == "rotate-token" and finding is not None:
            self._open_rotation(remedy, key, finding)
            return
        self.doctor.push_screen(GuideScreen(self.doctor, remedy, key, finding), self._guide_closed)

    def _guide_closed(self, _nothing: None) -> None:
        """Back to the list: what was read before is mended, or as it was."""
        self.query_one(ServerList).focus()

    def action_rotate(self) -> None:
        """Opens the guide for a new token, also where the old one is in order."""
        key, context = self.query_one(ServerList).chosen, self.board.context
        if key is None or self.board.server(key) is None or context is None:
            self.notify("Choose a server first.")
            return
        findings = [each for link in self.board.links(key) for each in link.findings]

        def look() -> "list[tuple[Remedy, Finding]]":
            from recovery.rotation import rotations

            return rotations(findings, context)

        def found(there: "list[tuple[Remedy, Finding]]") -> None:
            if self.is_current:
                self._rotate(key, there)

        in_background(self.doctor, look, found, self._no_rotation, "rotation")

    def _rotate(self, key: str, there: "list[tuple[Remedy, Finding]]") -> None:
        def chosen(remedy: "Remedy | None") -> None:
            finding = next((about for each, about in there if each is remedy), None)
            if remedy is not None and finding is not None:
                self._row_touched = True
                self._open_rotation(remedy, key, finding)

        if not there:
            self.notify("The doctor knows of no token in the keychain that this server takes.", markup=False)
        elif len(there) == 1:
            chosen(there[0][0])
        else:
            from tui.screens.pick import PickScreen

            self.doctor.push_screen(PickScreen([each for each, _ in there]), chosen)

    def _open_rotation(self, remedy: "Remedy", key: str, finding: "Finding") -> None:
        """The guide; before it, where several entries hold the token, which of them get the new one."""
        from tui.screens.guide import GuideScreen

        context = self.board.context

        def guide(chosen: "Remedy | None") -> None:
            if self.is_current:
                screen = GuideScreen(self.doctor, chosen or remedy, key, finding)
                self.doctor.push_screen(screen, self._guide_closed)

        if len(remedy.steps) < 2 or context is None:
            guide(remedy)
            return

        def ticked(without: frozenset[str] | None) -> None:
            from recovery.rotation import rotation

            if without:
                in_background(
                    self.doctor,
                    lambda: rotation(finding, context, without),
                    guide,
                    self._no_rotation,
                    "rotation",
                )
            elif without is not None:
                guide(remedy)

        def rows_known(rows: list[tuple[str, str]]) -> None:
            from tui.screens.tick_entries import TickEntriesScreen

            if self.is_current:
                self.doctor.push_screen(TickEntriesScreen(rows), ticked)

        def look() -> list[tuple[str, str]]:
            from recovery.rotation import choices_of

            return choices_of(finding, context)

        in_background(self.doctor, look, rows_known, self._no_rotation, "rotation")

    def _no_rotation(self, error: Exception) -> None:
        self.notify(f"Could not find out what would change ({type(error).__name__}).", markup=False)

    def action_cleanup(self) -> None:
        """Opens the list of damaged entries."""
        from tui.screens.cleanup import CleanupScreen

        self.doctor.push_screen(CleanupScreen(self.doctor), self._guide_closed)

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
                self._start_asked = True
                self.doctor.look(["start.*"], only=[server.id], start=True)

        self.doctor.push_screen(StartScreen(server), agreed)

    def board_changed(self) -> None:
        """Shows it; after a start that the person asked for, what a rotation keeps may be let go of."""
        super().board_changed()
        if self._start_asked and not self.board.running:
            self._start_asked = False
            self._let_go_of_replaced()

    def _let_go_of_replaced(self) -> None:
        context, findings = self.board.context, tuple(self.board.findings.values())
        session = self.doctor.session
        if context is None:
            return

        def job() -> list[str]:
            from recovery.journal import Journal
            from recovery.rotation_end import let_go_of_replaced

            world = session.open_world(session.host)
            return let_go_of_replaced(world, Journal(session.host), findings, context)

        def told(lines: list[str]) -> None:
            for line in lines:
                self.notify(line, title="The rotation is complete", timeout=20, markup=False)

        in_background(self.doctor, job, told, lambda _error: None, "rotation-end")

    def action_emergency(self) -> None:
        """Opens the incidents, and the way to emergency access for the chosen server."""
        from tui.screens.emergency import EmergencyScreen

        key = self.query_one(ServerList).chosen
        server = self.board.server(key) if key else None
        self.doctor.push_screen(EmergencyScreen(self.doctor, server))

    def action_undo(self) -> None:
        """Asks whether to take back the last operation."""
        from tui.screens.undo import open_undo

        open_undo(self.doctor)

    def action_history(self) -> None:
        """Opens the timeline of the chosen server."""
        from tui.screens.history import HistoryScreen

        key = self.query_one(ServerList).chosen
        row = self.board.row(key) if key else None
        servers = self.board.context.servers if self.board.context is not None else ()
        self.doctor.push_screen(HistoryScreen(self.doctor, row, tuple(servers)))

    def action_audit(self) -> None:
        """Opens the audit trail."""
        from tui.screens.audit import AuditScreen

        self.doctor.push_screen(AuditScreen(self.doctor))

    def action_support(self) -> None:
        """Opens the support bundle."""
        from tui.screens.support import SupportScreen

        self.doctor.push_screen(SupportScreen(self.doctor))

    def action_backups(self) -> None:
        """Opens the backups."""
        from tui.screens.backups import BackupsScreen

        self.doctor.push_screen(BackupsScreen(self.doctor))


def _plain_way(remedies: "Sequence[Remedy]") -> "Remedy | None":
    """The remedy to open without a question: the only one, or unlocking, before which nobody thinks of an emergency."""
    from recovery.emergency.incident import ACCESS

    others = [each for each in remedies if each.id != ACCESS] or list(remedies)
    if len(others) != 1:
        return None
    return others[0] if len(remedies) == 1 or others[0].id == "unlock-keychain" else None
