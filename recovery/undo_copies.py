"""Earlier values of entries, kept inside the same keychain until they are taken back or let go.

A copy never leaves the keychain: it is an entry of the service `mcp-doctor-undo` beside the real ones. It holds
what is needed to restore the original, so that an undo works from the keychain alone after a crash. The seal is a
keyed digest of the value that a step wrote; its key is an entry too, so nothing outside can test a guess by it.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.model import RecoveryError, UnavailableError
from recovery.ports import RecoveryWorld

_APPLICATION = "mcp-doctor"


@dataclass(frozen=True, slots=True)
class Copy:
    """An entry as it was."""

    path: str
    """Where the copy is."""
    collection: str
    label: str
    attributes: Mapping[str, str]
    secret: Secret = field(repr=False)

    def is_like(self, entry: Entry) -> bool:
        """Whether this entry is the original, unchanged."""
        same_place = own(entry.attributes) == own(self.attributes) and entry.collection == self.collection
        return same_place and entry.secret == self.secret


def own(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes without the one that gnome-keyring adds by itself, some time after an entry was written."""
    return {
        name: value
        for name, value in attributes.items()
        if (name, value) != ("xdg:schema", "org.freedesktop.Secret.Generic")
    }


def keep(world: RecoveryWorld, undo_id: str, entries: Sequence[Entry]) -> None:
    """Copies entries. Raises RecoveryError where one has no readable value or can't be written.

    A crashed attempt is taken back before the next one, so copies under this id are never there already.
    """
    for number, entry in enumerate(entries):
        if entry.secret is None:
            raise RecoveryError("the earlier value can't be read, so it could not be kept for an undo")
        original = {
            "collection": entry.collection,
            "label": entry.label,
            "attributes": dict(entry.attributes),
        }
        attributes = _named(undo_id, str(number)) | {"original": json.dumps(original, sort_keys=True)}
        world.keychain.put(
            entry.collection, f"Earlier value of {entry.label or entry.account}", attributes, entry.secret
        )


def copies(world: RecoveryWorld, undo_id: str) -> list[Copy]:
    """The copies made under this id, in their order. Raises UnavailableError where a locked keychain may hide them."""
    ours = _ours(world, undo_id)
    make_sure_it_shows(world, ours)
    found: list[tuple[int, Copy]] = []
    for entry in ours:
        number = entry.attributes["username"].rpartition("/")[2]
        if not number.isdigit() or entry.secret is None:
            continue
        try:
            original = json.loads(entry.attributes["original"])
            copy = Copy(
                entry.path, original["collection"], original["label"], original["attributes"], entry.secret
            )
        except (KeyError, ValueError, TypeError) as error:
            raise RecoveryError(f"the kept copy {entry.path} is not one that mcp-doctor made") from error
        found.append((int(number), copy))
    return [copy for _, copy in sorted(found, key=lambda each: each[0])]


def seal(
    world: RecoveryWorld, undo_id: str, collection: str, secret: Secret, *, beside: bool = False
) -> None:
    """Notes which value is about to be written, before it is. In: `beside` = an earlier note stays in force."""
    key = secrets.token_hex(32)
    attributes = _named(undo_id, "seal") | {"seal": _digest(Secret(key), secret)}
    for old in () if beside else _seals(world, undo_id):
        world.keychain.delete(old.path)
    world.keychain.put(collection, "What mcp-doctor wrote, to recognise it", attributes, Secret(key))


def is_sealed(world: RecoveryWorld, undo_id: str, secret: Secret | None) -> bool:
    """Whether this is the value that was sealed under this id."""
    if secret is None:
        return False
    return any(
        each.secret is not None
        and hmac.compare_digest(each.attributes.get("seal", ""), _digest(each.secret, secret))
        for each in _seals(world, undo_id)
    )


