"""What the commands and the screens share: a host, what was asked for, and the way to look at it afresh."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnostics.context import Context, Options
from diagnostics.host import Host
from diagnostics.stores import CredentialStore
from recovery.ports import RecoveryWorld

if TYPE_CHECKING:
    from tui.demo.drill import Practice


@dataclass(frozen=True)
class DoctorSession:
    """One call of the doctor. The demo builds its own, on a sandbox's host, store and world."""

    host: Host
    options: Options
    names: Sequence[str]
    """The servers asked for; none = all."""
    open_store: Callable[[Host], CredentialStore]
    open_world: Callable[[Host], RecoveryWorld]
    banner: str = ""
    """A line that the app shows all the time (the demo's)."""
    notes: tuple[str, ...] = field(default=())
    """Lines for the home screen's start (an interrupted operation, the demo's task)."""
    practice: "Practice | None" = None
    """The drill that this is, None = it is none."""

    def look(self) -> Context:
        """A fresh view: discovers the configs and opens the store anew. Does file I/O; call it off the event loop.

        Raises:
            UnknownServerError: a name fits no configured server.
        """
        from diagnostics.discovery import choose, discover

        files = discover(self.host, self.options)
        return Context(
            host=self.host,
            options=self.options,
            files=files,
            servers=choose(files, self.names),
            store=self.open_store(self.host),
        )
