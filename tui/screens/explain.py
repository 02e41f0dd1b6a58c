"""The paste and log screen: a pasted error, or a client's log, in words."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from diagnostics.text import clean
from tui.actions import EXPLAIN, bindings
from tui.screens.explain_text import ASIDE, busy_text, explained_text, log_label, nothing_text, start_text
from tui.screens.whole import is_whole, may_act
from tui.widgets.choices import Choices
from tui.widgets.finding_view import FindingView
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from textual.events import Paste

    from diagnostics.logs.files import LogFile
    from tui.doctor import Doctor
    from tui.explaining import Explained


class ExplainScreen(Screen[None]):
    """Left the clients' logs of this computer, right what the chosen one, or a pasted text, says."""

    ACTIONS = EXPLAIN
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(EXPLAIN))
    CSS_PATH = "explain.tcss"

    def __init__(self, doctor: "Doctor") -> None:
        super().__init__()
        self.doctor = doctor
        self._logs: Sequence[LogFile] = ()
        self._asked = 0
        """Number of the newest question: an older one's answer comes too late."""

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it: news and keys come at any time."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Title, two panes, keys."""
        yield Static(Content(" Explain an error or a log"), id="explain-title", markup=False)
        with Horizontal(id="explain-panes"):
            logs = Choices(id="logs", markup=False, compact=True)
            logs.border_title = Content("Logs here")
            yield logs
            said = FindingView(start_text(looking=True), id="said")
            said.border_title = Content("What it says")
            yield said
        yield KeyLine(EXPLAIN, id="keys")

    def on_mount(self) -> None:
        """Looks for logs while the person reads how to paste."""
        from tui.explaining import logs_here

        self.query_one("#logs", OptionList).focus()
        host = self.doctor.session.host
        in_background(self.doctor, lambda: logs_here(host), self._found, self._not_found, "logs")

    def _found(self, logs: "Sequence[LogFile]") -> None:
        if not self.is_whole:
            return
        self._logs = logs
        listed = self.query_one("#logs", OptionList)
        now = time.time()
        listed.add_options(Option(log_label(each, now)) for each in logs)
        if logs:
            listed.highlighted = 0
        else:
            listed.add_option(Option(nothing_text(), disabled=True))
        if not self._asked:
            self.query_one(FindingView).show(start_text(looking=False, logs=len(logs)))

    def _not_found(self, error: Exception) -> None:
        if self.is_whole:
            self._say("The logs could not be looked for: " + _why(error))

    def on_paste(self, event: "Paste") -> None:
        """Explains what was pasted."""
        from tui.explaining import explain_text

        event.stop()
        text = event.text
        if text.strip():
            host = self.doctor.session.host
            self._ask("what you pasted", lambda: explain_text(text, host))

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Enter or a click: explains that log."""
        if message.option_index < len(self._logs):
            from tui.explaining import explain_log

            file, host = self._logs[message.option_index], self.doctor.session.host
            self._ask(clean(file.path.name, 80), lambda: explain_log(file, host))

    def _ask(self, name: str, job: "Callable[[], Explained]") -> None:
        self._asked += 1
        number = self._asked
        self.query_one(FindingView).show(busy_text(name))

        def then(found: "Explained") -> None:
            if number == self._asked and self.is_whole:
                few = self.doctor.few_characters
                self.query_one(FindingView).show(explained_text(found, few_characters=few))

        def otherwise(error: Exception) -> None:
            if number == self._asked and self.is_whole:
                self._say(f"{name} could not be read: {_why(error)}")

        in_background(self.doctor, job, then, otherwise, "explain")

    def _say(self, words: str) -> None:
        self.query_one(FindingView).show(Content.styled(words, "$text-warning"))

    def action_read(self) -> None:
        """As Enter in the list."""
        self.query_one("#logs", OptionList).action_select()

    def action_paste(self) -> None:
        """How to paste: the terminal does it, and no key reads the clipboard behind the person's back."""
        self._asked += 1
        self.query_one(FindingView).show(start_text(looking=False, logs=len(self._logs), aside=ASIDE))

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.doctor.push_screen(HelpScreen(EXPLAIN, self.doctor.few_characters))

    def action_back(self) -> None:
        """Home."""
        self.dismiss(None)

    def key_right(self) -> None:
        """To what it says."""
        self.query_one(FindingView).focus()

    def key_left(self) -> None:
        """To the logs."""
        self.query_one("#logs", OptionList).focus()


def _why(error: Any) -> str:
    strerror = getattr(error, "strerror", None)
    return clean(str(strerror or error), 200) + "."
