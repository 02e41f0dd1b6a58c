"""The audit trail, and what makes a half-done operation recognisable after any crash.

One append-only file of JSON lines below the state folder. Each record names the hash of the one before, so a
changed, dropped or moved record shows. A record is on the disk before the deed it announces: no record, no deed.
Nothing in it is secret: steps are plain data, passwords and tokens live in the answers, which are never written.
"""

import contextlib
import hashlib
import json
import os
import platform
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from diagnostics.host import Host
from recovery.lock import LockError, is_locked, locked
from recovery.model import RecoveryError
from recovery.operation import OPEN, Event, Operation, StepRecord, operation_told_by

__all__ = ["START", "Event", "Journal", "JournalError", "Operation", "StepRecord", "Trouble"]

_TAIL = 1 << 16
_LINE_LIMIT = 1 << 15
"""Bytes. A record is far shorter; the tail that is read to find the last one holds at least one."""
START = "0" * 64
"""What the first record names as the one before."""


class JournalError(RecoveryError):
    """The trail can't be written or read. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One place where the trail does not hold. `line` counts from 1."""

    line: int
    what: str


class Journal:
    """The trail of one user on one host. Opening it writes nothing."""

    def __init__(self, host: Host, seconds: float = 5.0) -> None:
        self._host = host
        self._seconds = seconds
        self.folder = host.state_dir
        self.path = host.state_dir / "journal.jsonl"

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────

    def append(self, event: Event, operation: str, **fields: Any) -> None:
        """Writes one record, to the disk, before it returns.

        In: plain data (str, int, bool, None, list, dict); anything else, a Secret above all, is a TypeError.

        Raises:
            JournalError: it could not be written; nothing was.
        """
        self._prepare()
        try:
            with locked(self.folder / "journal.lock", self._seconds):
                self._write(event, operation, fields)
        except LockError as error:
            raise JournalError(f"the audit trail is held by another process: {error}") from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _write(self, event: Event, operation: str, fields: Mapping[str, Any]) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self.path, flags, 0o600)
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != os.getuid()):
                raise JournalError(f"{self.path} is not a file of this user: move it aside")
            end = info.st_size
            previous, torn, broken_off = _end_of(handle, end)
            record: dict[str, Any] = {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "user": self._host.user,
                "uid": self._host.uid,
                "host": platform.node(),
                "session": self._host.session.value,
                "pid": os.getpid(),
                "op": operation,
                "event": event.value,
                **fields,
                "previous": previous,
            }
            if torn:
                record["torn"] = torn
            record["hash"] = _hash(record)
            line = (b"\n" if broken_off else b"") + _canonical(record) + b"\n"
            if len(line) > _LINE_LIMIT:
                raise JournalError("the record is too long for the audit trail")
            try:
                if os.write(handle, line) != len(line):
                    raise OSError(28, "no space left on the device")
                os.fsync(handle)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, end)
                raise
        finally:
            os.close(handle)

    def _prepare(self) -> None:
        try:
            new = not self.folder.exists()
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            info = self.folder.stat()
            if hasattr(os, "getuid") and info.st_uid != os.getuid():
                raise JournalError(f"{self.folder} belongs to another user: move it aside")
            if not new and stat.S_IMODE(info.st_mode) & 0o077 and os.name == "posix":
                self.folder.chmod(0o700)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> JournalError:
        said = error.strerror or type(error).__name__
        return JournalError(
            f"the audit trail {self.path} can't be written ({said}), so nothing was done: "
            "make the folder writable or free some space"
        )

    @contextlib.contextmanager
    def operating(self) -> Iterator[None]:
        """Held while an operation runs: one at a time, and a dead one is told from one that still runs.

        Raises:
            JournalError: another process is at it, or the folder can't be written.
        """
        self._prepare()
        try:
            with locked(self.folder / "operation.lock", 0.2):
                yield
        except LockError as error:
            raise JournalError("another mcp-doctor is mending something right now: let it finish") from error

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    def records(self) -> list[Mapping[str, Any]]:
        """All whole records in order; a torn or foreign line is left out (`verify` names it).

        Raises:
            JournalError: the file is there and can't be read.
        """
        return [record for _, record in self._lines() if record is not None]

    def operations(self) -> list[Operation]:
        """All operations, the oldest first. Raises JournalError as `records`."""
        by_id: dict[str, list[Mapping[str, Any]]] = {}
        for record in self.records():
            if record.get("event") != Event.NOTE:
                by_id.setdefault(str(record.get("op")), []).append(record)
        return [told for records in by_id.values() if (told := operation_told_by(records)) is not None]

    def operation(self, wanted: str) -> Operation | None:
        """One operation by its id."""
        return next((each for each in self.operations() if each.id == wanted), None)

    def interrupted(self) -> list[Operation]:
        """Operations that a crash left half done; none while one is running. Raises JournalError as `records`."""
        if is_locked(self.folder / "operation.lock"):
            return []
        return [each for each in self.operations() if each.state in OPEN]

    def verify(self) -> list[Trouble]:
        """Where the chain does not hold; [] = it holds. Raises JournalError as `records`."""
        found: list[Trouble] = []
        previous = START
        torn = 0
        for number, (raw, record) in enumerate(self._lines(), start=1):
            if record is None:
                torn = len(raw)
                found.append(Trouble(number, "this line is not a whole record"))
                continue
            if torn and record.get("torn") == torn:
                found.pop()  # the writer after the crash saw the torn line and said so
            elif record.get("torn"):
                found.append(Trouble(number, "the torn line that this record mentions is not there"))
            torn = 0
            if record.get("hash") != _hash(record):
                found.append(Trouble(number, "this record was changed"))
            if record.get("previous") != previous:
                found.append(Trouble(number, "the record before this one was changed, moved or taken out"))
            previous = str(record.get("hash"))
        return found

    def _lines(self) -> list[tuple[bytes, Mapping[str, Any] | None]]:
        try:
            handle = os.open(
                self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            )
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):  # a pipe would keep us waiting for ever
                    raise JournalError(f"{self.path} is not a file: move it aside")
                content = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalError(f"the audit trail {self.path} can't be read: {error.strerror}") from error
        lines = content.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        return [(line, _parsed(line)) for line in lines]


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(record, dict) and {"op", "event", "previous", "hash"} <= record.keys()
    return record if whole else None


def _end_of(handle: int, end: int) -> tuple[str, int, bool]:
    """Hash of the newest whole record, bytes of a torn line after it (0 = none), whether the last line lacks its end."""
    start = max(0, end - _TAIL)
    tail = os.pread(handle, end - start, start) if hasattr(os, "pread") else _seek_read(handle, start, end)
    whole, _, rest = tail.rpartition(b"\n")
    last = _parsed(rest)
    if last is not None:
        return str(last["hash"]), 0, True
    for line in reversed(whole.split(b"\n")):
        record = _parsed(line)
        if record is not None:
            return str(record["hash"]), len(rest), bool(rest)
    return START, len(rest), bool(rest)


def _seek_read(handle: int, start: int, end: int) -> bytes:
    os.lseek(handle, start, os.SEEK_SET)
    return os.read(handle, end - start)


def _canonical(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _hash(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical({k: v for k, v in record.items() if k != "hash"})).hexdigest()
