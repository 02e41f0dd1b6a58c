"""Steps about the session bus: start one, or go to the one that is already there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.text import clean
from recovery.model import Answers, Change, RecoveryError, Risk
from recovery.ports import RecoveryWorld

VARIABLE = "DBUS_SESSION_BUS_ADDRESS"


@dataclass(frozen=True, slots=True)
class StartBus:
    """A session bus on a fixed path, with no display, which outlives this login."""

    kind: ClassVar[str] = "start-bus"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    socket: str
    previous: str | None
    """What the variable said before; None = unset."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Start a session bus"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Refuses where a bus is alive on that path."""
        if world.bus.is_live(self.socket):
            raise RecoveryError(f"a bus is alive on {self.socket}: use that one")
        bus = Change(f"the session bus on {clean(self.socket)}", "none", "dbus-daemon, until it is ended")
        if self.previous == self._address:
            return [bus]
        return [bus, Change(f"{VARIABLE} here", _shown(self.previous), clean(self._address))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Starts it and goes there."""
        pid = world.bus.start(self.socket)
        found = self.recall()
        world.use_bus(found["address"])
        return {**found, "pid": str(pid)}

    def recall(self) -> Mapping[str, str]:
        """What `apply` returns as far as it is known without doing it: a crash may have come before its record."""
        return {"address": self._address, "tell": tell(self._address)}

    @property
    def _address(self) -> str:
        return f"unix:path={self.socket}"

    def verify(self, world: RecoveryWorld) -> None:
        """It answers."""
        if not world.bus.is_live(self.socket):
            raise RecoveryError("the bus was started but does not answer")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Ends it, unless other programs use it by now."""
        world.bus.stop(self.socket)
        world.use_bus(self.previous)


@dataclass(frozen=True, slots=True)
class UseBus:
    """The bus that lives already, in place of what the variable says."""

    kind: ClassVar[str] = "use-bus"
    risk: ClassVar[Risk] = Risk.SAFE

    address: str
    previous: str | None

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Use the session bus that is already running"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Nothing changes but where we look."""
        return [Change(f"{VARIABLE} here", _shown(self.previous), clean(self.address))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Goes there."""
        world.use_bus(self.address)
        return {"address": self.address, "tell": tell(self.address)}

    def verify(self, world: RecoveryWorld) -> None:
        """It answers."""
        trouble = world.keychain.state().bus.trouble
        if trouble:
            raise RecoveryError(f"the bus at {clean(self.address)} does not answer ({trouble})")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Goes back."""
        world.use_bus(self.previous)


def tell(address: str) -> str:
    """What the person must type so that their shell and what it starts find the bus; shown where it does not yet."""
    return (
        "Your shell does not know this bus yet. Type this there, and add it to ~/.profile to keep it:\n"
        f"$ export {VARIABLE}={_quoted(clean(address))}"
    )


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def _shown(address: str | None) -> str:
    return "not set" if address is None else clean(address) or "empty"
