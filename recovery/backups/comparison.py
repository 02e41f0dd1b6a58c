"""What a backup holds beside what the keychain holds now: the diff that a restore shows and does.

An entry is the same one when all its attributes are, or else when service and user name are: writing it beside one
that another tool wrote would make a twin, and which of two twins a program gets is chance.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.model import Platform
from diagnostics.stores import Entry
from diagnostics.stores.protocol import KEYTAR_SCHEMA, SESSION_COLLECTION
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.backups.content import Backup, BackupEntry
from recovery.backups.error import BackupError, Reason
from recovery.entry_writing import default, lists_entries
from recovery.ports import RecoveryWorld
from recovery.undo_copies import own

_KEYRING_LIBRARY = "Python keyring library"
_ELSEWHERE = "keyring"
"""The collection of entries that the keyring library gave (`recovery.stores.keyring_library`)."""


_WINDOWS = "windows"
_OF_WINDOWS = {"encoding", "persist", "comment"}
"""The collection, and attributes, of entries that the Credential Manager gave (`diagnostics.stores.windows.entry`)."""


class State(StrEnum):
    """How an entry of the backup stands to the keychain."""

    NEW = "new"
    """The keychain does not have it."""
    SAME = "same"
    """It is there with the same value."""
    DIFFERS = "differs"
    """It is there with another value."""
    SEVERAL = "several"
    """Several of its name are there, none of them the same: which one is meant, a person must say first."""
    UNREADABLE = "unreadable"
    """It is there, and its keychain is locked."""
    UNFIT = "unfit"
    """This keychain can't hold it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One entry of a backup beside the keychain's."""

    number: int
    """Its place in the backup, from 0."""
    entry: BackupEntry
    state: State
    now: Entry | None = None
    """What stands in its place; for DIFFERS alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """How and where an entry is written in this world."""

    collection: str
    label: str
    attributes: Mapping[str, str]


def compare(backup: Backup, world: RecoveryWorld) -> list[Compared]:
    """Every entry of the backup, in its order.

    Raises:
        RecoveryError: the keychain can't be reached, is missing or is locked.
    """
    default(world)
    here = entries_named(world, [(each.service, each.account) for each in backup.entries])
    by_name: dict[tuple[str, str], list[Entry]] = {}
    for entry in here:
        by_name.setdefault((entry.service, entry.account), []).append(entry)
    in_backup = Counter((each.service, each.account) for each in backup.entries)
    return [
        _compared(number, each, by_name.get((each.service, each.account), ()), here, in_backup, world)
        for number, each in enumerate(backup.entries)
    ]


def chosen(found: Sequence[Compared], names: Sequence[str]) -> list[Compared]:
    """Those with these names; all without any.

    Raises:
        BackupError: INCOMPLETE, the backup has none of that name.
    """
    missing = [each for each in names if all(each != one.entry.account for one in found)]
    if missing:
        raise BackupError(Reason.INCOMPLETE, f"the backup holds no entry {', '.join(missing[:10])}")
    return [each for each in found if not names or each.entry.account in names]


def entries_named(world: RecoveryWorld, names: Sequence[tuple[str, str]]) -> list[Entry]:
    """Entries as they stand, those of these services and user names among them, copies for an undo not.

    Raises:
        RecoveryError: the keychain can't be read.
    """
    if lists_entries(world):
        return [each for each in world.keychain.entries({}) if each.service != UNDO_SERVICE]
    from recovery.stores.named import named_entries

    of: dict[str, set[str]] = {}
    for service, name in names:
        if service and name and service != UNDO_SERVICE:
            of.setdefault(service, set()).add(name)
    return [entry for service in sorted(of) for entry in named_entries(world, [service], sorted(of[service]))]


def places_of(entries: Sequence[BackupEntry], world: RecoveryWorld, fallback: str) -> list[Place]:
    """Where each new entry is written: in the collection of the same name if that is there and unlocked, else in
    the `fallback`; never in the one that is lost when the daemon ends."""
    collections = {
        each.path.rpartition("/")[2]: each.path
        for each in world.keychain.state().collections
        if each.exists and not each.locked and each.path != SESSION_COLLECTION
    }
    return [_place(each, world, collections.get(each.collection, fallback)) for each in entries]


