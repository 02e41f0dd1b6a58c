"""Which way of keeping credentials suits this host: the advice of `mcp-doctor advise`, part by part."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import ADVICE, bindings
from tui.screens.advice_text import label_of, looking_text, text_of
from tui.screens.whole import is_whole, may_act
from tui.widgets.choices import Choices
from tui.widgets.finding_view import FindingView
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from diagnostics.advice.fact import Facts
    from diagnostics.advice.page import Part
    from tui.doctor import Doctor

_TEAMS = (None, "single", "shared")
_SSO = (None, True, False)
_KEYS = {
    "team": "t (once: one person; twice: several)",
    "sso": "s (once: yes; twice: no)",
}


class AdviceScreen(Screen[None]):
    """Left the parts, the best option first; right the chosen one."""

    ACTIONS = ADVICE
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(ADVICE))
    CSS_PATH = "advice.tcss"

    def __init__(self, doctor: "Doctor") -> None:
        super().__init__()
        self.doctor = doctor
        self._team: str | None = None
        self._sso: bool | None = None
        self._facts: Facts | None = None
        self._parts: tuple[Part, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it: news and keys come at any time."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Title, two panes, keys."""
        yield Static(
            Content(" Which way of keeping credentials suits this host"), id="advice-title", markup=False
        )
        with Horizontal(id="advice-panes"):
            parts = Choices(id="parts", markup=False, compact=True)
            parts.border_title = Content("Ways")
            yield parts
            view = FindingView(looking_text(), id="advice")
            view.border_title = Content("Why")
            yield view
        yield KeyLine(ADVICE, id="keys")

    def on_mount(self) -> None:
        """Looks at the host while the person sees where they are."""
        self.query_one("#parts", OptionList).focus()
        self._look()

    def _look(self) -> None:
        session = self.doctor.session

        def look() -> "Facts":
            from diagnostics.advice.fact import Said
            from diagnostics.advice.gathering import facts_of

            return facts_of(session.look(), Said())

        in_background(self.doctor, look, self._found, self._not_found, "advice")

    def _found(self, facts: "Facts") -> None:
        if self.is_whole:
            self._facts = facts
            self._judge()

    def _not_found(self, error: Exception) -> None:
        if self.is_whole:
            said = f"This host could not be looked at ({type(error).__name__}). Press r to try again."
            self.query_one(FindingView).show(Content.styled(said, "$text-warning"))

    def _judge(self) -> None:
        """Weighs what was found and what was said; the cursor stays on its part."""
        from diagnostics.advice.gathering import said_facts
        from diagnostics.advice.judgement import judge
        from diagnostics.advice.page import page

        if self._facts is None:
            return
        listed = self.query_one("#parts", OptionList)
        at = listed.highlighted or 0
        chosen = self._parts[at].id if self._parts else "answer"
        self._parts = page(judge({**self._facts, **said_facts(self._team, self._sso)}), _KEYS)
        few = self.doctor.few_characters
        listed.clear_options()
        listed.add_options(Option(label_of(each, few)) for each in self._parts)
        listed.highlighted = next((at for at, each in enumerate(self._parts) if each.id == chosen), 0)
        self._show()

    def on_option_list_option_highlighted(self) -> None:
        """Another part."""
        self._show()

    def on_option_list_option_selected(self) -> None:
        """Enter: to its text."""
        self.query_one(FindingView).focus()

    def _show(self) -> None:
        at = self.query_one("#parts", OptionList).highlighted
        if at is not None and at < len(self._parts):
            part = self._parts[at]
            view = self.query_one(FindingView)
            # Four columns are corners and the air within them; a cut title says less than a short one.
            fits = len(part.title) + 4 <= view.size.width or not view.size.width
            view.border_title = Content(part.title if fits else part.short)
            view.show(text_of(part, self.doctor.few_characters))

    def action_team(self) -> None:
        """Says who uses the credentials: not said, one person, several."""
        self._team = _TEAMS[(_TEAMS.index(self._team) + 1) % len(_TEAMS)]
        self._judge()
        words = {None: "Not said who uses them.", "single": "One person uses them."}
        self.notify(words.get(self._team, "Several people share them."), timeout=2, markup=False)

    def action_sso(self) -> None:
        """Says whether the company's login is a must: not said, yes, no."""
        self._sso = _SSO[(_SSO.index(self._sso) + 1) % len(_SSO)]
        self._judge()
        words = {None: "Not said.", True: "The company's login is a must.", False: "It is no must."}
        self.notify(words[self._sso], timeout=2, markup=False)

    def action_copy(self) -> None:
        """Copies the shown part's first command."""
        from diagnostics.advice.page import Kind
        from tui.copying import copyable

        at = self.query_one("#parts", OptionList).highlighted
        lines = self._parts[at].lines if at is not None and at < len(self._parts) else ()
        text = copyable(f"$ {each.text}" for each in lines if each.kind is Kind.COMMAND)
        if text:
            self.doctor.copy_to_clipboard(text)
        else:
            self.notify("There is no command here to copy.")

    def action_again(self) -> None:
        """Looks at the host anew."""
        self._look()

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.doctor.push_screen(HelpScreen(ADVICE, self.doctor.few_characters))

    def action_back(self) -> None:
        """Home."""
        self.dismiss(None)

    def key_right(self) -> None:
        """To the text."""
        self.query_one(FindingView).focus()

    def key_left(self) -> None:
        """To the parts."""
        self.query_one("#parts", OptionList).focus()