def restore(world: RecoveryWorld, undo_id: str, now: Sequence[Entry]) -> None:
    """Makes `now`, the entries that stand in the originals' place, what they were, and lets the copies go.

    What stands there must be what we wrote or an original; then the originals are put back first and what we wrote
    is deleted last, so that no value is ever only in one place. Without any copy or seal nothing is done.

    Raises:
        UnavailableError: what is kept can't be seen, because its keychain is locked.
        RecoveryError: someone changed the entry meanwhile, or the keychain refused.
    """
    kept = copies(world, undo_id)
    originals = list(kept)
    written: list[Entry] = []
    strange: list[Entry] = []
    for entry in now:
        like = next((each for each in originals if each.is_like(entry)), None)
        if like is not None:
            originals.remove(like)
        elif is_sealed(world, undo_id, entry.secret):
            written.append(entry)
        else:
            strange.append(entry)
    # Where nothing is missing or sealed, a crash came while copies were being made: those without one are originals.
    if strange and (originals or written or _seals(world, undo_id)):
        raise RecoveryError("the entry was changed by someone else meanwhile, so it is left as it is")
    put_back = {
        world.keychain.put(copy.collection, copy.label, copy.attributes, copy.secret, replace=False)
        for copy in originals
    }
    for entry in written:
        if entry.path not in put_back:  # a store without twins has only the one place for a name
            world.keychain.delete(entry.path)
    forget(world, undo_id)


def make_sure_it_shows(world: RecoveryWorld, kept: Sequence[Entry]) -> None:
    """Refuses to take "nothing is kept" for an answer while a locked keychain may hide it.

    In: what was found of it. A locked collection that was read anew shows no names; one that was locked since it was
    read shows them without values.

    Raises:
        UnavailableError: it is locked, or can't be reached.
    """
    found = world.keychain.state().default
    hides = not kept and found is not None and found.exists and found.locked
    if hides or any(each.locked or each.secret is None for each in kept):
        raise UnavailableError("the keychain that holds the earlier values is locked: unlock it first")


def note(world: RecoveryWorld, undo_id: str, collection: str, part: str, text: Secret) -> None:
    """Keeps something else than an entry under this id, in place of an earlier note of that name."""
    world.keychain.put(collection, "What an undo of mcp-doctor needs", _named(undo_id, part), text)


def noted(world: RecoveryWorld, undo_id: str, part: str) -> Secret | None:
    """What `note` kept; None where there is nothing, or nothing readable."""
    found = world.keychain.entries({"service": UNDO_SERVICE, "username": f"{undo_id}/{part}"})
    return next((each.secret for each in found if each.secret is not None), None)


def undo_ids(world: RecoveryWorld) -> set[str]:
    """The ids under which something is kept in an unlocked keychain, which is where it can be deleted."""
    found = world.keychain.entries({"service": UNDO_SERVICE})
    return {each.attributes.get("username", "").rpartition("/")[0] for each in found if not each.locked}


def forget(world: RecoveryWorld, undo_id: str) -> None:
    """Deletes what is kept under this id; afterwards it can't be taken back.

    Seals go first and notes last: cut off anywhere between, what is left still tells that nothing is left to do.
    """
    ours: list[tuple[int, str]] = []
    for entry in _ours(world, undo_id):
        part = entry.attributes["username"].rpartition("/")[2]
        ours.append((0 if part == "seal" else 1 if part.isdigit() else 2, entry.path))
    for _, path in sorted(ours):
        world.keychain.delete(path)


def _ours(world: RecoveryWorld, undo_id: str) -> list[Entry]:
    found = world.keychain.entries({"service": UNDO_SERVICE})
    return [each for each in found if each.attributes.get("username", "").rpartition("/")[0] == undo_id]


def _seals(world: RecoveryWorld, undo_id: str) -> list[Entry]:
    return list(world.keychain.entries({"service": UNDO_SERVICE, "username": f"{undo_id}/seal"}))


def _named(undo_id: str, part: str) -> dict[str, str]:
    return {"service": UNDO_SERVICE, "username": f"{undo_id}/{part}", "application": _APPLICATION}


def _digest(key: Secret, secret: Secret) -> str:
    raw = secret.reveal().encode("utf-8", "surrogateescape")
    return hmac.new(key.reveal().encode(), raw, hashlib.sha256).hexdigest()
