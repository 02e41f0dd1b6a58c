"""A login as some program keeps it, and how long it lasts. Pure: no file, no network."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from diagnostics.secret import Secret

_SOON = 600.0
"""Seconds. A token that can't be renewed and ends within them is of little use."""
_MARGIN = 30.0
"""Seconds before its end that a token counts as over: clocks differ, and requests take time."""
_MILLISECONDS = 1e11
"""From here a time can't be in seconds (it would be the year 5138)."""


class Lifetime(StrEnum):
    """How long a stored login lasts."""

    GOOD = "good"
    SOON_OVER = "soon-over"
    """It ends within minutes, and can't be renewed."""
    RENEWABLE = "renewable"
    """Over, but there is a refresh token."""
    EXPIRED = "expired"
    """Over, and it can't be renewed."""
    NO_TOKEN = "no-token"  # noqa: S105 - the name of a state
    """Registered as a client, but never logged in."""
    UNTOLD = "untold"
    """There is a token, and nothing tells how long it lasts."""


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """One login. Values are secret; the texts are a file's: clean before showing."""

    path: Path | None
    """The file it stands in, None for one of a keychain."""
    url: str = ""
    """The server it is for, "" where that is not kept."""
    server: str = ""
    """The server's name in the client."""
    key: str = ""
    """What it is filed under."""
    access: Secret | None = field(default=None, repr=False)
    refresh: Secret | None = field(default=None, repr=False)
    expires_at: float | None = None
    """Seconds since the epoch."""
    client_id: str = ""
    client_secret: Secret | None = field(default=None, repr=False)
    issuer: str = ""
    scope: str = ""

    def lifetime(self, now: float) -> Lifetime:
        """How long it lasts, seen from `now` (seconds since the epoch)."""
        return lifetime(self.access, self.refresh, self.expires_at, now)


def lifetime(access: Secret | None, refresh: Secret | None, expires_at: float | None, now: float) -> Lifetime:
    """How long a login lasts. In: its tokens, the end of the access token in seconds since the epoch, the time."""
    if not access:
        return Lifetime.RENEWABLE if refresh else Lifetime.NO_TOKEN
    if expires_at is None:
        return Lifetime.UNTOLD
    if expires_at - _MARGIN <= now:
        return Lifetime.RENEWABLE if refresh else Lifetime.EXPIRED
    return Lifetime.SOON_OVER if expires_at - now < _SOON and not refresh else Lifetime.GOOD


def seconds(value: object) -> float | None:
    """A point in time as programs write it: seconds or milliseconds since the epoch, a number or its text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e15:
        return None
    return value / 1000 if value > _MILLISECONDS else float(value)


def distance(moment: float, now: float) -> str:
    """How far a moment is away, in words, whichever way. In: seconds since the epoch."""
    minutes = abs(moment - now) / 60
    if minutes < 90:
        return f"{max(1, round(minutes))} minutes"
    return f"{round(minutes / 60)} hours" if minutes < 2880 else f"{round(minutes / 1440)} days"
