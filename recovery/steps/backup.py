"""The step that puts entries of a backup into the keychain."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from diagnostics.text import clean, entry_count
from recovery.backups.earlier import Earlier, bring_back, keep, kept, standing, standing_at
from recovery.entry_writing import default
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld

if TYPE_CHECKING:
    from recovery.backups.content import Backup

PASSPHRASE = "passphrase"  # noqa: S105 - the name of an answer
OPENED = "opened"
"""The name of an answer that nobody is asked for: the content, where it has been decrypted a moment ago."""


@dataclass(frozen=True, slots=True)
class RestoreEntries:
    """Writes entries of a backup that are not there, and gives those that differ the backup's value."""

    kind: ClassVar[str] = "restore-entries"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    brings_back: ClassVar[bool] = True

    path: str
    sha256: str
    """Of the backup's file, so that it is the one that was looked at."""
    new: tuple[int, ...]
    """Places in the backup, from 0, of entries that the keychain does not have."""
    changed: tuple[int, ...]
    """Of those that it has with another value."""
    undo_id: str
    identities: tuple[str, ...] = ()
    """Paths of the private keys that open it; () = a passphrase does."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The passphrase, where there is one."""
        return () if self.identities else (PASSPHRASE,)

    @property
    def title(self) -> str:
        """See `Step`."""
        count = len(self.new) + len(self.changed)
        return f"Restore {entry_count(count)} from {clean(Path(self.path).name)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Counts; who opened the backup has shown the names (`recovery.backups.restoring`)."""
        default(world)
        changes = []
        if self.new:
            changes.append(Change(entry_count(len(self.new)), "not in the keychain", "as in the backup"))
        if self.changed:
            changes.append(
                Change(
                    entry_count(len(self.changed)),
                    "another value",
                    "the backup's value; the earlier one is kept in the keychain for an undo",
                )
            )
        return changes

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Looks whether everything stands as it did, keeps what is replaced, then writes.

        Raises:
            RecoveryError: the file or the keychain has changed since, or can't be opened; nothing was done.
            HalfDoneError: it broke off in the middle.
        """
        from recovery.backups.comparison import State, compare, digest_of, place_of, places_of

        collection = default(world)
        backup = self._open(world, answers)
        found = compare(backup, world)
        wanted = {**dict.fromkeys(self.new, State.NEW), **dict.fromkeys(self.changed, State.DIFFERS)}
        if any(
            not 0 <= each < len(found) or found[each].state is not state for each, state in wanted.items()
        ):
            raise RecoveryError("the keychain has changed since this was shown: look again")
        entries = [backup.entries[each] for each in wanted]
        places = places_of(entries, world, collection)
        records = []
        for number, entry, place in zip(wanted, entries, places, strict=True):
            now = found[number].now
            there = place_of(now) if now else place
            records.append(Earlier(there, digest_of(entry), now.secret if now else None))
        try:
            keep(world, self.undo_id, collection, records)
            for number, record in zip(wanted, records, strict=True):
                now = found[number].now
                made = world.keychain.put(
                    record.place.collection,
                    record.place.label,
                    record.place.attributes,
                    found[number].entry.value,
                    replace=now is not None,
                )
                if now is not None and made != now.path:
                    world.keychain.delete(now.path)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"undo_id": self.undo_id}

    def verify(self, world: RecoveryWorld) -> None:
        """Every entry stands where it was written, with the backup's value."""
        from recovery.backups.comparison import digest_of

        records = kept(world, self.undo_id)
        if len(records) != len(self.new) + len(self.changed):
            raise RecoveryError("not all of it was begun")
        here = standing(world, records)
        for record in records:
            if all(digest_of(each) != record.written for each in standing_at(record.place, here)):
                name = record.place.attributes.get("username", record.place.label)
                raise RecoveryError(f"the entry {clean(name)} does not hold the backup's value")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Makes everything what it was, unless someone changed an entry meanwhile."""
        bring_back(world, self.undo_id)

    def _open(self, world: RecoveryWorld, answers: Answers) -> "Backup":
        from recovery.backups.content import read
        from recovery.backups.key import identities
        from recovery.backups.opening import open_backup

        ready = answers.get(OPENED)
        if ready is not None:
            return read(ready.reveal().encode())
        key = identities([Path(each) for each in self.identities]) if self.identities else answers[PASSPHRASE]
        opened = open_backup(Path(self.path), key, world.host)
        if opened.sha256 != self.sha256:
            raise RecoveryError(f"{clean(self.path)} is another file by now: look again")
        return opened.backup
