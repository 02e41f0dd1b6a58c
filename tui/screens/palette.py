"""The command palette, whose field refuses a credential as every field does that shows what is typed."""

from textual.command import CommandPalette
from textual.timer import Timer
from textual.widgets import Input

from diagnostics.tokens.masking import pasted_token
from tui.widgets.free_text import REST


class Palette(CommandPalette):
    """As Textual's."""

    _refusing: Timer | None = None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Empties the field, and takes nothing more of what comes in the same breath."""
        if not event.value or (self._refusing is None and not pasted_token(event.value)):
            return
        event.stop()
        event.prevent_default()
        event.input.value = ""
        event.input.placeholder = "That looks like a credential, so it was not taken"  # no toast shows here
        if self._refusing is not None:
            self._refusing.stop()
        self._refusing = self.set_timer(REST, self._take_again)

    def _take_again(self) -> None:
        self._refusing = None
