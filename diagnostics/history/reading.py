"""Reads the history's file. Never raises for what stands in it, never waits for a pipe, never reads without a limit."""

import json
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.history.model import Condition, Credential, History, Round
from diagnostics.host import Host
from diagnostics.model import ClientFile, Reference, Server, Status, Store
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

SCHEMA = "mcp-doctor.history/1"
HEAD = json.dumps({"schema": SCHEMA})
"""The first line."""
LARGEST = 8 << 20
"""Bytes. The writer keeps it far below (`recovery.monitor.history`)."""
_MOST = 5000
"""Credentials; more than any host has."""


def history_path(host: Host) -> Path:
    """Where this user's history is."""
    return host.state_dir / "monitor" / "history.jsonl"


def key_of(subject: Reference | Server | Store | ClientFile) -> str:
    """By which the history knows a subject: its key in a run, made safe to be kept and shown."""
    return mask_pasted(clean(subject.key, 400))


def read_history(host: Host) -> History:
    """The history of this user on this host; an empty one where there is none. Blocks on a dead disk."""
    try:
        content = _content(history_path(host))
    except _OddFileError as error:
        return History(trouble=str(error))
    except OSError as error:
        return History(
            trouble=f"it can't be read ({error.strerror or type(error).__name__})", is_unreadable=True
        )
    return parse(content) if content else History()


class _OddFileError(Exception):
    """What stands there is no history; in words."""


def _content(path: Path) -> bytes:
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        handle = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise _OddFileError("it is not a file")
        if info.st_size > LARGEST:
            raise _OddFileError(f"it is larger than any history that mcp-doctor keeps ({info.st_size} bytes)")
        return file.read(LARGEST)


def parse(content: bytes) -> History:
    """A history from the bytes of its file."""
    lines = content.split(b"\n")
    lines.pop()  # what stands after the last line break was cut off, or is nothing
    if not lines:
        return History()
    head = _object(lines[0])
    if head.get("schema") != SCHEMA:
        told = head.get("schema")
        if isinstance(told, str) and told.startswith("mcp-doctor.history/"):
            return History(trouble=f"a newer mcp-doctor wrote it ({clean(told, 60)})")
        return History(trouble="its first line is not that of a history")
    rounds: list[Round] = []
    known: dict[str, Credential] = {}
    states: Mapping[str, Condition] = {}
    memory: Mapping[str, Any] = {}
    bad: list[int] = []
    for number, line in enumerate(lines[1:], 2):
        try:
            data = _object(line)
            after, told = _states(data, states)
            one = _round(data, after)
            if (rounds and one.number <= rounds[-1].number) or len(after) > _MOST or len(known) > _MOST:
                raise ValueError
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
            bad.append(number)
            continue
        rounds.append(one)
        known.update(told)
        states = after
        if isinstance(data.get("memory"), dict):
            memory = data["memory"]
    trouble = ""
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        trouble = f"line {bad[0]}{more} can't be read as a round of checks"
    return History(tuple(rounds), known, trouble, memory=memory)


def _object(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _round(data: Mapping[str, Any], states: Mapping[str, Condition]) -> Round:
    said = data.get("said", [])
    return Round(
        number=_whole(data["round"]),
        at=_moment(data["at"]),
        boot=_text(data.get("boot", ""), 60),
        since=_number(data.get("since", 0)),
        took=_number(data.get("took", 0)),
        states=states,
        said=tuple((_text(kind, 40), _text(key, 400)) for kind, key in said),
        clock=_text(data.get("clock", ""), 200),
    )


def _states(
    data: Mapping[str, Any], before: Mapping[str, Condition]
) -> tuple[Mapping[str, Condition], Mapping[str, Credential]]:
    """The states after a round, and what those that it tells are about."""
    given, gone = data.get("states", {}), data.get("gone", [])
    if not given and not gone and not data.get("whole"):
        return before, {}
    states = {} if data.get("whole") else {each: how for each, how in before.items() if each not in gone}
    told: dict[str, Credential] = {}
    for raw, one in given.items():
        key = _text(raw, 400)
        cause, check, outcome, title = (
            _text(one.get(name, ""), 200) for name in ("cause", "check", "outcome", "title")
        )
        ends = _moment(one["expires"]) if one.get("expires") else None
        states[key] = Condition(Status(one["status"]), cause, check, outcome, title, ends)
        told[key] = Credential(key, *(_text(one.get(name, ""), 200) for name in ("server", "field", "name")))
    return states, told


def _text(value: object, limit: int) -> str:
    if not isinstance(value, str):
        raise TypeError
    return clean(value, limit)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 53:
        raise TypeError
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise TypeError
    return float(value)


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError
    told = datetime.fromisoformat(value)
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
