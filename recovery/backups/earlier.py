"""What stood in an entry's place before a restore, kept inside the keychain until it is taken back or let go.

One record an entry, an entry itself of the service `mcp-doctor-undo`: where it stands, what was there (nothing, or a
value), and the digest of what the restore writes, so that an undo recognises it after any crash. They are written
before the first entry is touched.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.stores.similar import UNDO_SERVICE
from diagnostics.text import clean
from recovery.backups.comparison import Place, digest_of, entries_named
from recovery.model import RecoveryError, UnavailableError
from recovery.ports import RecoveryWorld
from recovery.undo_copies import forget, make_sure_it_shows, own

_APPLICATION = "mcp-doctor"


@dataclass(frozen=True, slots=True)
class Earlier:
    """One record."""

    place: Place
    written: str
    """Digest of the value that the restore writes."""
    value: Secret | None = field(repr=False)
    """What was there, None = nothing."""


def keep(world: RecoveryWorld, undo_id: str, collection: str, records: Sequence[Earlier]) -> None:
    """Writes the records. Raises RecoveryError where one can't be written."""
    for number, each in enumerate(records):
        document = {
            "collection": each.place.collection,
            "label": each.place.label,
            "attributes": dict(each.place.attributes),
            "written": each.written,
            "value": None if each.value is None else each.value.reveal(),
        }
        name = each.place.attributes.get("username", each.place.attributes.get("account", ""))
        world.keychain.put(
            collection,
            f"Before a restore: {name}",
            {"service": UNDO_SERVICE, "username": f"{undo_id}/r{number}", "application": _APPLICATION},
            Secret(json.dumps(document)),
        )


def kept(world: RecoveryWorld, undo_id: str) -> list[Earlier]:
    """The records made under this id. Raises RecoveryError where one is not ours."""
    found: list[tuple[int, Earlier]] = []
    for entry in world.keychain.entries({"service": UNDO_SERVICE}):
        owner, _, number = entry.attributes.get("username", "").rpartition("/r")
        if owner != undo_id or not number.isdigit():
            continue
        if entry.secret is None:
            raise UnavailableError("the keychain that holds the earlier values is locked: unlock it first")
        try:
            told = json.loads(entry.secret.reveal())
            place = Place(str(told["collection"]), str(told["label"]), dict(told["attributes"]))
            value = None if told["value"] is None else Secret(str(told["value"]))
            found.append((int(number), Earlier(place, str(told["written"]), value)))
        except (ValueError, KeyError, TypeError) as error:
            raise RecoveryError(f"the kept record {entry.path} is not one that mcp-doctor made") from error
    return [each for _, each in sorted(found, key=lambda each: each[0])]


def bring_back(world: RecoveryWorld, undo_id: str) -> None:
    """Makes every recorded place what it was before, then lets the records go. Without any it does nothing.

    All places are looked at before the first is touched. Earlier values are put back first and what was written is
    deleted last, so that no value is ever only in one place.

    Raises:
        RecoveryError: an entry was changed by someone else meanwhile (then nothing is touched), or the keychain
            refused.
    """
    records = kept(world, undo_id)
    if not records:
        make_sure_it_shows(world, ())
        return
    here = standing(world, records)
    back: list[Earlier] = []
    away: list[Entry] = []
    for records_there in _by_place(records):
        missing = [each for each in records_there if each.value is not None]
        written = {each.written for each in records_there}
        for entry in standing_at(records_there[0].place, here):
            original = next((each for each in missing if each.value == entry.secret), None)
            if original is not None:
                missing.remove(original)
            elif digest_of(entry) in written:
                away.append(entry)
            else:
                name = clean(entry.account or entry.label)
                raise RecoveryError(
                    f"the entry {name} was changed by someone else meanwhile, so everything is left as it is"
                )
        back += missing
    for record in back:
        assert record.value is not None  # noqa: S101 - only those that had one are in the list
        put_back = next(iter(standing_at(record.place, away)), None)
        made = world.keychain.put(
            record.place.collection, record.place.label, record.place.attributes, record.value
        )
        if put_back is not None and put_back.path == made:
            away.remove(put_back)
    for entry in away:
        world.keychain.delete(entry.path)
    forget(world, undo_id)


def _by_place(records: Sequence[Earlier]) -> list[list[Earlier]]:
    """Twins stand at one place."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], list[Earlier]] = {}
    for each in records:
        key = (each.place.collection, frozenset(own(each.place.attributes).items()))
        found.setdefault(key, []).append(each)
    return list(found.values())


def standing(world: RecoveryWorld, records: Sequence[Earlier]) -> list[Entry]:
    """The entries of today, those at the recorded places among them. Raises RecoveryError."""
    attributes = [each.place.attributes for each in records]
    return entries_named(
        world,
        [(each.get("service", ""), each.get("username", each.get("account", ""))) for each in attributes],
    )


def standing_at(place: Place, entries: Sequence[Entry]) -> Iterator[Entry]:
    """The entries that stand at a place."""
    wanted: Mapping[str, str] = own(place.attributes)
    return (
        each for each in entries if each.collection == place.collection and own(each.attributes) == wanted
    )
