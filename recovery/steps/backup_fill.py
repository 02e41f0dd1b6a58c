"""The step that fills a rebuilt keychain with what it lost, from the newest backup."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from diagnostics.stores.keyring_file import KeyringFileError, read_bytes
from diagnostics.stores.similar import md5_of
from diagnostics.text import clean, entry_count, listed
from recovery.backups.earlier import bring_back
from recovery.entry_writing import default
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk, UnavailableError
from recovery.ports import RecoveryWorld
from recovery.salvage.clear_part import read_clear_part
from recovery.steps.backup import OPENED, RestoreEntries
from recovery.undo_copies import forget, note, noted

if TYPE_CHECKING:
    from diagnostics.secret import Secret
    from recovery.backups.content import BackupEntry
    from recovery.backups.opening import Opened

BACKUP_KEY = "backup-key"
"""The name of an answer: the backup's passphrase, or the path of a private key; empty = do without."""
_PART = "filled"
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class FillFromBackup:
    """Writes the entries of a backup that were in the damaged file and are not in the keychain now.

    What a backup can't give is no reason to take the rebuilding back: that is told, and a restore can follow.
    """

    kind: ClassVar[str] = "fill-from-backup"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (BACKUP_KEY,)
    brings_back: ClassVar[bool] = True

    path: str
    sha256: str
    """Of the backup's file."""
    made: str
    """When it was made, for people."""
    source: str
    """The damaged file, where it is now: an entry that it never held was deleted on purpose, and stays away."""
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Fill in what was lost from the backup of {clean(self.made)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """In words; what is lost is known when the file has been read."""
        then = f"taken from the backup of {clean(self.made)}, as they were then, if you give what opens it"
        return [Change("entries that can't be saved", "lost", then)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Writes them, after noting for an undo what stands in their place: nothing."""
        collection = default(world)
        told = self._fill(world, answers.get(BACKUP_KEY))
        try:
            note(world, self.undo_id, collection, _PART, _done())
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"undo_id": self.undo_id, "tell": told}

    def verify(self, world: RecoveryWorld) -> None:
        """The mark that is written last is there."""
        if noted(world, self.undo_id, _PART) is None:
            raise RecoveryError("not everything that the backup has was filled in")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Takes away what was filled in, unless someone changed it meanwhile.

        Where the keychain is locked by now, it goes aside as it is with the step before, which looks for itself whether
        anything would be out of sight by that.
        """
        with contextlib.suppress(UnavailableError):
            bring_back(world, self.undo_id)
            forget(world, self.undo_id)

    def _fill(self, world: RecoveryWorld, given: "Secret | None") -> str:
        from recovery.backups.comparison import State, compare
        from recovery.backups.content import written

        later = (
            f"To do that later:\n$ mcp-doctor backup restore {clean(Path(self.path).name)} --on-conflict skip"
        )
        if not given:
            return f"Nothing was filled in from the backup of {clean(self.made)}. {later}"
        try:
            opened = self._open(world, given)
        except RecoveryError as error:
            return f"Nothing was filled in from the backup of {clean(self.made)}: {error}. {later}"
        held = _held(self.source)
        lost = [
            each
            for each in compare(opened.backup, world)
            if each.state is State.NEW and (held is None or _digests(each.entry) in held)
        ]
        if not lost:
            return f"The backup of {clean(self.made)} has nothing that the keychain lost."
        numbers = tuple(each.number for each in lost)
        content = {OPENED: written(opened.backup, on_one_line=True)}
        RestoreEntries(self.path, self.sha256, numbers, (), self.undo_id).apply(world, content)
        names = listed([each.entry.name for each in lost], _MOST_NAMED)
        return f"{entry_count(len(lost))} came from the backup of {clean(self.made)}, as they were then: {names}."

    def _open(self, world: RecoveryWorld, given: "Secret") -> "Opened":
        from recovery.backups.key import identities
        from recovery.backups.opening import look, open_backup

        path = Path(self.path)
        key = given if look(path).has_passphrase else identities([Path(given.reveal()).expanduser()])
        opened = open_backup(path, key, world.host)
        if opened.sha256 != self.sha256:
            raise RecoveryError(f"{clean(self.path)} is another file by now")
        return opened


def _held(source: str) -> set[tuple[str, str]] | None:
    """Service and name of what the damaged file held, as digests; None where that can't be told for all of it."""
    try:
        clear = read_clear_part(read_bytes(Path(source)))
    except KeyringFileError:
        return None
    if clear is None or not clear.is_whole:
        return None
    return {
        (
            each.attributes.get("service", ""),
            each.attributes.get("username", each.attributes.get("account", "")),
        )
        for each in clear.items
    }


def _digests(entry: "BackupEntry") -> tuple[str, str]:
    return md5_of(entry.service), md5_of(entry.account)


def _done() -> "Secret":
    from diagnostics.secret import Secret

    return Secret("done")
