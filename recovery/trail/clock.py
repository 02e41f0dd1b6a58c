"""Two clocks in every record: the one on the wall, and the one that counts since the start and can't be set."""

import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SLACK = 5.0
"""Seconds that the two may differ between two records: a step of a time service."""
_DRIFT = 0.001
"""Share of the time between them: the kernel lets the wall clock be slewed by half of that."""


def reading() -> dict[str, Any]:
    """`boot`, a random name of this start of the computer ("" where there is none), and seconds since then."""
    if sys.platform == "linux":
        since = time.clock_gettime(time.CLOCK_BOOTTIME)
    else:
        since = time.monotonic()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return {"boot": boot, "since_boot": round(since, 3)}


def jump(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """How the wall clock was set between two records that follow each other; "" = it ran."""
    try:
        passed = (datetime.fromisoformat(after["at"]) - datetime.fromisoformat(before["at"])).total_seconds()
        counted = float(after["since_boot"]) - float(before["since_boot"])
        same = bool(after["boot"]) and after["boot"] == before["boot"]
    except (KeyError, ValueError, TypeError, OverflowError):
        return ""
    if same:
        ahead = passed - counted
        if abs(ahead) > _SLACK + _DRIFT * abs(counted):
            way = "forward" if ahead > 0 else "back"
            return f"the computer's clock was set {way} by {_span(abs(ahead))} since the record before"
    elif passed < -_SLACK and after.get("machine") == before.get("machine"):
        return f"the computer's clock stands {_span(-passed)} before the record before: it was set back"
    return ""


def ahead_of_now(record: Mapping[str, Any]) -> str:
    """By how much a record that was written says to be of the future; "" = it is not."""
    try:
        ahead = (datetime.fromisoformat(record["at"]) - datetime.now(UTC)).total_seconds()
    except (KeyError, ValueError, TypeError, OverflowError):
        return ""
    if ahead <= _SLACK:
        return ""
    return f"this record says to be written {_span(ahead)} from now: the computer's clock was ahead then, or is behind now"


def _span(seconds: float) -> str:
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"
