"""A hidden field: shows dots, never copies, tells of its text by number only, and hands it out once."""

from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from diagnostics.secret import Secret

_LONGEST = 16_384
"""Characters. No token is longer; a file pasted by mistake stops here, and it is said."""


class SecretInput(Widget, can_focus=True):
    """Typed or pasted text that no message, log, clipboard or picture ever holds.

    `take()` gives it as a `Secret` and empties the field.
    """

    ALLOW_SELECT = False

    class Edited(Message):
        """There is another number of characters in it now."""

        def __init__(self, field: "SecretInput", length: int) -> None:
            super().__init__()
            self.field = field
            self.length = length

    class Submitted(Message):
        """Enter was pressed. The text stays in the field until it is taken."""

        def __init__(self, field: "SecretInput") -> None:
            super().__init__()
            self.field = field

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", show=False),
        Binding("backspace,ctrl+h", "delete_last", show=False),
        Binding("ctrl+u,ctrl+w,delete", "clear", show=False),
        Binding("ctrl+t", "trim", show=False),
    ]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._characters: list[str] = []
        self._cut = False

    def on_mount(self) -> None:
        """From the first question on, this process leaves no core."""
        from diagnostics.host import this_host
        from recovery.core_dump import forbid

        forbid(this_host())

    def __len__(self) -> int:
        return len(self._characters)

    def __bool__(self) -> bool:
        return True

    @property
    def hint(self) -> str:
        """What a person can't see because it is hidden: line breaks and blanks at the ends, a text cut off."""
        if self._cut:
            return f"Only the first {_LONGEST} characters were taken: that is no token. Ctrl+U empties the field."
        if not self._characters:
            return ""
        first, last = self._characters[0], self._characters[-1]
        inner = "".join("n" if each in "\r\n" else "." for each in self._characters).strip("n")
        if last in "\r\n" and "n" not in inner:
            return "There is a line break at the end. Ctrl+T takes it off."
        if "n" in inner:
            return "There are line breaks within: more than one line was pasted."
        if first.isspace() or last.isspace():
            return "There are blanks at the beginning or the end. Ctrl+T takes them off."
        if not all(each.isprintable() for each in self._characters):
            return "There are invisible characters in it."
        return ""

    def take(self) -> Secret:
        """The text, once: the field is empty afterwards."""
        secret = Secret("".join(self._characters))
        self.action_clear()
        return secret

    def is_same_as(self, other: "SecretInput") -> bool:
        """Whether both fields hold the same text."""
        return self.fingerprint() == other.fingerprint()

    def fingerprint(self) -> str:
        """Tells two fields' texts apart within this process, and means nothing outside it."""
        return Secret("".join(self._characters)).fingerprint()

    def on_key(self, event: events.Key) -> None:
        """A character is added at the end; everything else goes on to the bindings."""
        if event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            self._add(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """Bracketed paste, taken as it is: line breaks stay and are told of."""
        event.stop()
        event.prevent_default()
        self._add(event.text)
        event.text = ""

    def on_click(self) -> None:
        """A click comes here to type."""
        self.focus()

    def action_submit(self) -> None:
        """Says that the text is complete."""
        self.post_message(self.Submitted(self))

    def action_delete_last(self) -> None:
        """Takes the last character away."""
        del self._characters[-1:]
        self._changed()

    def action_clear(self) -> None:
        """Empties the field."""
        self._characters.clear()
        self._cut = False
        self._changed()

    def action_trim(self) -> None:
        """Takes white space off both ends, as the hint offers."""
        while self._characters and self._characters[-1].isspace():
            self._characters.pop()
        while self._characters and self._characters[0].isspace():
            del self._characters[0]
        self._changed()

    def render(self) -> Content:
        """Dots, as many as fit, and the number when they do not."""
        room = max(1, self.size.width - 1)
        count = len(self._characters)
        if count < room:
            dots = "•" * count
        else:
            number = f" {count} characters"
            dots = "•" * max(0, room - len(number)) + number
        cursor = Content.styled(" ", "reverse") if self.has_focus else Content(" ")
        return Content(dots) + cursor

    def _add(self, text: str) -> None:
        room = _LONGEST - len(self._characters)
        self._cut = self._cut or len(text) > room
        self._characters.extend(text[:room])
        self._changed()

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Edited(self, len(self._characters)))
