"""The support bundle: all of it is shown, word for word, before Enter writes it. What is shown is what is written."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.events import Resize
from textual.widgets import Log, Static

from diagnostics.model import Status
from diagnostics.text import clean
from tui.actions import DIALOG, Action
from tui.doctor import Doctor
from tui.faces import FACES
from tui.screens.dialog import Dialog
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from pathlib import Path

    from diagnostics.support.bundle import Bundle

_GATHERING = "Gathering, and taking names and secrets out …"


class SupportScreen(Dialog[None]):
    """Gathers from what the app knows; Enter writes, `k` keeps the names of entries and servers or takes them out."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action(
            "write",
            "enter",
            "Enter",
            "write it",
            "Write the bundle that is shown into a file that only you can read.",
        ),
        Action(
            "names", "k", "k", "keep names", "Keep the names of entries and servers, or take them out again."
        ),
        *DIALOG,
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "write", show=False),
        Binding("k", "names", show=False),
    ]
    CSS_PATH: ClassVar[list[str]] = ["dialog.tcss", "support.tcss"]  # type: ignore[assignment]

    def __init__(self, doctor: Doctor) -> None:
        super().__init__("Support bundle", Content(""))
        self.doctor = doctor
        self._bundle: Bundle | None = None
        self._keeps_names = False
        self._busy = False

    def compose(self) -> ComposeResult:
        """What to do, the whole text, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            yield Static(Content(_GATHERING), id="verdict", markup=False)
            yield Log(highlight=False, auto_scroll=False, id="pages")
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """Gathers in a thread, from what was found so far."""
        self.query_one(Log).focus()
        self._gather()

    def _gather(self) -> None:
        board, session = self.doctor.board, self.doctor.session
        context, findings = board.context, tuple(board.findings.values())
        self._bundle = None
        self._say(_GATHERING)
        if context is None:
            self._say(
                "The configs are not read yet. Close this window, and open it again in a moment.",
                Status.UNKNOWN,
            )
            return
        keeps = self._keeps_names

        def job() -> "tuple[Bundle, Path]":
            from recovery.support import Wanted, gather

            bundle = gather(context, findings, Wanted(keep_names=keeps))
            return bundle, session.host.cwd / f"{bundle.name}.zip"

        def then(found: "tuple[Bundle, Path]") -> None:
            self._show(*found, asked=keeps)

        in_background(self.doctor, job, then, self._broke, "support")

    def _show(self, bundle: "Bundle", place: "Path", *, asked: bool) -> None:
        if not self.is_whole or asked is not self._keeps_names:
            return
        self._bundle, self._place = bundle, place
        self._fill()
        running = (
            " The checks are still running: it has what was found so far."
            if self.doctor.board.running
            else ""
        )
        self._say(f"This is all of it. Enter writes it to {clean(str(place))}.{running}", Status.OK)

    def _fill(self) -> None:
        if self._bundle is None:
            return
        pages = self.query_one(Log)
        room = max(20, pages.scrollable_content_region.width)
        pages.clear()
        pages.write_lines(_in_lines(self._bundle.as_text(), room), scroll_end=False)

    def on_resize(self, _event: Resize) -> None:
        """Another width breaks the lines at other places."""
        if self.is_whole:
            self.call_after_refresh(self._fill)

    def _say(self, words: str, status: Status | None = None) -> None:
        if status is None:
            said = Content(words)
        else:
            face = FACES[status]
            sign = face.plain if self.doctor.few_characters else face.glyph
            said = Content.assemble((f"{sign} ", face.style), words)
        self.query_one("#verdict", Static).update(said)

    def _broke(self, error: Exception) -> None:
        from recovery.model import RecoveryError

        self._busy = False
        if self.is_whole:
            said = (
                str(error)
                if isinstance(error, RecoveryError)
                else f"It could not be made: {type(error).__name__}"
            )
            self._say(clean(said), Status.FAIL)

    def action_names(self) -> None:
        """Gathers anew with, or without, names."""
        self._keeps_names = not self._keeps_names
        self._gather()

    def action_write(self) -> None:
        """Writes what is shown."""
        bundle = self._bundle
        if bundle is None or self._busy:
            return
        self._busy = True
        place, gone = self._place, self.doctor.session.banner

        def job() -> "Path":
            from recovery.support import write

            write(bundle, place, "zip")
            return place

        def then(written: "Path") -> None:
            self._busy = False
            if self.is_whole:
                more = " It goes when the demo ends." if gone else " Only you can read it."
                self._say(f"Written: {clean(str(written))}.{more}", Status.OK)

        in_background(self.doctor, job, then, self._broke, "support-write")


def _in_lines(text: str, room: int) -> list[str]:
    """The text as it is, broken at blanks where it is wider than there is room. An empty line is a blank: a log drops those."""
    import textwrap

    from rich.cells import chop_cells

    lines: list[str] = []
    for line in text.splitlines():
        lead = " " * min(len(line) - len(line.lstrip(" ")), room // 3)
        safe = clean(line, 100_000)
        broken = textwrap.wrap(
            safe.lstrip(" "), room, initial_indent=lead, subsequent_indent=f"{lead}  ", break_on_hyphens=False
        )
        lines += [part for each in broken for part in chop_cells(each, room)] or [" "]
    return lines
