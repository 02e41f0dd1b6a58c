"""Makes a backup: reads every entry that belongs into it, or fails; encrypts in memory; writes one file."""

import getpass
import hashlib
import platform
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from diagnostics import __version__
from diagnostics.backups import folder_of, name_at
from diagnostics.context import SERVICE
from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.stores import FILE_STORE, Entry, uses_file_store
from diagnostics.stores.protocol import HASHED
from diagnostics.stores.similar import QUARANTINE_SERVICE, UNDO_SERVICE, md5_of
from diagnostics.text import clean, entry_count
from recovery.backups.age import decrypt, encrypt
from recovery.backups.content import Backup, BackupEntry, read, written
from recovery.backups.error import BackupError, Reason
from recovery.backups.file import write_new
from recovery.backups.key import Lock, Recipients
from recovery.entry_writing import default, lists_entries
from recovery.journal import Event, Journal
from recovery.ports import RecoveryWorld
from recovery.quarantine import was_set_aside_from


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written."""

    path: Path
    names: tuple[str, ...]
    """Of the entries in it, safe to show."""
    size: int
    """Bytes."""


def collect(world: RecoveryWorld, services: Sequence[str] = (SERVICE,), names: Sequence[str] = ()) -> Backup:
    """Reads what belongs into a backup.

    In: whole services, or of these only the named entries. With whole services goes what was set aside of them
    (`recovery.quarantine`), as such: it may be the only copy of a value. The copies kept for an undo never do: restored
    elsewhere, they could take back what nobody did there.

    Raises:
        BackupError: INCOMPLETE, something that belongs into it is locked, missing or can't be read; the text says
            what.
        RecoveryError: the keychain can't be reached or is locked.
    """
    default(world)
    wanted = [each for each in services if each != UNDO_SERVICE]
    found = _everything(world, wanted, names)
    ours = [each for each in found if each.service in wanted and (not names or each.account in names)]
    if not names:
        aside = [each for each in found if each.service not in wanted]
        ours += [each for each in aside if was_set_aside_from(each.attributes, wanted)]
    maybe = wanted if names else [*wanted, QUARANTINE_SERVICE]
    hidden = [each for each in found if _is_hidden(each, maybe, names)]
    unreadable = [each for each in ours if each.secret is None]
    if unreadable or hidden:
        told = ", ".join(sorted({clean(each.account, 100) for each in unreadable})[:10])
        count = len(unreadable) + len(hidden)
        where = ", ".join(sorted({_collection(each) for each in (*unreadable, *hidden)}))
        raise BackupError(
            Reason.INCOMPLETE,
            f"{count} of the entries that belong into the backup can't be read, their keychain ({clean(where)}) is "
            f"locked{f': {told}' if told else ''}. Unlock it first; a backup that lacks entries is not made",
        )
    missing = [each for each in names if each not in {entry.account for entry in ours}]
    if missing:
        raise BackupError(
            Reason.INCOMPLETE,
            f"there is no entry {', '.join(clean(each) for each in missing[:10])}; nothing was made",
        )
    if not ours:
        raise BackupError(
            Reason.INCOMPLETE,
            f"the keychain holds no entry of the service {', '.join(clean(each) for each in wanted)}: there is nothing "
            "to back up",
        )
    return Backup(
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        made_by=f"mcp-doctor {__version__}",
        host=platform.node(),
        platform=world.host.platform.value,
        user=world.host.user or getpass.getuser(),
        store=_kind_of_store(world.host),
        entries=tuple(_kept(each) for each in sorted(ours, key=lambda each: (each.service, each.account))),
    )


def make(
    backup: Backup, lock: Lock, world: RecoveryWorld, journal: Journal, target: Path | None = None
) -> Made:
    """Encrypts a backup and writes it; the deed is recorded in the audit trail before it is done.

    In: the file to write, by default a new one in the user's folder. Nothing that stands is ever written over.

    Raises:
        BackupError: it can't be encrypted or written; nothing is left behind.
        JournalError: it can't be recorded, so it was not done.
    """
    content = written(backup)
    read(content.reveal().encode())  # what can't be read back is no backup
    sealed = encrypt(content, lock, world.host)
    if not isinstance(lock, Recipients) and decrypt(sealed, lock, world.host) != content.reveal().encode():
        raise BackupError(
            Reason.UNWRITABLE, "what was encrypted could not be opened again; nothing was written"
        )
    path = target or _free_name(folder_of(world.host), datetime.fromisoformat(backup.made))
    journal.append(
        Event.NOTE,
        secrets.token_hex(4),
        what=f"A backup of {entry_count(len(backup.entries))} is written",
        deed="backup",
        path=clean(str(path)),
        entries=len(backup.entries),
        locked_by="recipients" if isinstance(lock, Recipients) else "passphrase",
        sha256=hashlib.sha256(sealed).hexdigest(),
    )
    write_new(path, sealed)
    return Made(path, tuple(each.name for each in backup.entries), len(sealed))


def _everything(world: RecoveryWorld, services: Sequence[str], names: Sequence[str]) -> list[Entry]:
    """Every entry of every collection; looked at again where the store counts more than it gave."""
    if not lists_entries(world):
        from recovery.stores.named import named_entries

        return named_entries(world, services, names)
    for _ in range(3):
        found = list(world.keychain.entries({}))
        counted = sum(each.items for each in world.keychain.state().collections if each.exists)
        if len(found) >= counted:
            return found
    raise BackupError(
        Reason.INCOMPLETE,
        f"the keychain counts {counted} entries and gave only {len(found)} of them; a backup that lacks entries is "
        "not made. Try again when no other program is writing",
    )


def _is_hidden(entry: Entry, services: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a locked entry of which only hashes are shown belongs to one of the services, or may."""
    if not any(each.startswith(HASHED) for each in entry.attributes):
        return entry.locked and not entry.attributes
    service = entry.attributes.get(f"{HASHED}service")
    account = entry.attributes.get(f"{HASHED}username") or entry.attributes.get(f"{HASHED}account")
    is_ours = service in {md5_of(each) for each in services}
    return is_ours and (not names or account in {md5_of(each) for each in names})


def _kept(entry: Entry) -> BackupEntry:
    assert entry.secret is not None  # noqa: S101 - `collect` refuses others
    return BackupEntry(
        attributes=dict(entry.attributes),
        label=entry.label,
        collection=_collection(entry),
        value=entry.secret,
        created=entry.created,
        modified=entry.modified,
    )


def _kind_of_store(host: Host) -> str:
    if uses_file_store(host):
        return FILE_STORE
    return (
        "secret-service" if host.platform is Platform.LINUX else "keyring"
    )  # by name and value, whatever the system


def _collection(entry: Entry) -> str:
    return entry.collection.rpartition("/")[2]


def _free_name(folder: Path, made: datetime) -> Path:
    return next(
        path
        for number in range(1, 10_000)
        if not (path := folder / name_at(made, number)).is_symlink() and not path.exists()
    )
