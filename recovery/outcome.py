"""What the runner tells while it works, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from diagnostics.host import Host


class Result(StrEnum):
    """How it ended."""

    DONE = "done"
    """Everything was done and looked at again; for `undo`: everything was taken back."""
    REFUSED = "refused"
    """Nothing was begun."""
    NOTHING_CHANGED = "nothing-changed"
    """A step failed; what came before it was taken back."""
    HALF_DONE = "half-done"
    """Finishing an interrupted operation failed at a step: it stays interrupted, to be tried again or taken back."""
    PARTLY = "partly"
    """A step failed, and something that was done before could not be taken back; `notes` say what."""


class Phase(StrEnum):
    """Where a step is, for the screen."""

    APPLYING = "applying"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    TAKING_BACK = "taking-back"
    TAKEN_BACK = "taken-back"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step moved. `index` counts from 0; `said` is why, where it failed or stays."""

    index: int
    title: str
    phase: Phase
    said: str = ""


Notify = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. All texts are safe to show."""

    result: Result
    operation: str
    """Its id in the journal (for `mcp-doctor undo`), "" when none was begun."""
    title: str
    error: str = ""
    """What failed and what to do about it."""
    notes: tuple[str, ...] = ()
    """What the person must know now: a line to add to the shell (commands begin with `$ `), what stays as it is."""
    host: Host | None = field(default=None, repr=False)
    """The host as it is now: a started bus has another address. Look with this one from now on."""

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.result is Result.DONE
