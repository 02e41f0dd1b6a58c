"""Writes the monitor's history (`diagnostics.history` tells its form): a line a round, bounded, never half.

Whoever calls this holds the monitor's lock (`recovery.monitor.rounds`), so that there is one writer.
"""

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from diagnostics.history import (
    HEAD,
    Condition,
    Credential,
    History,
    Round,
    history_path,
    read_history,
)
from diagnostics.host import Host
from recovery.files import LocalFiles, failed, sweep, sync_folder
from recovery.model import RecoveryError
from recovery.new_file import make_folder

KEPT_FOR = timedelta(days=90)
MOST_ROUNDS = 10_000
MOST_BYTES = 2 << 20
_WHOLE_EVERY = 100
"""Rounds. So often all states are written, so that a line that is lost spoils no more than those."""
_UNMOVED = 100
"""Rounds without a jump of the clock, before a round's age is believed."""
_SET_ASIDE = 3
"""How many damaged histories are kept beside the good one."""


@dataclass(frozen=True, slots=True)
class NewRound:
    """What is to be written."""

    at: datetime
    boot: str
    since: float
    took: float
    credentials: Mapping[str, Credential]
    states: Mapping[str, Condition]
    """Of all credentials, by key."""
    said: tuple[tuple[str, str], ...] = ()
    clock: str = ""
    memory: Mapping[str, Any] = field(default_factory=dict)


def open_history(host: Host) -> tuple[History, str]:
    """The history to go on with, and a line for people where the file was damaged, "" else.

    A damaged file is set aside beside the good one; a new one is begun with all that could be read of it.

    Raises:
        RecoveryError: it can't be read, set aside or begun anew.
    """
    path = history_path(host)
    make_folder(path.parent)
    sweep(path)
    found = read_history(host)
    if not found.trouble:
        return found, ""
    if found.is_unreadable:
        raise RecoveryError(f"the monitor's history {path}: {found.trouble}")
    aside = _set_aside(path, keep=bool(found.rounds))
    kept = dataclasses.replace(found, trouble="")
    if kept.rounds:
        _rewrite(host, kept, kept.rounds)
    went = f"{len(kept.rounds)} rounds of it could be read and go on" if kept.rounds else "a new one is begun"
    return kept, f"the monitor's history was damaged ({found.trouble}): it is set aside as {aside}, {went}"


def append_round(host: Host, history: History, new: NewRound) -> None:
    """Writes a round behind those of the history, to the disk. In: the history as `open_history` gave it.

    Raises:
        RecoveryError: it can't be written; the file is as it was.
    """
    path = history_path(host)
    last = history.rounds[-1] if history.rounds else None
    number = last.number + 1 if last else 1
    line = _line(number, new, history)
    try:
        if last is None:
            LocalFiles(host.uid).write(str(path), f"{HEAD}\n{line}".encode())
            return
        size = _append(path, line.encode())
    except OSError as error:
        raise failed("written", str(path), error) from error
    if size > MOST_BYTES or len(history.rounds) >= MOST_ROUNDS or _is_over(history.rounds[0], new, history):
        whole = read_history(host)
        _rewrite(host, whole, _kept(whole, new))


def _append(path: Path, line: bytes) -> int:
    """Adds a line behind the last whole one. Out: the size of the file then."""
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    try:
        size = os.fstat(handle).st_size
        end = size
        while end:
            start = max(0, end - 65536)
            os.lseek(handle, start, os.SEEK_SET)
            at = os.read(handle, end - start).rfind(b"\n")
            if at >= 0:
                end = start + at + 1
                break
            end = start
        if end != size:  # a crash cut the last line off
            os.ftruncate(handle, end)
        os.lseek(handle, end, os.SEEK_SET)
        try:
            if os.write(handle, line) != len(line):
                raise OSError(28, "no space left on the device")
            os.fsync(handle)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, end)
            raise
        return end + len(line)
    finally:
        os.close(handle)


