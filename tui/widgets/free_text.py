"""A field that shows what is typed: a credential that ends up in it (typed ahead, pasted) is taken out of it again."""

from collections.abc import Callable
from typing import Any

from textual.timer import Timer
from textual.widgets import Input

from diagnostics.tokens.masking import holds_credential, pasted_token

REST = 0.5
"""Seconds without a key after which what was typed ahead is at its end."""
REFUSED = (
    "That looks like a credential. This field shows what is typed, so it was emptied, and nothing of it was kept. "
    "Where a credential belongs, the field is hidden."
)


class FreeText(Input):
    """As `Input`. In: `is_kept` = the words are written down, so whatever may be a credential is refused.

    Otherwise only tokens of known kinds are: a client id or an address may look like a random word.
    """

    def __init__(self, *, is_kept: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._is_credential: Callable[[str], object] = holds_credential if is_kept else pasted_token
        self._refusing: Timer | None = None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Empties itself, and takes nothing more of what comes in the same breath."""
        if self._refusing is None and not self._is_credential(event.value):
            return
        event.stop()
        if not event.value:
            return
        self.value = ""
        if self._refusing is None:
            self.app.notify(REFUSED, title="Not taken", severity="warning", timeout=20, markup=False)
        else:
            self._refusing.stop()
        self._refusing = self.set_timer(REST, self._take_again)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The Enter that was typed ahead too is none."""
        if self._refusing is not None:
            event.stop()

    def _take_again(self) -> None:
        self._refusing = None
