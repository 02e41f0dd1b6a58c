"""Reads the history's file. Never raises for what stands in it, never waits for a pipe, never reads without a limit."""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.history.model import Condition, Credential, History, Round
from diagnostics.host import Host
from diagnostics.model import ClientFile, Reference, Server, Status, Store
from diagnostics.regular_file import NotRegularError, open_regular
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

SCHEMA = "mcp-doctor.history/1"
HEAD = json.dumps({"schema": SCHEMA})
"""The first line."""
LARGEST = 8 << 20
"""Bytes. The writer keeps it far below (`recovery.monitor.history`)."""
_MOST = 5000
"""Credentials of a round; more than any host has."""
_LINK = "it is a link, which is not followed: move it aside"
_LOST = "The line of the history that told it is damaged"
_YEARS = range(1970, 3000)
"""Far enough from where Python's clock ends that one can count on and tell it in any zone."""


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
        said = _LINK if error.errno == errno.ELOOP else error.strerror or type(error).__name__
        return History(trouble=f"it can't be read ({said})", is_unreadable=True)
    return parse(content) if content else History()


class _OddFileError(Exception):
    """What stands there is no history; in words."""


def _content(path: Path) -> bytes:
    try:
        opened = open_regular(path, follow=False)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except (NotRegularError, IsADirectoryError) as error:
        raise _OddFileError("it is not a file") from error
    with opened as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST:
            raise _OddFileError(f"it is larger than any history that mcp-doctor keeps ({size} bytes)")
        return file.read(LARGEST)


def parse(content: bytes) -> History:
    """A history from the bytes of its file."""
    lines = content.split(b"\n")
    lines.pop()  # what stands after the last line break was cut off, or is nothing
    if not lines:
        return History()
    schema = _object(lines[0]).get("schema")
    if schema != SCHEMA and isinstance(schema, str) and schema.startswith("mcp-doctor.history/"):
        return History(trouble=f"a newer mcp-doctor wrote it ({clean(schema, 60)})")
    found = _Lines()
    for number, line in enumerate(lines[1:], 2):
        found.take(number, line)
    found.end_lost()
    trouble = found.trouble()
    if schema != SCHEMA:  # one bad byte there is not to cost all rounds
        trouble = "its first line is not that of a history"
    return History(tuple(found.rounds), found.known, trouble, memory=found.memory)


class _Lines:
    """The rounds of a file, line by line.

    Of what a lost line told nobody knows anything, so every credential counts as not known from there on, until a later
    line tells it anew.
    """

    def __init__(self) -> None:
        self.rounds: list[Round] = []
        self.known: dict[str, Credential] = {}
        self.memory: Mapping[str, Any] = {}
        self._states: Mapping[str, Condition] = {}
        self._bad: list[int] = []
        self._missing: list[int] = []
        self._lost_from: int | None = None
        """The first round behind a lost line, up to one that tells all."""

    def take(self, number: int, line: bytes) -> None:
        try:
            data = _object(line)
            at = _whole(data["round"])
            last = self.rounds[-1].number if self.rounds else at - 1
            lacks = at > last + 1 and not data.get("whole")
            after, told = _states(data, _lost(self._states) if lacks else self._states)
            one = _round(data, after)
            if at <= last or len(after) > _MOST:
                raise ValueError
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
            self._bad.append(number)
            self._states = _lost(self._states)
            self._begin_lost()
            return
        if lacks:
            self._begin_lost()
            if number - 1 not in self._bad:
                self._missing.append(number)
        if data.get("whole"):
            self.end_lost(after)
        self.rounds.append(one)
        self.known.update(told)
        self._states = after
        if isinstance(data.get("memory"), dict):
            self.memory = data["memory"]

    def _begin_lost(self) -> None:
        if self._lost_from is None:
            self._lost_from = len(self.rounds)

    def end_lost(self, states: Mapping[str, Condition] | None = None) -> None:
        """What turns up later may have been told by the lost line: it was not known till then, rather than absent.

        In: the states of a round that tells all; None = the file ends.
        """
        if self._lost_from is None:
            return
        later = _lost(self._states if states is None else states)
        for place in range(self._lost_from, len(self.rounds)):
            one = self.rounds[place]
            if later.keys() - one.states.keys():
                self.rounds[place] = replace(one, states={**later, **one.states})
        self._lost_from = None

    def trouble(self) -> str:
        """What is wrong with them, "" = nothing."""
        if self._bad:
            more = f" and {len(self._bad) - 1} more" if len(self._bad) > 1 else ""
            return f"line {self._bad[0]}{more} can't be read as a round of checks"
        return f"rounds before line {self._missing[0]} are missing" if self._missing else ""


def _lost(states: Mapping[str, Condition]) -> Mapping[str, Condition]:
    return {
        key: how if how.status is Status.UNKNOWN else Condition(Status.UNKNOWN, title=_LOST)
        for key, how in states.items()
    }


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
        since=_number(data.get("since", 0), 1e10),
        took=_number(data.get("took", 0), 1e6),
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
        states[key] = Condition(Status(one["status"]), cause, check, outcome, title, _end(one))
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


def _number(value: object, most: float) -> float:
    if not isinstance(value, int | float) or not 0 <= value < most:
        raise TypeError
    return float(value)


def _end(state: Mapping[str, Any]) -> datetime | None:
    """When a credential ends; None = not known, or so late that it never does."""
    if not state.get("expires"):
        return None
    told = datetime.fromisoformat(state["expires"])
    return _moment(state["expires"]) if told.year in _YEARS else None


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError
    told = datetime.fromisoformat(value)
    if told.year not in _YEARS:
        raise ValueError
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