def _line(number: int, new: NewRound, history: History) -> str:
    before = history.rounds[-1].states if history.rounds else {}
    follows = bool(history.rounds) and number == history.rounds[-1].number + 1
    whole = not follows or number % _WHOLE_EVERY == 0
    changed = {key: how for key, how in new.states.items() if whole or before.get(key) != how}
    data: dict[str, Any] = {
        "round": number,
        "at": _iso(new.at),
        "boot": new.boot,
        "since": round(new.since, 1),
        "took": round(new.took, 1),
    }
    if whole:
        data["whole"] = True
    if changed:
        data["states"] = {key: _state(new.credentials[key], how) for key, how in changed.items()}
    gone = [] if whole else sorted(before.keys() - new.states.keys())
    if gone:
        data["gone"] = gone
    if new.clock:
        data["clock"] = new.clock
    if new.said:
        data["said"] = [list(each) for each in new.said]
    if whole or dict(new.memory) != dict(history.memory):
        data["memory"] = dict(new.memory)
    return json.dumps(data, separators=(",", ":")) + "\n"


def _state(credential: Credential, how: Condition) -> dict[str, str]:
    told = {
        "server": credential.server,
        "field": credential.field,
        "name": credential.name,
        "status": how.status.value,
        "cause": how.cause,
        "check": how.check,
        "outcome": how.outcome,
        "title": how.title,
        "expires": _iso(how.expires) if how.expires else "",
    }
    return {name: value for name, value in told.items() if value or name == "status"}


def _rewrite(host: Host, history: History, rounds: tuple[Round, ...]) -> None:
    """Replaces the file by one with these rounds of the history."""
    lines, done = [f"{HEAD}\n"], History(credentials=history.credentials)
    for each in rounds:
        new = NewRound(
            each.at, each.boot, each.since, each.took, history.credentials, each.states, each.said, each.clock
        )
        if each is rounds[-1]:
            new = dataclasses.replace(new, memory=history.memory)
        lines.append(_line(each.number, new, done))
        done = dataclasses.replace(done, rounds=(each,))
    LocalFiles(host.uid).write(str(history_path(host)), "".join(lines).encode())


def _kept(history: History, new: NewRound) -> tuple[Round, ...]:
    """The newest rounds, so many that the file has room to grow again."""
    rounds = history.rounds[-MOST_ROUNDS * 3 // 4 :]
    if _is_over(rounds[0], new, history):
        rounds = tuple(each for each in rounds if not _is_over(each, new, history))
    spent, kept = 0, 0
    before: Mapping[str, Condition] = {}
    for each in reversed(rounds):
        changes = (
            sum(before.get(key) != how for key, how in each.states.items())
            if each.states is not before
            else 0
        )
        spent += 200 + 500 * changes
        before = each.states
        if spent > MOST_BYTES * 3 // 4 and kept:
            break
        kept += 1
    return rounds[-max(kept, 1) :]


def _is_over(one: Round, new: NewRound, history: History) -> bool:
    """Whether a round is too old to be kept; never told by a clock that was set not long ago."""
    if any(each.clock for each in history.rounds[-_UNMOVED:]) or new.clock:
        return False
    return new.at - one.at > KEPT_FOR + (KEPT_FOR / 30 if one is history.rounds[0] else timedelta())


def _set_aside(path: Path, *, keep: bool) -> Path:
    """Gives a damaged history another name. In: `keep` = its own too, until a good one replaces it in one step.

    Raises:
        RecoveryError: it can't be set aside.
    """
    aside = _name_beside(path)
    try:
        if not (aside.exists() and aside.samefile(path)):
            aside.unlink(missing_ok=True)
            if keep:
                _name_too(path, aside)
            else:
                path.replace(aside)
        sync_folder(path.parent)
    except OSError as error:
        raise failed("set aside", str(path), error) from error
    return aside


def _name_too(path: Path, other: Path) -> None:
    try:
        other.hardlink_to(path)
    except OSError:  # a file system without links
        path.replace(other)


def _name_beside(path: Path) -> Path:
    """A name for a damaged history, or the one that it has already; the oldest of several makes room."""
    names = [path.with_name(f"{path.name}.damaged-{number}") for number in range(1, _SET_ASIDE + 1)]
    there = [each for each in names if os.path.lexists(each)]
    same = next((each for each in there if each.exists() and each.samefile(path)), None)
    free = next((each for each in names if each not in there), None)
    return same or free or min(names, key=lambda each: each.lstat().st_mtime)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
