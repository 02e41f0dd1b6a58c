"""Writing one entry so that the keyring library finds and replaces it, and never beside another of its name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from diagnostics.model import Platform
from diagnostics.secret import Secret
from diagnostics.stores import FILE_STORE, Entry
from diagnostics.text import clean
from recovery.model import HalfDoneError, RecoveryError, UnavailableError
from recovery.ports import RecoveryWorld
from recovery.undo_copies import is_sealed, keep, seal

if TYPE_CHECKING:
    from diagnostics.catalog.writers import Writer

_APPLICATION = "Python keyring library"


def write(
    world: RecoveryWorld,
    service: str,
    username: str,
    undo_id: str,
    old: Sequence[Entry],
    value: Secret,
    *,
    form: "Writer | None" = None,
) -> Mapping[str, str]:
    """Writes a value under a name, in place of the `old` entries, which are kept for an undo.

    In: the `form` in which another program looks for it; None = as the keyring library does. Out: what a step keeps
    in the journal.

    Raises:
        RecoveryError: the default keychain is missing or locked; nothing was done.
        HalfDoneError: it broke off in the middle.
    """
    collection = default(world)
    attributes = _attributes(service, username, form)
    label = f"Password for '{username}' on '{service}'" if form is None else form.label_of(service, username)
    make_sure_it_fits(world, service, username, value, form=form)
    try:
        keep(world, undo_id, old)
        seal(world, undo_id, collection, value)
        made = world.keychain.put(collection, label, attributes, value)
        for entry in old:  # and no other: one that came meanwhile has no copy
            if entry.path != made:
                world.keychain.delete(entry.path)
    except RecoveryError as error:
        raise HalfDoneError(str(error)) from error
    return {"undo_id": undo_id, "entry": made}


def make_sure_it_fits(
    world: RecoveryWorld, service: str, username: str, value: Secret, *, form: "Writer | None" = None
) -> None:
    """For a preview, and before anything is kept: Windows takes 2,560 bytes of a value.

    Raises:
        RecoveryError: this system's store would refuse the entry.
    """
    if world.host.platform is not Platform.WINDOWS:
        return
    from recovery.stores.windows.keychain import refusal_of

    reason = refusal_of(_attributes(service, username, form), value)
    if reason:
        raise RecoveryError(reason)


def _attributes(service: str, username: str, form: "Writer | None") -> dict[str, str]:
    if form is not None:
        return form.attributes(service, username)
    return {"service": service, "username": username, "application": _APPLICATION}


def verify_written(world: RecoveryWorld, service: str, username: str, undo_id: str) -> None:
    """Raises RecoveryError unless exactly one entry has the name and holds what `write` wrote."""
    found = matches(world, service, username)
    if len(found) != 1:
        raise RecoveryError(f"{len(found)} entries are named {shown(service, username)}, expected one")
    if not is_sealed(world, undo_id, found[0].secret):
        raise RecoveryError(f"{shown(service, username)} does not hold what was written")


def holds_already(world: RecoveryWorld, service: str, username: str, value: Secret) -> bool:
    """Whether a name holds this value already; False = it is free.

    Raises:
        RecoveryError: it holds another value, or more than one entry has the name.
    """
    found = matches(world, service, username)
    if any(each.secret != value for each in found) or len(found) > 1:
        raise RecoveryError(f"{shown(service, username)} holds another value by now: look again")
    return bool(found)


def read_back(world: RecoveryWorld, service: str, username: str, value: Secret, called: str) -> None:
    """Raises RecoveryError unless exactly one entry has the name and holds the value. In: what a person calls the value."""
    found = matches(world, service, username)
    if len(found) != 1 or found[0].secret != value:
        raise RecoveryError(f"{shown(service, username)} does not hold {called}")


def matches(world: RecoveryWorld, service: str, username: str) -> list[Entry]:
    """The entries of a service and user name, in any unlocked collection."""
    return list(world.keychain.entries({"service": service, "username": username}))


def only(found: Sequence[Entry], named: str) -> Entry:
    """The one that was found. Raises RecoveryError for none or several."""
    if len(found) != 1:
        count = "no entry is" if not found else f"{len(found)} entries are"
        raise RecoveryError(f"{count} named {named} by now: look again")
    return found[0]


def default(world: RecoveryWorld) -> str:
    """The default collection's address. Raises UnavailableError where it is missing, locked or out of reach."""
    state = world.keychain.state()
    its_own_words = state.provider.program in {FILE_STORE, "credential-manager"}
    if its_own_words and (state.error or not state.usable):
        world.keychain.entries({})  # its error says what is wrong with the file
    has_no_bus = state.bus.trouble not in {None, "hung"}
    if not has_no_bus and (state.bus.trouble or state.provider.hung or state.error):
        raise UnavailableError("the keychain does not answer, it may be hung: see `mcp-doctor check`")
    if has_no_bus or not state.provider.running:
        raise UnavailableError(
            "no keychain can be reached from here: `mcp-doctor unlock` finds the way to it"
        )
    if state.default is None or not state.default.exists:
        raise UnavailableError("there is no default keychain: `mcp-doctor unlock --create` makes one")
    if state.default.locked:
        raise UnavailableError("the keychain is locked: `mcp-doctor unlock` unlocks it")
    return state.default.path


def lists_entries(world: RecoveryWorld) -> bool:
    """Whether the keychain can name its entries; where the keyring library reads and writes them, it can't."""
    if world.host.platform is Platform.LINUX:
        return True
    return world.keychain.state().provider.program not in {"keyring", "security"}


def shown(service: str, username: str) -> str:
    """An entry's name for people."""
    return f"{clean(username)} ({clean(service)})"
