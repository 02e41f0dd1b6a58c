"""A guide's page: its parts, and how they are shown. The order of events is `GuideScreen`'s part."""

from dataclasses import replace
from enum import Enum, auto
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from diagnostics.model import Finding
from recovery.model import Ask, AskKind, Remedy, Risk
from recovery.runner import Progress
from tui.actions import GUIDE, WHY, Action
from tui.board import Link
from tui.doctor import Doctor
from tui.screens import guide_text as text
from tui.screens.whole import is_whole, may_act
from tui.screens.why import has_page, open_why
from tui.widgets.answers import AnswerField
from tui.widgets.key_line import KeyLine


class Phase(Enum):
    """Where the guide is."""

    LOOKING = auto()
    """Gathers what will change."""
    ADVICE = auto()
    """Only the person can do it: the words say how."""
    IMPOSSIBLE = auto()
    """It can't work as things stand."""
    ASKING = auto()
    """Waits for the answers."""
    WEIGHING = auto()
    """Shows what is known of the token that was given."""
    AGREEING = auto()
    """Waits for consent."""
    SIGNING_IN = auto()
    """Shows a code, and waits until the person has entered it in a browser."""
    WORKING = auto()
    LOOKING_AGAIN = auto()
    """Done; the checks that it touches are asked again."""
    OVER = auto()


class GuidePage(Screen[None]):
    """One page that grows downwards: what is mended, what will change, the fields, the steps, what became of it."""

    CSS_PATH = "guide.tcss"
    AUTO_FOCUS = ""
    """Back from another page, the key that goes on must not end in a field that is hidden by now."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_page(-1)", show=False),
        Binding("down", "scroll_page(1)", show=False),
        Binding("pageup", "scroll_page(-10)", show=False),
        Binding("pagedown", "scroll_page(10)", show=False),
    ]

    def __init__(self, doctor: Doctor, remedy: Remedy, row: str, finding: Finding | None) -> None:
        super().__init__()
        self.doctor = doctor
        self._remedy = remedy
        self._row = row
        self._finding = finding
        self._risk = remedy.risk
        self.phase = Phase.LOOKING
        self._moved: dict[int, Progress] = {}
        self._keys: list[Action] = []

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it: news and keys come at any time."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Title, one page that grows downwards, the next key."""
        yield Static(Content(f" {self._remedy.title}"), id="guide-title", markup=False)
        with VerticalScroll(id="page", can_focus=False):
            if self._finding is not None:
                yield Static(
                    Content.assemble(("Mends  ", "$foreground-muted"), self._finding.title), markup=False
                )
            yield Static(Content(self._remedy.why), id="why", markup=False)
            yield Static(id="changes", classes="part", markup=False)
            with VerticalGroup(id="fields"):
                for ask in self._remedy.asks:
                    if ask.kind is not AskKind.LOGIN:
                        yield AnswerField(ask)
                if self._risk is Risk.FINAL:
                    yield AnswerField(
                        Ask(
                            "consent",
                            AskKind.CHOICE,
                            f"This can't be taken back. Type “{text.WORD}” to go on:",
                        )
                    )
            yield Static(id="chosen", classes="part", markup=False)
            yield Static(id="token", classes="part", markup=False)
            yield Static(id="login", classes="part", markup=False)
            yield Static(id="steps", classes="part", markup=False)
            yield Static(id="result", classes="part", markup=False)
            yield Static(id="path-now", classes="part", markup=False)
        yield Static(id="next", markup=False)
        yield KeyLine(GUIDE, id="keys")

    def action_scroll_page(self, by: int = 1) -> None:
        """Up and down the page, so many lines."""
        self.query_one("#page", VerticalScroll).scroll_relative(y=by, animate=False)

    def action_why(self) -> None:
        """Why this is the right mend."""
        open_why(self.app, self._remedy.id)

    def _links(self) -> tuple[Link, ...]:
        return self.doctor.board.links(self._row)

    def _show_steps(self) -> None:
        self._put("steps", text.steps_text(self._remedy, self._moved, self.doctor.few_characters))

    def _put(self, part: str, content: Content | None) -> None:
        place = self.query_one(f"#{part}", Static)
        place.display = content is not None
        if content is not None:
            place.update(content)
            self.query_one("#page", VerticalScroll).scroll_end(animate=False)

    def _go(self, phase: Phase, words: str, *keys: tuple[str, str, str]) -> None:
        self.phase = phase
        if phase is not Phase.ASKING:
            self.set_focus(None)
        self._say(words)
        shown = [Action(name, key, key, label, "") for name, key, label in keys]
        if phase not in {Phase.WORKING, Phase.LOOKING_AGAIN} and has_page(self._remedy.id):
            shown.append(replace(WHY, shown="F2" if phase is Phase.ASKING else WHY.shown))
        if all(name != "back" for name, _, _ in keys) and phase is not Phase.WORKING:
            shown.append(Action("back", "escape", "Esc", "leave" if phase is not Phase.OVER else "close", ""))
        self._keys = shown
        self.query_one(KeyLine).show(shown)
        self.call_after_refresh(self._tell_of_more)

    def _tell_of_more(self) -> None:
        """Where the page is longer than the screen, the keys that move it are named too."""
        if self.is_whole and self.query_one("#page", VerticalScroll).max_scroll_y:
            more = Action("scroll_page", "up,down", "↑ ↓", "read", "")
            self.query_one(KeyLine).show([*self._keys[:-1], more, *self._keys[-1:]])

    def _say(self, words: str, *, is_error: bool = False) -> None:
        self.query_one("#next", Static).update(
            Content.styled(f" {words}", "bold $text-error" if is_error else "$text-warning")
        )
