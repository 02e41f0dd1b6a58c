"""When a credential ends, as a fact of a finding: the same for the report, for metrics and for the monitor.

A check that learns the end of a credential which nobody renews by itself puts `expires_at` among its facts. A login
with a refresh token has none: its access token ends every hour, and that is no news to anybody.
"""

from datetime import UTC, datetime

from diagnostics.model import Finding

FACT = "expires_at"
_LAST_MOMENT = 4e10
"""Seconds since the epoch. What says a later time is no time (as `diagnostics.tokens.lifetime`)."""


def fact(moment: datetime | float | None) -> str:
    """The fact's text: `2026-12-01T12:00:00Z`; "" where no end is known, or where it makes no sense."""
    if moment is None:
        return ""
    at = moment.timestamp() if isinstance(moment, datetime) else moment
    if not 0 < at < _LAST_MOMENT:
        return ""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str | None) -> datetime | None:
    """The moment that a fact's text tells, ISO 8601, UTC where it names no zone; None where it tells none."""
    try:
        told = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


def expiry_of(finding: Finding) -> datetime | None:
    """When the credential that a finding is about ends; None where the finding does not know."""
    return moment_of(finding.facts.get(FACT))
