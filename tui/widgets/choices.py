"""A list to choose from, which keys may reach before it is drawn."""

from contextlib import suppress

from textual.widgets import OptionList


class Choices(OptionList):
    """Textual's list; it counts its lines when it is drawn, and a page key before that raises KeyError there."""

    def action_page_up(self) -> None:
        """A page up, once it is drawn."""
        with suppress(KeyError):
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """A page down, once it is drawn."""
        with suppress(KeyError):
            super().action_page_down()  # type: ignore[no-untyped-call]
