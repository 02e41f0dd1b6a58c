"""One round of the monitor: checks, without prompting and within a deadline; the log; what is new; the history.

What is new is told before it is remembered: whoever kills us in between hears it once more, and never not at all.
"""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.context import Context
from diagnostics.deadline import DeadlineError, call_within, on_disk
from diagnostics.discovery import ConfigFileError, UnknownClientError, UnknownServerError
from diagnostics.emergency import open_incidents, uptime
from diagnostics.history import Condition, Credential, History, history_path
from diagnostics.host import BUS_VARIABLE, Host
from diagnostics.model import Finding, Platform, Status
from diagnostics.monitor.changes import BAD, Incident, Kind, Limits, Now, changes_of
from diagnostics.monitor.states import Seen, states_of
from diagnostics.monitor.words import CALL, Told, lines_of, log_lines, span
from diagnostics.text import clean
from recovery.lock import LockError, locked
from recovery.model import RecoveryError
from recovery.monitor.history import NewRound, append_round, open_history
from recovery.new_file import make_folder
from recovery.system_log import ERROR, INFO, USER, WARNING, tell
from recovery.trail.clock import jump

if TYPE_CHECKING:
    from diagnostics.report import Report

DEADLINE = 240.0
"""Seconds for a whole round; the engines end one that takes longer than `LIMIT`."""
LIMIT = 280
_MOST_LOGGED = 150
"""Lines a round; syslog daemons drop more than 200 at once."""
_SEVERITIES = {Status.FAIL: ERROR, Status.UNKNOWN: WARNING}

