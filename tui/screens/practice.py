"""Home in a drill: with a clock in the banner, and keys for the goal, hints, what is done outside, and the debrief."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widgets import Static

from diagnostics.model import Status
from tui.actions import PRACTICE, bindings
from tui.demo.drill import minutes_and_seconds
from tui.doctor import Doctor
from tui.screens.checkup import CheckupScreen
from tui.work import in_background

if TYPE_CHECKING:
    from tui.demo.debrief import Debrief
    from tui.demo.drill import Practice
    from tui.demo.scenario import Deed

_WIDE = 100


class PracticeScreen(CheckupScreen):
    """In: the drill that is under way."""

    ACTIONS = PRACTICE
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(PRACTICE[-4:]))

    def __init__(self, doctor: Doctor, practice: "Practice") -> None:
        super().__init__(doctor)
        self._practice = practice
        self._judged_run = 0
        self._deeds_seen = 0
        self._is_judging = False

    def on_mount(self) -> None:
        """The goal stands before everything else; the clock runs from when it was read."""
        super().on_mount()
        self._practice.host = self.doctor.session.host
        self.action_goal()

    def banner_text(self) -> str:
        """Clock and keys."""
        practice = self._practice
        place = "nothing of yours is touched"
        keys = [each.split() for each in ("g goal", "h hint", "o outside", "d debrief")]
        shown = [(key, word) for key, word in keys if key != "o" or practice.drill.deeds]
        time = minutes_and_seconds(practice.seconds)
        if self.app.size.width >= _WIDE:
            name = f"DEMO  drill {practice.scenario.name}: {place}"
            time += f" of about {practice.drill.minutes} min"
        else:
            name = f"DEMO  {place}"
        if practice.is_reached:
            name = f"DEMO  {place}  GOAL REACHED" if self.app.size.width >= _WIDE else "DEMO  GOAL REACHED"
        words = "  ".join(f"{key} {word}" for key, word in shown)
        gap = self.app.size.width - 2 - len(name) - len(time) - len(words) - 3
        return f"{name}{' ' * max(2, gap)}{time}   {words}"

    def _tick(self) -> None:
        super()._tick()
        self._show_banner()

    def _show_banner(self) -> None:
        if self.is_whole:
            self.query_one("#banner", Static).update(self.banner_text())

    def board_changed(self) -> None:
        """As at home; where a run has left nothing broken after something was done, the goal may be reached."""
        super().board_changed()
        self._practice.host = self.doctor.session.host
        if not self.is_whole or self.board.running or self.board.context is None or self._practice.is_reached:
            return
        if self._judged_run != self.board.run:
            self._judged_run = self.board.run
            counts = self.board.counts()
            if self.board.run > 1 and not counts.get(Status.FAIL) and not counts.get(Status.UNKNOWN):
                self._judge(self._tell_if_reached)

    # ── the keys ────────────────────────────────────────────────────────────────────────────────────────────

    def action_goal(self) -> None:
        """The goal."""
        from tui.screens.practice_goal import GoalScreen

        self.doctor.push_screen(GoalScreen(self._practice), self._goal_read)

    def _goal_read(self, _nothing: None) -> None:
        self._practice.begin()
        self._show_banner()

    def action_hint(self) -> None:
        """One hint more."""
        from tui.screens.practice_goal import HintScreen

        self._practice.take_hint()
        self.doctor.push_screen(HintScreen(self._practice))

    def action_outside(self) -> None:
        """What a person does elsewhere, to choose from."""
        from tui.screens.practice_deeds import DeedsScreen

        if not self._practice.drill.deeds:
            self.notify("This drill needs nothing outside of the doctor.")
            return

        def chosen(deed: "Deed | None") -> None:
            if deed is None:
                return
            self.doctor.use_host(self._practice.do(deed, self.doctor.session.host))
            self.notify(deed.done, title=deed.title, markup=False)
            if deed.unset:
                self.doctor.look()
            if deed.starts:
                self._start(deed)

        self.doctor.push_screen(DeedsScreen(self._practice.drill.deeds), chosen)

    def _start(self, deed: "Deed") -> None:
        from tui.demo.client import start

        session = self.doctor.session

        def started(said: str) -> None:
            self.notify(said, title=deed.title, markup=False, timeout=10)
            self.doctor.look(["backend.emergency"])

        def broke(error: Exception) -> None:
            self.notify(f"It could not be started ({type(error).__name__}).", severity="error", markup=False)

        in_background(self.doctor, lambda: start(deed.starts, session), started, broke, "client")

    def action_debrief(self) -> None:
        """How far it is."""
        self._open_debrief(is_leaving=False)

    def action_quit(self) -> None:
        """The debrief comes before leaving."""
        self._open_debrief(is_leaving=True)

    # ── judging ─────────────────────────────────────────────────────────────────────────────────────────────

    def _open_debrief(self, *, is_leaving: bool) -> None:
        from tui.screens.practice_debrief import DebriefScreen

        screen = DebriefScreen(is_leaving=is_leaving)

        def closed(leave: bool | None) -> None:
            if leave:
                self.doctor.leave()

        self.doctor.push_screen(screen, closed)
        self._judge(screen.show, screen.broke, again=True)

    def _judge(
        self,
        then: "Callable[[Debrief], None]",
        otherwise: Callable[[Exception], None] = lambda _error: None,
        *,
        again: bool = False,
    ) -> None:
        """Looks at everything afresh, in a thread."""
        if self._is_judging and not again:
            return
        from tui.demo.debrief import judge

        self._is_judging = True
        session = self.doctor.session

        def judged(found: "Debrief") -> None:
            self._is_judging = False
            self._show_banner()
            then(found)

        def broke(error: Exception) -> None:
            self._is_judging = False
            otherwise(error)

        in_background(self.doctor, lambda: judge(self._practice, session), judged, broke, "debrief")

    def _tell_if_reached(self, found: "Debrief") -> None:
        if found.is_reached:
            self.notify("d shows the debrief, q leaves with it.", title="The goal is reached")
