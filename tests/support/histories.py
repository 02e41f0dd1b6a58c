"""Histories made by hand."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from diagnostics.history import Condition, Credential, History, Round
from diagnostics.model import Status

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""A Tuesday."""
OK = Condition(Status.OK, check="validity.provider", outcome="valid", title="The provider accepts it")
WARN = Condition(
    Status.WARN, "token_expired", "validity.provider", "expires-soon", "The token ends in 3 days"
)
LOCKED = Condition(
    Status.FAIL, "keyring_locked", "permission.collection-locked", "locked", "The keychain login is locked"
)
REVOKED = Condition(
    Status.FAIL, "token_revoked", "validity.provider", "revoked", "GitHub has revoked the token"
)
UNCLEAR = Condition(Status.UNKNOWN, "provider_down", "validity.provider", "provider-down", "GitHub is down")
OFF = Condition(Status.SKIP)

States = Mapping[str, Condition]


def one(
    number: int, at: datetime, states: States, boot: str = "b", since: float = 9e5, clock: str = ""
) -> Round:
    return Round(number, at, boot, since, 2.0, states, clock=clock)


def every(step: timedelta, states: Iterable[States], end: datetime = NOON) -> tuple[Round, ...]:
    """Rounds so far apart, the last one at `end`."""
    told = list(states)
    return tuple(one(number, end - step * (len(told) - number), each) for number, each in enumerate(told, 1))


def history(rounds: Iterable[Round], *credentials: Credential, trouble: str = "") -> History:
    """A history whose credentials are those given, and any other that a round names."""
    there = tuple(rounds)
    keys = {key for each in there for key in each.states}
    known = {key: Credential(key, key.partition("#")[0], key.partition("#")[2], "") for key in sorted(keys)}
    return History(there, known | {each.key: each for each in credentials}, trouble)
