"""Steps that make one keychain of two whole ones: the second one's entries go into the first, then its file goes aside.

The second file is read with its password, in memory only, so that nobody else's keychain is locked and no daemon ends.
It is moved aside only after every entry of it was found in the first keychain, and it is never deleted.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.context import SERVICE
from diagnostics.secret import Secret
from diagnostics.stores import CollectionState, Entry
from diagnostics.stores.similar import QUARANTINE_SERVICE, UNDO_SERVICE
from diagnostics.text import clean, entry_count
from recovery.backups.comparison import Place, digest_of, place_of
from recovery.backups.earlier import Earlier, bring_back, keep, kept, standing, standing_at
from recovery.keyring_file import collection_named, content_of
from recovery.keyring_file import digest_of as file_digest_of
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk, UnavailableError
from recovery.ports import RecoveryWorld
from recovery.quarantine import quarantined
from recovery.salvage.salvage import Salvage, SavedItem, salvage
from recovery.undo_copies import forget, note, noted, own

SECOND_PASSWORD = "second-password"  # noqa: S105 - the name of an answer
_MOST_NAMED = 20
_MARK = "merged"


@dataclass(frozen=True, slots=True)
class MergeKeyring:
    """Writes what the first keychain lacks of the second one into it. Values that differ are never chosen between."""

    kind: ClassVar[str] = "merge-keyring"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (SECOND_PASSWORD,)

    source: str
    """The second keychain's file."""
    digest: str
    collection: str
    """The second keychain's address, "" = the daemon has not loaded it."""
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Copy the entries of {clean(Path(self.source).name)} into “login”"

    @property
    def leaving(self) -> tuple[str, ...]:
        """Collections that are on their way out, so that what stands there makes no twin."""
        return (self.collection,) if self.collection else ()

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says what happens to entries that both have."""
        content_of(self.source, self.digest)
        after = "in “login” as well; what both have with the same value stays once"
        return [Change(f"the entries of {clean(self.source)}", "in a second keychain", after)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Notes what is going to be written, writes it, and reads it back.

        Raises:
            RecoveryError: the password is wrong, or one of our entries has another value in each; nothing was done.
            HalfDoneError: it broke off in the middle.
        """
        found = _opened(content_of(self.source, self.digest), answers)
        target = _login(world)
        here = [each for each in world.keychain.entries({}) if each.collection == target.path]
        records, aside = [], 0
        differ: list[str] = []
        for item in _lacking(found.saved, here):
            place = place_of(_as_entry(item, target.path))
            if _of_same_name(item, here):
                if item.attributes.get("service") == SERVICE:
                    differ.append(clean(_name(item.attributes), 60))
                    continue
                aside += 1
                place = _set_aside(item, target.path, f"{self.undo_id}-{aside}")
            records.append(Earlier(place, digest_of(_as_entry(item)), None))
        if differ:
            raise RecoveryError(
                f"{', '.join(differ[:_MOST_NAMED])}: the two keychains hold different values. Unlock both, and "
                "`mcp-doctor cleanup` asks which one is right; then do this again"
            )
        values = {digest_of(_as_entry(each)): each.secret for each in found.saved}
        try:
            keep(world, self.undo_id, target.path, records)
            for each in records:
                world.keychain.put(
                    each.place.collection,
                    each.place.label,
                    each.place.attributes,
                    values[each.written],
                    replace=False,
                )
            note(world, self.undo_id, target.path, _MARK, Secret("done"))
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"tell": "\n".join(_told(found, len(records), aside))}

    def verify(self, world: RecoveryWorld) -> None:
        """The mark that is written last is there, and everything stands where it was written."""
        _login(world)
        if noted(world, self.undo_id, _MARK) is None:
            raise RecoveryError("not everything was copied into the keychain “login”")
        records = kept(world, self.undo_id)
        here = standing(world, records)
        for each in records:
            if all(digest_of(one) != each.written for one in standing_at(each.place, here)):
                raise RecoveryError(f"{clean(each.place.label)} is not in the keychain “login”")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Takes away what was written, unless someone changed it meanwhile; the second file has it all."""
        _login(world)
        bring_back(world, self.undo_id)
        forget(world, self.undo_id)


@dataclass(frozen=True, slots=True)
class MoveMergedAside:
    """Gives the second keychain's file another name, once everything in it was found in the first."""

    kind: ClassVar[str] = "move-merged-aside"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (SECOND_PASSWORD,)

    path: str
    aside: str
    digest: str
    collection: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Move {clean(Path(self.path).name)} aside"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Old name and new name."""
        content_of(self.path, self.digest)
        after = f"{clean(self.aside)}; nothing in it is changed or deleted"
        return [Change("the second keychain's file", clean(self.path), after)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Looks for every entry in the first keychain, then renames; the daemon lets a locked keychain go with its file."""
        found = _opened(content_of(self.path, self.digest), answers)
        target = _login(world)
        everything = world.keychain.entries({})
        here = [each for each in everything if each.collection == target.path]
        missing = [each for each in _lacking(found.saved, here) if not _is_set_aside(each, here)]
        if missing:
            raise RecoveryError(f"{len(missing)} of its entries are not in the keychain “login”")
        if self.collection:
            world.keychain.lock(self.collection)
            content_of(self.path, self.digest)  # locking may have written it
        world.files.rename(self.path, self.aside)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is there under its new name, byte for byte, and the daemon holds it no more."""
        if file_digest_of(self.aside) != self.digest:
            raise RecoveryError(f"{clean(self.aside)} is not what was moved aside")
        if any(each.path == self.collection and each.exists for each in world.keychain.state().collections):
            raise RecoveryError("the keyring daemon still holds the second keychain")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Gives it its name back; the daemon reads it when it starts the next time."""
        if not os.path.lexists(self.aside):
            if os.path.lexists(self.path):
                return
            raise RecoveryError(f"neither {clean(self.path)} nor {clean(self.aside)} is there any more")
        world.files.rename(self.aside, self.path)


def _opened(content: bytes, answers: Answers) -> Salvage:
    password = answers.get(SECOND_PASSWORD)
    if not password:
        raise RecoveryError("the password of the second keychain is needed for this")
    found = salvage(content, password)
    if not found.password_fits:
        raise RecoveryError(
            "the password is not the right one for the second keychain, or its file is damaged"
        )
    return found


def _login(world: RecoveryWorld) -> CollectionState:
    target = collection_named(world, "login")
    if target is None:
        raise UnavailableError("the keychain “login” is not there, or can't be reached")
    if target.locked:
        raise UnavailableError("the keychain “login” is locked: `mcp-doctor unlock` unlocks it")
    return target


def _lacking(saved: Sequence[SavedItem], here: Sequence[Entry]) -> list[SavedItem]:
    """Those whose value the first keychain does not hold, neither with their attributes nor under their name."""
    return [
        each
        for each in saved
        if each.attributes.get("service") != UNDO_SERVICE
        and all(each.secret != other.secret for other in _of_same_name(each, here))
    ]


def _of_same_name(item: SavedItem, here: Sequence[Entry]) -> list[Entry]:
    name = _name(item.attributes)
    return [
        each
        for each in here
        if own(each.attributes) == own(item.attributes)
        or (name and each.service == item.attributes.get("service") and _name(each.attributes) == name)
    ]


def _name(attributes: Mapping[str, str]) -> str:
    return attributes.get("username", "")


def _set_aside(item: SavedItem, collection: str, name: str) -> Place:
    why = "a second keychain held another value of this entry"
    label, attributes = quarantined(name, item.label, item.attributes, why)
    return Place(collection, label, attributes)


def _is_set_aside(item: SavedItem, here: Sequence[Entry]) -> bool:
    return any(each.service == QUARANTINE_SERVICE and each.secret == item.secret for each in here)


def _as_entry(item: SavedItem, collection: str = "") -> Entry:
    return Entry("", collection, item.label, item.attributes, item.secret)


def _told(found: Salvage, written: int, aside: int) -> list[str]:
    lines = [
        f"{written - aside} of {entry_count(len(found.saved))} were written; the others were there already."
    ]
    if aside:
        lines.append(
            f"{aside} of other programs had another value there: they are set aside in the keychain."
        )
    if found.lost:
        lines.append(f"{len(found.lost)} could not be read: the file was damaged. It is kept.")
    return lines
