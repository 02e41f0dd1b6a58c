"""Who wrote which entry, and which programs would see it: one list of what all of them keep in the same store.

Each library finds its entries by attributes of its own, so that a credential can be there and yet be invisible to the
one that asks. The table is `catalog/writers.toml`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from diagnostics.catalog.writers import Writer, writers
from diagnostics.stores.protocol import HASHED, LOGIN_COLLECTION, ROOT
from diagnostics.stores.similar import QUARANTINE_SERVICE, UNDO_SERVICE, md5_of
from diagnostics.stores.state import Entry

OTHER = "secret-tool or another program"
_WINDOWS = "windows"
"""What `stores.windows` calls the Credential Manager as a collection."""
_OURS = {UNDO_SERVICE, QUARANTINE_SERVICE}


@dataclass(frozen=True, slots=True)
class Written:
    """One entry in the list of what all programs keep."""

    entry: Entry
    service: str
    account: str
    writer: str
    """Who wrote it, in words."""
    seen_by: tuple[str, ...]
    """Names of the writers whose programs find it here, in the catalogue's order."""
    twins: int = 0
    """How many further entries the same programs could take for it."""
    other_form: bool = False
    """Whether the same credential's name is there under the other attribute too (`username`, `account`)."""


def writer_of(entry: Entry) -> str:
    """The program that most likely wrote an entry, in words."""
    found = known_writer(entry)
    if found is not None:
        return found.name
    by_hand = OTHER if entry.path.startswith(ROOT) else "another program"
    return entry.attributes.get("application") or by_hand


def known_writer(entry: Entry) -> Writer | None:
    """The writer whose attributes and label the entry has, None where it is none of the catalogue's.

    The entries of a collection that was never unlocked show digests of their attributes and no label; where that
    leaves several, the first one is named whose marks it has.
    """
    hashed = any(name.startswith(HASHED) for name in entry.attributes)
    has, is_so = (_hashed_has(entry), _hashed_is(entry)) if hashed else (_has(entry), _is(entry))
    for each in writers().values():
        if not has(each.account) or any(has(name) for name in each.lacks):
            continue
        if not all(is_so(name, value) for name, value in each.marks.items()):
            continue
        label = each.label_of(entry.service, entry.account)
        if each.marks or (each.schema and not entry.label) or (entry.label == label and not hashed):
            return each
    if has("Title") and has("UserName") and is_so("application", writers()["keyring"].name):
        return writers()["keyring"]  # its scheme for KeePassXC
    return None


def is_seen_by(entry: Entry, writer: Writer, default: str) -> bool:
    """Whether this writer's programs find the entry by service and account.

    In: the default collection's address, "" = there is none. On Windows each library has names of its own; on macOS
    all of them look for service and account, in every keychain that is searched.
    """
    if entry.collection == _WINDOWS:
        from diagnostics.stores.windows.target import LOOKED_FOR, same, target_of

        names = (target_of(each, entry.service, entry.account) for each in LOOKED_FOR[writer.id])
        return bool(entry.account) and any(same(entry.path, each) for each in names)
    if entry.collection.endswith((".keychain-db", ".keychain")):
        return bool(entry.service)
    if writer.account not in entry.attributes or not entry.service:
        return False
    if writer.schema and entry.attributes.get("xdg:schema") != writer.schema:
        return False
    if writer.id == "keyring-rs" and entry.attributes.get("target", "default") != "default":
        return False
    wanted = {"default": default, "login": LOGIN_COLLECTION}.get(writer.sees)
    return wanted is None or entry.collection == wanted


def reconciled(
    entries: Iterable[Entry], default: str, wanted: Callable[[Entry], bool] = lambda _entry: True
) -> list[Written]:
    """The one list, by service and account: what was written for a service and an account, by whatever program.

    In: the store's entries; the default collection's address; which of them are wanted. Entries of other kinds (a
    browser's key, a network's password) and what mcp-doctor keeps for an undo are left out; so are those that show
    only digests, for they have no names.
    """
    found = [
        each
        for each in entries
        if each.service and each.account_attribute and each.service not in _OURS and wanted(each)
    ]
    return sorted(
        (_written(each, found, default) for each in found),
        key=lambda one: (one.service.casefold(), one.account.casefold(), one.writer, one.entry.path),
    )


def state_of(entry: Entry) -> str:
    """A mark that is the same for the same value, within this run alone; or why there is none."""
    if entry.secret is not None:
        return f"value #{entry.secret.fingerprint()}"
    return "locked" if entry.locked else "value not read"


def _written(entry: Entry, every: Sequence[Entry], default: str) -> Written:
    same = [
        each
        for each in every
        if each.path != entry.path and (each.service, each.account) == (entry.service, entry.account)
    ]
    seen_by = _seen_by(entry, default)
    if entry.collection == _WINDOWS:
        alike = [bool(set(seen_by) & set(_seen_by(each, default))) for each in same]
    else:
        alike = [each.account_attribute == entry.account_attribute for each in same]
    return Written(entry, entry.service, entry.account, writer_of(entry), seen_by, sum(alike), not all(alike))


def _seen_by(entry: Entry, default: str) -> tuple[str, ...]:
    return tuple(each.name for each in writers().values() if is_seen_by(entry, each, default))


def _has(entry: Entry) -> Callable[[str], bool]:
    return entry.attributes.__contains__


def _is(entry: Entry) -> Callable[[str, str], bool]:
    return lambda name, value: entry.attributes.get(name) == value


def _hashed_has(entry: Entry) -> Callable[[str], bool]:
    return lambda name: f"{HASHED}{name}" in entry.attributes


def _hashed_is(entry: Entry) -> Callable[[str, str], bool]:
    return lambda name, value: entry.attributes.get(f"{HASHED}{name}") == md5_of(value)
