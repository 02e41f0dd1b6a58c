"""The full-screen app: owns the session, the board and the runs of the checks; screens show and ask."""

import asyncio
import contextlib
import gc
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual import constants
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.events import DescendantBlur
from textual.screen import Screen

from diagnostics.text import clean
from tui import themes
from tui.abilities import Clipboard, clipboard_of, has_links
from tui.board import Board
from tui.copying import WithoutLinks, may_be_copied
from tui.faces import has_few_characters, has_few_colours
from tui.focus import give_back_later
from tui.line import Line
from tui.lost_terminal import outliving
from tui.messages import Done, FindingsWaiting, RunBegan, RunBroke, RunEnded
from tui.run import Run, place_of
from tui.session import DoctorSession
from tui.thrifty import thrifty
from tui.work import Tray, in_background

if TYPE_CHECKING:
    from diagnostics.host import Host

_BATCH = 0.05
"""Seconds between two updates of the screen while findings stream in."""
_SLOW_BATCH = 0.5
"""The same over a slow line."""
WRONG_CALL = 2
BROKE_OFF = 4
STOPPED = 130


class DoctorApp(App[str]):
    """`DoctorApp(session).run()`; afterwards `return_code` is 0, 2 (nothing of that name), 130 (Ctrl+C) or 4 (broke off).

    The return value is `"demo"` when the person asked for the demo on a computer where nothing is configured.
    """

    TITLE = "mcp-doctor"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (64, "-normal"), (120, "-wide")]  # noqa: RUF012 - Textual's declaration
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (18, "-short"), (36, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "stop", show=False, priority=True),
        Binding("f9", "picture", show=False, priority=True),
        Binding("ctrl+l", "redraw", show=False, priority=True),
    ]

    def __init__(self, session: DoctorSession, *, no_color: bool = False, line: Line | None = None) -> None:
        self._line = line or Line()
        super().__init__()
        vars(constants)["LOG_FILE"] = None  # TEXTUAL_LOG would write down every key of a password
        self.session = session
        self.board = Board()
        self.few_characters = has_few_characters(session.host)
        self.under_way = ""
        """Title of the recovery operation that a worker is carrying out now, "" otherwise."""
        self.crash = ""
        self._run = 0
        self._began = 0.0
        self._scope: tuple[frozenset[str] | None, frozenset[str] | None] = (None, None)
        self._tray: Tray | None = None
        self._fetching = False
        self._leaving: int | None = None
        self._told_of_token = False
        for theme in themes.ALL:
            self.register_theme(theme)
        colourless = no_color or self.no_color or "NO_COLOR" in session.host.env
        few = colourless or self._line.slow or has_few_colours(session.host)
        if self._line.far:
            self.animation_level = "none"
        self.theme = themes.SIXTEEN.name if few else themes.DARK.name
        if colourless:
            self._without_colour()
        if not has_links(session.host):
            self._filters.append(WithoutLinks())

    def get_default_screen(self) -> Screen[Any]:
        """The checkup is the home screen; in a drill it has a clock."""
        if self.session.practice is not None:
            from tui.screens.practice import PracticeScreen

            return PracticeScreen(self, self.session.practice)
        from tui.screens.checkup import CheckupScreen

        return CheckupScreen(self)

    def on_mount(self) -> None:
        """The first picture is painted before the first question is asked."""
        self.call_after_refresh(self._after_first_paint)
        if not self.is_headless:
            self._leave_in_order_on_signals()

    def _after_first_paint(self) -> None:
        gc.freeze()
        gc.enable()
        self.look()
        self._look_for_interrupted()

    # ── runs ────────────────────────────────────────────────────────────────────────────────────────────────

    def look(
        self,
        again: Iterable[str] | None = None,
        only: Iterable[str] | None = None,
        start: bool = False,
    ) -> None:
        """Asks the checks in a thread, from a fresh look at the configs; an earlier run's answers no longer count.

        In: `again` check ids (everything that rests on them is asked too), None = all; `only` ids of servers;
        `start` whether servers may be started.
        """
        self._run += 1
        self._scope = (
            frozenset(again) if again is not None else None,
            frozenset(only) if only is not None else None,
        )
        self._began = time.monotonic()
        self.board.running = True
        self._tray = Tray(self, self._run)
        session = self.session
        if start:
            session = replace(session, options=replace(session.options, start=True))
        known = tuple(self.board.findings.values())
        run = Run(self, self._run, lambda: self._run, session, self._tray, self._scope, known)
        threading.Thread(target=run.work, daemon=True, name=f"run-{self._run}").start()
        self._tell_screens()

    @property
    def run_number(self) -> int:
        """The newest run's number; a thread of an older one stops when it sees it."""
        return self._run

    @property
    def seconds_running(self) -> float:
        """Since the newest run began."""
        return time.monotonic() - self._began

    def use_host(self, host: "Host | None") -> None:
        """From now on look with this host (a mended session has another bus)."""
        if host is not None:
            self.session = replace(self.session, host=host)

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """The focus is gone: with a pane that a small window hides, it comes back."""
        give_back_later(event.widget)

    def on_run_began(self, message: RunBegan) -> None:
        """The configs were read."""
        if message.run == self._run:
            self.board.begin(message.run, message.context, message.total, message.again, self._scope[1])
            self._tell_screens()

    def on_findings_waiting(self, message: FindingsWaiting) -> None:
        """Fetches in a moment, so that many findings make one update."""
        if message.run == self._run and not self._fetching:
            self._fetching = True
            self.set_timer(_SLOW_BATCH if self._line.slow else _BATCH, self._fetch)

    def _fetch(self) -> None:
        self._fetching = False
        if self._tray is not None:
            self.board.take(self._tray.fetch())
            self._tell_screens()

    def on_run_ended(self, message: RunEnded) -> None:
        """Every check was asked."""
        if message.run == self._run:
            self._finish("")

    def on_run_broke(self, message: RunBroke) -> None:
        """The run could not be finished; a call that names what is not there ends the app, as any command."""
        if message.is_wrong_call and message.run == self._run == 1:
            self.exit(return_code=WRONG_CALL, message=Text(f"mcp-doctor: {message.said}"))
        elif message.run == self._run:
            self._finish(message.said)

    def _finish(self, said: str) -> None:
        if self._tray is not None:
            while items := self._tray.fetch():
                self.board.take(items)
        self.board.end(said)
        self._tell_screens()

    def on_done(self, message: Done) -> None:
        """A background job's result reaches the one who asked."""
        message.then(message.result)

    def _tell_screens(self) -> None:
        for screen in self.screen_stack:
            changed = getattr(screen, "board_changed", None)
            if changed is not None and screen.is_mounted:
                changed()

    # ── recovery ────────────────────────────────────────────────────────────────────────────────────────────

    def _look_for_interrupted(self) -> None:
        from tui.screens.interrupted import look_for_interrupted

        look_for_interrupted(self)

    def begin_operation(self, title: str) -> None:
        """A worker starts to change things: leaving waits for it."""
        self.under_way = title

    def end_operation(self) -> None:
        """The change is finished (or was taken back): who wanted to leave may."""
        self.under_way = ""
        if self._leaving is not None:
            self.exit(return_code=self._leaving)

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice for this system, on a stream that outlives its terminal."""
        return thrifty(outliving(super().get_driver_class()), self._line)

    # ── leaving ─────────────────────────────────────────────────────────────────────────────────────────────

    def leave(self, code: int = 0) -> None:
        """Ends the app; a change under way is finished first, unless it is asked for a second time."""
        if not self.under_way and self._holds_a_token() and not self._told_of_token:
            self._told_of_token = True
            self.notify(
                "This window holds an emergency token: when it is left, the token is gone. Leave again to do that.",
                title="One moment",
                severity="warning",
            )
        elif not self.under_way:
            self.exit(return_code=code)
        elif self._leaving is None:
            self._leaving = code
            self.notify("A change is under way: the doctor leaves when it is finished.", title="One moment")
        else:
            self._exit_with(f"left while “{self.under_way}” was under way", BROKE_OFF)

    def _holds_a_token(self) -> bool:
        """Whether an emergency token goes with this process; only asked where one was begun here."""
        import sys

        holder = sys.modules.get("recovery.emergency.holder")
        return holder is not None and bool(holder.held_here())

    async def action_quit(self) -> None:
        """As `q`."""
        self.leave()

    def action_stop(self) -> None:
        """Ctrl+C: copies what is selected, else stops."""
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
        else:
            self.leave(STOPPED)

    def action_command_palette(self) -> None:
        """Shows the palette."""
        from tui.screens.palette import Palette

        if self.use_command_palette and not Palette.is_open(cast("App[object]", self)):
            self.push_screen(Palette(id="--command-palette"))

    def action_picture(self) -> None:
        """F9: keeps a picture of the screen. Fields for secrets show none; what shows one all the same is not kept."""
        from tui.picture import keep_picture

        keep_picture(self)

    def copy_to_clipboard(self, text: str) -> None:
        """Hands a text to the clipboard of the person's own terminal, where that is known to take it; else says why not.

        In: a text that the person chose. What may be a credential is not copied.
        """
        if not may_be_copied(text):
            self.notify("That may be a credential: it is not copied.", severity="warning")
            return
        host = self.session.host

        def send(found: Clipboard) -> None:
            if found.why_not or self._driver is None:
                self.notify(found.why_not, title="Not copied", severity="warning", markup=False)
            else:
                self._driver.write(found.sequence(text))
                self.notify(text, title="Copied", timeout=3, markup=False)

        in_background(self, lambda: clipboard_of(host), send, lambda _error: None, "clipboard")

    def action_redraw(self) -> None:
        """Ctrl+L: paints everything anew, if somebody else has written on the terminal."""
        redraw = getattr(self._driver, "redraw", None)
        if redraw is not None:
            redraw()
        self.refresh(layout=True)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: the screen's own actions, from the same table as its keys, and the themes."""
        for action in getattr(screen, "ACTIONS", ()):
            if action.palette:
                yield SystemCommand(
                    f"{action.label.capitalize()} ({action.shown})", action.help, _call(screen, action.id)
                )
        yield SystemCommand("Picture", "F9: keep a picture of this screen (SVG).", self.action_picture)
        yield SystemCommand(
            "Theme", "Choose other colours, high contrast among them.", self.action_change_theme
        )
        yield SystemCommand(
            "Redraw (Ctrl+L)", "Paint the screen anew, if something wrote on it.", self.action_redraw
        )

    def _leave_in_order_on_signals(self) -> None:
        """A signal is a wish to leave: the terminal is given back, and a change under way is finished first."""
        loop = asyncio.get_running_loop()
        for name, code in (("SIGINT", STOPPED), ("SIGTERM", 143), ("SIGHUP", 129)):
            number = getattr(signal, name, None)
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows
                if number is not None:
                    told = self.leave if name == "SIGINT" else self._told_to_leave
                    loop.add_signal_handler(number, told, code)

    def _told_to_leave(self, code: int) -> None:
        """The line dropped, or the system ends us: as `leave`, but told twice (by kernel and shell) is told once."""
        if not self.under_way:
            self.exit(return_code=code)
        elif self._leaving is None:
            self._leaving = code

    # ── when it breaks ──────────────────────────────────────────────────────────────────────────────────────

    def _handle_exception(self, error: Exception) -> None:
        """One line instead of a traceback: its local variables may hold what must not be printed."""
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._exit_with(f"{type(error).__name__} {place_of(error)}", BROKE_OFF)

    def _fatal_error(self) -> None:
        self._exit_with("an unexpected error", BROKE_OFF)

    def _exit_with(self, said: str, code: int) -> None:
        undone = (
            f"left undone: {self.under_way}; `mcp-doctor` offers to finish it"
            if self.under_way
            else "nothing was being changed"
        )
        self.crash = clean(f"mcp-doctor broke off ({said}); {undone}")
        self._return_code = code
        self._exit_renderables[:] = [Text(self.crash)]
        self._close_messages_no_wait()

    def _log(self, *_objects: Any, **_named: Any) -> None:
        """Nothing is logged: the developer console would show every key of a password."""

    def _without_colour(self) -> None:
        """No colour code at all; Textual alone would send shades of grey."""
        from textual.filter import Monochrome, NoColor

        self.no_color = True
        self._filters[:] = [each for each in self._filters if not isinstance(each, Monochrome | NoColor)]
        self._filters.append(NoColor())


def _call(screen: Screen[Any], action: str) -> Callable[[], Any]:
    async def run() -> None:
        await screen.run_action(action)

    return run
