"""The doctor as screens and background jobs see it: what is known, what may be asked of it, and nothing of the app."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from tui.board import Board
from tui.session import DoctorSession

if TYPE_CHECKING:
    from textual.message import Message
    from textual.screen import Screen

    from diagnostics.host import Host


class Doctor(Protocol):
    """The app fulfils it; screens get it by their constructor."""

    session: DoctorSession
    board: Board
    few_characters: bool
    """Whether the terminal has few characters beyond ASCII."""

    @property
    def seconds_running(self) -> float:
        """Since the newest run began."""
        ...

    def look(
        self, again: Iterable[str] | None = None, only: Iterable[str] | None = None, start: bool = False
    ) -> None:
        """Asks checks anew: `again` their ids (None = all), `only` of these servers, `start` whether to start them."""
        ...

    def use_host(self, host: "Host | None") -> None:
        """From now on look with this host, if there is one."""
        ...

    def begin_operation(self, title: str) -> None:
        """Something is being changed: leaving waits for it."""
        ...

    def end_operation(self) -> None:
        """The change is finished or was taken back."""
        ...

    def leave(self, code: int = 0) -> None:
        """Ends the app, as soon as no change is under way."""
        ...

    def post_message(self, message: "Message") -> bool:
        """From any thread."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Hands a text that is no credential to the terminal's clipboard, or says why that can't be."""
        ...

    def push_screen(self, screen: "Screen[Any]", callback: Callable[[Any], None] | None = None) -> Any:
        """Opens a screen above the others; `callback` gets what it gives."""
        ...

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Any = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """A note that goes by itself."""
        ...
