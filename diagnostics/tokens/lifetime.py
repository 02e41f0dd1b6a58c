"""How long a token lives: the end that it carries in itself, and when a person must be warned of one."""

from datetime import UTC, datetime, timedelta

from diagnostics.secret import Secret

DAYS_AHEAD = 14
"""A token that ends within so many days is warned of."""
_TOLERANCE = timedelta(minutes=5)
"""Clocks differ: a token is called over only when it ended longer ago."""
_LAST_MOMENT = 4e10
"""Seconds since the epoch. What says a later time is no time."""


def end_of(value: Secret) -> datetime | None:
    """The end that a JSON web token says itself (`exp`), in this computer's time zone; None where it says none."""
    from diagnostics.tokens.checksum import jwt_expiry

    ends = jwt_expiry(value.reveal())
    if ends is None or not 0 < ends < _LAST_MOMENT:
        return None
    return datetime.fromtimestamp(ends, UTC).astimezone()


def has_ended(ends: datetime, now: datetime | None = None) -> bool:
    """Whether that is past, whichever of two clocks is right."""
    return ends + _TOLERANCE < (now or datetime.now(UTC))


def soon(ends: datetime, now: datetime | None = None) -> str:
    """How far off an end is, in words (`today`, `in 3 days`); "" where it is more than `DAYS_AHEAD` days off."""
    days = (ends - (now or datetime.now(UTC))).days
    if days >= DAYS_AHEAD:
        return ""
    return "today" if days < 1 else "tomorrow" if days == 1 else f"in {days} days"
