"""Whether a screen can be written on: answers and keys come while it is still being made, or has been left already."""

from typing import TYPE_CHECKING, Any

from tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from textual.screen import Screen

_NEEDS_NO_PARTS = frozenset({"close", "back", "quit"})


def is_whole(screen: "Screen[Any]") -> bool:
    """Whether its parts are there, down to the line of keys, and nobody has left it. `is_mounted` stays true for ever."""
    return screen.is_running and screen in screen.app.screen_stack and bool(screen.query(KeyLine))


def may_act(screen: "Screen[Any]", action: str) -> bool:
    """Whether a key that is typed ahead may do something now; leaving is always possible."""
    return action in _NEEDS_NO_PARTS or is_whole(screen)
