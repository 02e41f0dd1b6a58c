"""What mcp-doctor itself did, as the timeline tells it. Reads the audit trail, and only that."""

from datetime import UTC, datetime

from diagnostics.history.story import Happening, Kind
from diagnostics.host import Host
from recovery.journal import Journal
from recovery.trail.ledger import ledger

_NO_DEEDS = {"noted", "not clear"}


def deeds(host: Host) -> tuple[Happening, ...]:
    """The operations of the trail, each at the moment that gave it the state it has now.

    Raises:
        RecoveryError: the trail can't be read.
    """
    found = []
    for row in ledger(Journal(host).records()):
        try:
            at = datetime.fromisoformat(row.changed)
        except ValueError:
            continue
        if row.state not in _NO_DEEDS:
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
            found.append(Happening(Kind.DEED, at, f"“{row.what}” ({row.state} by mcp-doctor)"))
    return tuple(found)