def place_of(entry: Entry) -> Place:
    """Where an entry stands."""
    return Place(entry.collection, entry.label, _lasting(entry.attributes))


def _place(entry: BackupEntry, world: RecoveryWorld, collection: str) -> Place:
    if world.host.platform is Platform.WINDOWS and lists_entries(world):
        return Place(collection, entry.label, _for_windows(entry))
    if world.host.platform is not Platform.LINUX:
        return Place(collection, entry.label, {"service": entry.service, "username": entry.account})
    attributes, label = _lasting(entry.attributes), entry.label
    if entry.collection == _WINDOWS:
        attributes = {name: value for name, value in attributes.items() if name not in _OF_WINDOWS}
    bare = attributes.keys() == {"service", "username"} and entry.collection in {"", _ELSEWHERE, _WINDOWS}
    if bare:
        # From a system whose keychain has no attributes: as the keyring library itself would write it here.
        attributes["application"] = _KEYRING_LIBRARY
        label = f"Password for '{entry.account}' on '{entry.service}'"
    return Place(collection, label, attributes)


def _for_windows(entry: BackupEntry) -> dict[str, str]:
    """What the Credential Manager shows of an entry once it is written."""
    if entry.collection == _WINDOWS:
        return dict(entry.attributes)
    if "account" in entry.attributes:
        return {"service": entry.service, "account": entry.account, "xdg:schema": KEYTAR_SCHEMA}
    return {"service": entry.service, "username": entry.account, "application": _KEYRING_LIBRARY}


def _lasting(attributes: Mapping[str, str]) -> dict[str, str]:
    """What is written: keytar finds nothing without the schema, and the keyring library makes twins with it."""
    return dict(attributes) if "account" in attributes else own(attributes)


def digest_of(entry: Entry | BackupEntry) -> str:
    """Hex SHA-256 of an entry's value, "" where it can't be read."""
    value = entry.value if isinstance(entry, BackupEntry) else entry.secret
    return (
        "" if value is None else hashlib.sha256(value.reveal().encode("utf-8", "surrogateescape")).hexdigest()
    )


def _compared(
    number: int,
    entry: BackupEntry,
    named: Sequence[Entry],
    here: Sequence[Entry],
    in_backup: Mapping[tuple[str, str], int],
    world: RecoveryWorld,
) -> Compared:
    if not _fits(entry, world):
        return Compared(number, entry, State.UNFIT)
    if not entry.service and not entry.account:
        named = here
    exact = [each for each in named if own(each.attributes) == own(entry.attributes)]
    if not entry.service and not entry.account:
        named = exact
    if not named:
        return Compared(number, entry, State.NEW)
    if any(each.secret == entry.value for each in named):
        return Compared(number, entry, State.SAME)
    if any(each.secret is None for each in named):
        return Compared(number, entry, State.UNREADABLE)
    # Where the backup holds several of the name, none of them may take the place of another.
    if in_backup[entry.service, entry.account] > 1 or len(exact or named) > 1:
        return Compared(number, entry, State.SEVERAL)
    return Compared(number, entry, State.DIFFERS, (exact or list(named))[0])


def _fits(entry: BackupEntry, world: RecoveryWorld) -> bool:
    if entry.service == UNDO_SERVICE:
        return False  # it could make a later undo write what nobody asked for
    if "stale-username" in entry.attributes:
        return False  # left behind on Windows, and not in use
    if world.host.platform is Platform.LINUX:
        return True
    if world.host.platform is Platform.WINDOWS:
        from recovery.stores.windows.keychain import refusal_of

        return not refusal_of(entry.attributes, entry.value)
    from recovery.stores.keyring_library import can_hold

    return bool(entry.service and entry.account) and can_hold(entry.value, world.host.platform)