Look = Callable[[Host], Context]
Diagnose = Callable[[Context], list[Finding]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a round is asked to do."""

    limits: Limits = field(default_factory=Limits)
    timer: bool = False
    """Whether a timer started it, which has none of the variables of shells."""
    seconds: float = DEADLINE
    prometheus: str = ""
    """Where metrics go, "" = nowhere."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round came to."""

    code: int
    """0 nothing is new, or only good news; 1 something newly fails, ends soon or is still open; 3 something could newly
    not be found out; 4 the round, or its history, could not be done."""
    lines: tuple[str, ...] = ()
    """What is new, for standard output."""
    troubles: tuple[str, ...] = ()
    """What went wrong with the monitor itself, for standard error."""
    is_busy: bool = False
    """Whether another monitor was at it, and this one did nothing."""


def run_round(
    host: Host, look: Look, diagnose: Diagnose, wish: Wish, say: Callable[[tuple[str, ...]], None]
) -> Outcome:
    """Does one. In: `look` at the configs of a host; `diagnose` asks all checks; `say` is given what is new, before the
    history remembers that it was told.

    Raises:
        UnknownServerError, UnknownClientError, ConfigFileError: as `look` raises them, unless a timer started it: to that
            they are news like others.
    """
    path = history_path(host)
    lock = path.with_suffix(".lock")
    with contextlib.ExitStack() as held:
        try:
            make_folder(path.parent)
            held.enter_context(locked(lock, 0.2))
            os.utime(lock)  # since when this one is at it
        except LockError:
            return _left_to_the_other(host, lock)
        except RecoveryError as error:
            return _not_done(host, str(error))
        except OSError as error:
            return _not_done(host, f"{lock} can't be opened ({error.strerror})")
        try:
            return _round(host, look, diagnose, wish, say)
        except RecoveryError as error:
            return _not_done(host, str(error))


def _not_done(host: Host, why: str) -> Outcome:
    tell(host, USER, ERROR, f"ERROR: the monitor could not do its round: {why}")
    return Outcome(4, troubles=(f"the round was not done: {why}",))


def _left_to_the_other(host: Host, lock: Path) -> Outcome:
    if hangs := _hangs(lock):
        tell(host, USER, ERROR, f"ERROR: {hangs}")
        return Outcome(4, troubles=(hangs,))
    tell(host, USER, INFO, "INFO: another monitor is at it, this round is left to it")
    return Outcome(0, troubles=("another monitor of yours is at it: this round is left to it",), is_busy=True)


def _hangs(lock: Path) -> str:
    """What to say of a monitor that has been at its round for longer than any may be, "" = it may still be at work."""
    try:
        passed = abs(time.time() - lock.stat().st_mtime)
    except OSError:
        return ""
    if passed < 4 * LIMIT:
        return ""
    return f"another monitor has been at its round for {span(timedelta(seconds=passed))}: it hangs, end that process"


def _round(
    host: Host, look: Look, diagnose: Diagnose, wish: Wish, say: Callable[[tuple[str, ...]], None]
) -> Outcome:
    began, at = time.monotonic(), datetime.now(UTC).replace(microsecond=0)
    boot, since = uptime()
    history, damaged = open_history(host)
    troubles = [damaged] if damaged else []
    checked, nobody = with_bus(host)
    findings: list[Finding] = []
    context: Context | None = None
    try:
        context, findings = call_within(wish.seconds, lambda: _checked(look, diagnose, checked))
        seen = states_of(context, findings, nobody=nobody and wish.timer, timer=wish.timer)
    except DeadlineError:
        troubles.append(f"the checks took longer than {wish.seconds:g} seconds: this round found nothing out")
        seen = _nothing_found(history, "The checks took too long")
    except (UnknownServerError, UnknownClientError, ConfigFileError) as error:
        if not wish.timer:
            raise
        seen = _nothing_found(history, "Nothing was checked", str(error))
    clock = _clock(history, at, boot, since)
    now = _now(host, at, findings, clock_jumped=bool(clock))
    changes, memory = changes_of(history.memory, seen.states, now, wish.limits)
    told = Told(seen, history, at, now.incidents, now.backup, now.backup_lacks)
    lines = lines_of(changes, told)
    if lines and clock:
        lines.append(f"Mind that {clock}: times before it are told by another clock.")
    _log(host, seen, troubles)
    if lines:
        say(tuple(lines))
    took = time.monotonic() - began
    credentials = {**history.credentials, **seen.credentials}
    said = tuple((each.kind.value, each.key) for each in changes)
    new = NewRound(at, boot, since, took, credentials, seen.states, said, clock, memory)
    append_round(host, history, new)
    if (
        context is not None and wish.prometheus
    ):  # at last: whatever becomes of it, what was told is remembered
        troubles += _measure(context, findings, took, wish.prometheus)
    return Outcome(_code({each.kind for each in changes}, troubles), tuple(lines), tuple(troubles))


def with_bus(host: Host) -> tuple[Host, bool]:
    """The host on the bus of this user's login, where no variable names one; and whether nobody is logged in.

    A timer's environment has no `DBUS_SESSION_BUS_ADDRESS`. It is found anew in every round: it may be another tomorrow.
    """
    if host.platform is not Platform.LINUX or host.env.get(BUS_VARIABLE):
        return host, False
    from diagnostics.monitor.timers import lingers
    from diagnostics.stores.probe import usual_bus

    address = usual_bus(host)
    if address is None:
        return host, not lingers(host)
    return host.on_bus(address), False


def _checked(look: Look, diagnose: Diagnose, host: Host) -> tuple[Context, list[Finding]]:
    context = look(host)
    return context, diagnose(context)


def _nothing_found(history: History, why: str, said: str = "") -> Seen:
    """All that the round before knew, as not known. In: `said` = what is wrong with the timer's own words, "" = nothing."""
    before = history.rounds[-1].states if history.rounds else {}
    late = Condition(Status.UNKNOWN, title=why)
    states = {key: how if how.status is Status.SKIP else late for key, how in before.items() if key != CALL}
    credentials = {key: history.credentials[key] for key in states}
    if said:
        states[CALL] = Condition(Status.FAIL, title=clean(said, 160))
        credentials[CALL] = Credential(CALL, "", "", "")
    return Seen(credentials, states, {})


def _clock(history: History, at: datetime, boot: str, since: float) -> str:
    if not history.rounds:
        return ""
    last = history.rounds[-1]
    before = {"at": last.at.isoformat(), "boot": last.boot, "since_boot": last.since}
    return jump(before, {"at": at.isoformat(), "boot": boot, "since_boot": since}).replace("record", "round")


def _now(host: Host, at: datetime, findings: list[Finding], *, clock_jumped: bool) -> Now:
    newest = None
    try:
        from diagnostics.backups import backups_in, folder_of

        found = on_disk(lambda: backups_in(folder_of(host))[:1])
        newest = found[0][1] if found else None
    except (OSError, DeadlineError):
        pass  # not known is not old
    lacks = next((each.title for each in findings if each.cause == "backup_outdated"), "")
    try:
        open_ones = on_disk(lambda: open_incidents(host))
    except DeadlineError:
        open_ones = []
    incidents = [
        Incident(each.id, each.server, _moment(each.began, at), each.seconds_left() <= 0)
        for each in open_ones
    ]
    return Now(at, clock_jumped, newest, lacks, incidents)


def _moment(text: str, otherwise: datetime) -> datetime:
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


def _log(host: Host, seen: Seen, troubles: list[str]) -> None:
    lines = list(log_lines(seen))
    for status, line in lines[:_MOST_LOGGED]:
        trouble = tell(host, USER, _SEVERITIES.get(status, INFO), line)
        if trouble:
            troubles.append(f"the system log did not take what was found ({trouble})")
            return
    if len(lines) > _MOST_LOGGED:
        tell(host, USER, WARNING, f"WARNING: {len(lines) - _MOST_LOGGED} more credentials: mcp-doctor check")


def _measure(context: Context, findings: list[Finding], took: float, path: str) -> list[str]:
    """Writes the metrics. Out: why not, [] = they are there."""
    from diagnostics import report
    from diagnostics.report import prometheus
    from diagnostics.report.measures import measured
    from recovery.files import LocalFiles

    made: Report = report.build(context, findings, lambda _finding: ())
    text = prometheus.render(made, measured(context.host, took))
    why = f"the metrics were not written: {clean(path)}"

    def write() -> list[str]:
        if Path(path).is_symlink():
            return [f"{why} is a link: name the file itself"]
        LocalFiles(context.host.uid).write(path, text.encode(), 0o644)  # another user's collector reads it
        return []

    try:
        return on_disk(write)
    except RecoveryError as error:
        return [f"the metrics were not written: {error}"]
    except DeadlineError as error:
        return [f"{why}: its disk gave {error}"]


def _code(kinds: set[Kind], troubles: list[str]) -> int:
    if kinds & BAD:
        return 1
    if troubles:
        return 4
    return 3 if Kind.UNKNOWN in kinds else 0
