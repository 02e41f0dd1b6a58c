"""The audit trail, and what makes a half-done operation recognisable after any crash.

One append-only file of JSON lines below the state folder. Each record carries a keyed digest and names the one
before, and the newest is anchored outside of the file, so a changed, dropped or moved record shows. A record is on
the disk before the deed it announces: no record, no deed. Nothing in it is secret: steps are plain data, passwords
and tokens live in the answers, which are never written.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics.host import Host
from recovery.lock import LockError, is_locked, locked
from recovery.model import RecoveryError
from recovery.operation import OPEN, Event, Operation, StepRecord, operation_told_by
from recovery.trail import storage
from recovery.trail.finding import Trouble
from recovery.trail.record import START, Record, canonical, parsed, plain

if TYPE_CHECKING:
    from diagnostics.secret import Secret
    from recovery.trail.finding import Examination

__all__ = ["START", "Event", "Journal", "JournalError", "Operation", "StepRecord", "Trouble"]

_TURN = re.compile(rb'"event":"(?:planned|undoing|done|failed|undone|forgotten)"')
"""Records after which an operation is open or closed; a superset, since a text could hold the same."""


class JournalError(RecoveryError):
    """The trail can't be written or read. The text says why and what to do."""


class Journal:
    """The trail of one user on one host. Opening it writes nothing."""

    def __init__(self, host: Host, seconds: float = 5.0, *, reason: str = "", ticket: str = "") -> None:
        """In: `seconds` to wait for another writer; `reason` and `ticket` go into each record that begins something."""
        self._host = host
        self._seconds = seconds
        self._why = {name: text for name, text in (("reason", reason), ("ticket", ticket)) if text}
        self._who: dict[str, Any] | None = None
        self._emergencies: dict[str, bool] = {}
        self.folder = host.state_dir
        self.path = host.state_dir / "journal.jsonl"
        self.told: list[str] = []
        """Why an anchor or another log did not take a record; the trail has it, and nothing was kept from being done."""

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────

    def append(self, event: Event, operation: str, **fields: Any) -> None:
        """Writes one record, to the disk, before it returns; then its anchor, and the other logs where they are.

        In: plain data (str, int, bool, None, list, dict); anything else, a Secret above all, is a TypeError.
        With `emergency=True`, or a remedy whose id begins with `emergency`, the operation's records also go to the
        log that an administrator provides for emergencies.

        Raises:
            JournalError: it could not be written; nothing was.
        """
        from recovery.trail.actor import actor
        from recovery.trail.writing import RecordTooLongError, write_record

        if self._who is None:
            self._who = actor(self._host)
        given = plain({**(self._why if event in {Event.PLANNED, Event.NOTE} else {}), **fields})
        self._prepare()
        try:
            with locked(self.folder / "journal.lock", self._seconds):
                record, trouble = write_record(
                    self._host, self.path, event.value, operation, given, self._who
                )
        except RecordTooLongError as error:
            raise JournalError(str(error)) from error
        except LockError as error:
            raise JournalError(f"the audit trail is held by another process: {error}") from error
        except storage.ForeignFileError as error:
            raise JournalError(str(error)) from error
        except OSError as error:
            raise self._unwritable(error) from error
        self._tell(trouble)
        self._tell_others(record)

    def fingerprint(self, secret: "Secret") -> str:
        """Sixteen hex digits by which records of this trail name a credential; means nothing without this trail's key.

        Raises:
            JournalError: there is no key, and none can be written.
        """
        from recovery.trail.key import own_key

        self._prepare()
        try:
            with locked(self.folder / "journal.lock", self._seconds):
                return own_key(self._host).fingerprint(secret)
        except LockError as error:
            raise JournalError(f"the audit trail is held by another process: {error}") from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _tell_others(self, record: Record) -> None:
        from recovery.trail.sinks import tell_shared_log, tell_system_log

        emergency = self._is_emergency(record)
        self._tell(tell_system_log(self._host, record, emergency=emergency))
        if emergency:
            self._tell(tell_shared_log(self._host, record))

    def _is_emergency(self, record: Record) -> bool:
        """Whether its operation is one; what another process began is looked up."""
        operation = str(record["op"])
        if _says_emergency(record):
            self._emergencies[operation] = True
        if operation not in self._emergencies:
            self._emergencies[operation] = False
            if record["event"] != Event.PLANNED.value and self._host.root is not None:
                with contextlib.suppress(
                    JournalError
                ):  # the record is written; this is about where else it goes
                    known = self._records_of({operation})
                    self._emergencies[operation] = any(_says_emergency(each) for each in known)
        return self._emergencies[operation]

    def _tell(self, words: str) -> None:
        if words and words not in self.told:
            self.told.append(words)

    def _prepare(self) -> None:
        try:
            new = not self.folder.exists()
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            info = self.folder.stat()
            if hasattr(os, "getuid") and info.st_uid != os.getuid():
                raise JournalError(f"{self.folder} belongs to another user: move it aside")
            if not new and stat.S_IMODE(info.st_mode) & 0o077 and os.name == "posix":
                self.folder.chmod(0o700)
            if new:
                storage.sync_folder(self.folder.parent)
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
            with _a_lock_of(self.folder / "operation.lock"):
                yield
        except LockError as error:
            raise JournalError("another mcp-doctor is mending something right now: let it finish") from error
        except _LockFileError as error:
            raise self._unwritable(error.error) from error

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    def records(self) -> list[Mapping[str, Any]]:
        """All whole records in order; a torn or foreign line is left out (`verify` names it).

        Raises:
            JournalError: the file is there and can't be read.
        """
        return [record for line in self._lines() if (record := parsed(line)) is not None]

    def operations(self) -> list[Operation]:
        """All operations, the oldest first. Raises JournalError as `records`."""
        return _operations(self.records())

    def operation(self, wanted: str) -> Operation | None:
        """One operation by its id."""
        return next((each for each in self.operations() if each.id == wanted), None)

    def interrupted(self) -> list[Operation]:
        """Operations that a crash left half done; none while one is running. Raises JournalError as `records`.

        Every start waits for this, so only the records that begin or end something are looked into first.
        """
        if is_locked(self.folder / "operation.lock"):
            return []
        lines = self._lines()
        turns = [record for line in lines if _TURN.search(line) and (record := parsed(line)) is not None]
        open_ids = {each.id for each in _operations(turns) if each.state in OPEN}
        if not open_ids:
            return []
        records = self._records_of(open_ids, lines)
        return [each for each in _operations(records) if each.id in open_ids and each.state in OPEN]

    def verify(self) -> list[Trouble]:
        """Where the trail does not hold; [] = nothing speaks against it. Raises JournalError as `records`."""
        return list(self.examine().troubles)

    def examine(self) -> "Examination":
        """Whether the trail holds, with all that is to be said about it. Raises JournalError as `records`."""
        from recovery.trail.verify import Witnesses, examine

        seen: bytes | None = None
        for _ in range(4):  # a first writer may be making trail, key and anchor right now
            witnesses = Witnesses(self._host)
            content = self._content()
            whole = not content or content.endswith(b"\n")
            found = examine(self._host, self.path, witnesses, _split(content), whole=whole)
            if found.holds or content == seen:
                break
            seen = content
        return found

    def _records_of(self, operations: set[str], lines: list[bytes] | None = None) -> list[Record]:
        marks = [canonical({"op": each})[1:-1] for each in operations]
        return [
            record
            for line in (self._lines() if lines is None else lines)
            if any(mark in line for mark in marks) and (record := parsed(line)) is not None
        ]

    def _lines(self) -> list[bytes]:
        return _split(self._content())

    def _content(self) -> bytes:
        try:
            return storage.content_of(self.path)
        except storage.ForeignFileError as error:
            raise JournalError(str(error)) from error
        except OSError as error:
            raise JournalError(f"the audit trail {self.path} can't be read: {error.strerror}") from error


class _LockFileError(Exception):
    """The lock's file can't be opened; told apart from what goes wrong while it is held."""

    def __init__(self, error: OSError) -> None:
        self.error = error


@contextlib.contextmanager
def _a_lock_of(path: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(path, 0.2))
        except OSError as error:
            raise _LockFileError(error) from error
        yield


def _says_emergency(record: Record) -> bool:
    return bool(record.get("emergency")) or str(record.get("remedy", "")).startswith("emergency")


def _operations(records: list[Mapping[str, Any]]) -> list[Operation]:
    by_id: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if record.get("event") != Event.NOTE:
            by_id.setdefault(str(record.get("op")), []).append(record)
    return [told for found in by_id.values() if (told := operation_told_by(found)) is not None]


def _split(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines
