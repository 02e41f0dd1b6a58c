"""What the trail says of an emergency token being handed to servers."""

from collections.abc import Sequence

from recovery.journal import Event
from recovery.trail.record import Record


def served(records: Sequence[Record], incident: str) -> list[Record]:
    """The records of the token being handed to a server."""
    return [
        each
        for each in records
        if each.get("op") == incident and each.get("event") == Event.NOTE and each.get("deed") == "served"
    ]
