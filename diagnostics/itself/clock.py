"""Itself: whether the clock can be right. Providers are not asked here; every `check` that reaches them compares."""

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from diagnostics.check import Verdict, fail, ok, warn
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.itself import about_itself
from diagnostics.model import Platform, Stage, Store

_WRITTEN = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
"""Before this no clock can be right: this file was written later."""
_SLACK = 120.0
_UNSYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The time, and what speaks for it. Seconds since 1970."""

    now: float
    last_record: float | None
    """When the newest record of the doctor was written."""
    kept: bool | None
    """Whether the kernel says that a time service keeps the clock; None = it does not say."""


@about_itself(Stage.VALIDITY)
def clock(context: Context, _store: Store) -> Iterator[Verdict]:
    """Can this computer's clock be right?"""
    return judge(look(context.host))


def look(host: Host) -> ClockFacts:
    """The facts of this computer; asks nobody."""
    record: float | None = None
    with contextlib.suppress(OSError):
        record = (host.state_dir / "journal.jsonl").stat().st_mtime
    return ClockFacts(time.time(), record, _kept(host))


def judge(facts: ClockFacts) -> Iterator[Verdict]:
    """One verdict."""
    told = {"now": _words(facts.now), "record": _words(facts.last_record or 0.0)}
    if facts.now < _WRITTEN:
        yield fail("before-us", "clock_skew", **told)
    elif facts.last_record is not None and facts.last_record > facts.now + _SLACK:
        yield warn("before-our-records", "clock_skew", **told)
    elif facts.kept:
        yield ok("kept", **told)
    else:
        yield ok("plausible", **told)


def _words(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return "a time that no calendar has"


def _kept(host: Host) -> bool | None:
    if host.platform is not Platform.LINUX or sys.platform != "linux":
        return None
    if Path("/run/systemd/timesync/synchronized").exists():
        return True
    import ctypes

    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))  # modes = 0: only asks
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _UNSYNCHRONISED
