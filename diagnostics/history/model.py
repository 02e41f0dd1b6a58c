"""The history's nouns. Frozen, no I/O; every text in them is safe to show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from diagnostics.model import Status


@dataclass(frozen=True, slots=True)
class Credential:
    """What a strip of the timeline is about."""

    key: str
    """As `key_of` tells it."""
    server: str
    """The server's id, "" for the keychain itself and for a config file."""
    field: str
    """Where it stands (`env.GITHUB_TOKEN`); "" for a server that names none."""
    name: str
    """What it is called (`github_token`); "" for one without a name."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a credential was in one round: the finding that decided it."""

    status: Status
    cause: str = ""
    check: str = ""
    outcome: str = ""
    title: str = ""
    expires: datetime | None = None
    """When it ends, None = not known."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of checks. Order rounds by `number`: `at` goes back where the clock was set back."""

    number: int
    at: datetime
    """When it began, in UTC, by the wall clock of then."""
    boot: str
    since: float
    """Seconds since the start of the computer that `boot` names."""
    took: float
    """Seconds."""
    states: Mapping[str, Condition] = field(repr=False)
    """Of all credentials, by key; rounds between which nothing changed share one mapping."""
    said: tuple[tuple[str, str], ...] = ()
    """What was told to people then: (kind, key)."""
    clock: str = ""
    """How the clock was set since the round before, in words; "" = it ran."""


@dataclass(frozen=True, slots=True)
class History:
    """All that is kept. Empty where no monitor has run yet."""

    rounds: tuple[Round, ...] = ()
    """The oldest first."""
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    """All that a round was about, by key; also such as are no longer configured."""
    trouble: str = ""
    """What is wrong with the file, in words, for people; "" = nothing."""
    is_unreadable: bool = False
    """Whether the file itself could not be read: what stands in it is not known to be damaged."""
    memory: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The monitor's own, as the last round left it."""

    def of(self, key: str) -> Iterator[tuple[Round, Condition | None]]:
        """Each round with how one credential was in it; None = it was not configured."""
        return ((each, each.states.get(key)) for each in self.rounds)

    def since(self, key: str) -> tuple[Round, Round | None] | None:
        """Since when it is as it is now: the first round of that state (status and cause), and the one before it.

        It broke (or came back) between the two; None for the second: the history begins with it. None where the last
        round does not have it. Rounds that could not find out do not end a state, they are passed over.
        """
        told = [(one, how) for one, how in self.of(key) if how is None or how.status is not Status.UNKNOWN]
        if not told or told[-1][1] is None:
            return None
        last = told[-1][1]
        first: Round = told[-1][0]
        for one, how in reversed(told):
            if how is None or (how.status, how.cause) != (last.status, last.cause):
                return first, one
            first = one
        return first, None
