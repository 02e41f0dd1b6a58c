"""What a writer notices about the records before its own: kept in the chain, so that a later anchor can't hide it."""

import secrets
from typing import Any

from diagnostics.host import Host
from recovery.trail.anchor import AnchorError, AnchorUnreadableError, read_anchor
from recovery.trail.key import TrailKey, known_keys
from recovery.trail.record import Record


def trail_name(last: Record | None) -> str:
    """The name that all records of one trail bear: the last one's, or a new one."""
    name = last.get("trail") if last is not None else None
    return name if isinstance(name, str) and name else secrets.token_hex(4)


def missed(host: Host, last: Record | None, count: int, key: TrailKey) -> dict[str, Any]:
    """What does not fit between the anchor and the trail's end, {} = it fits. In: `last`, the `count`th record."""
    before = last.get("key") if last is not None else None
    try:
        anchor = read_anchor(host, known_keys(host)[0])
    except AnchorUnreadableError:
        return {}
    except AnchorError as error:
        return {"why": str(error)}
    if before is not None and before != key.id:
        return {"why": f"the records before were made with the key {before}, which was not there any more"}
    if anchor is not None:
        return anchor.contradiction(last, count)
    # The very first keyed record may have been cut off from its anchor by a crash.
    if last is not None and before is not None and count > 1 and "unkeyed_before" not in last:
        return {"why": "the anchor was gone"}
    return {}
