"""Entries of the keychain by name: what `mcp-secrets set|get|list|delete` do, with journal and undo."""

import secrets

from diagnostics.context import SERVICE
from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.text import clean
from recovery.journal import Journal
from recovery.model import Ask, AskKind, RecoveryError, Remedy, Step
from recovery.ports import RecoveryWorld
from recovery.runner import Notify, Outcome, carry_out
from recovery.steps.entry import TOKEN, DeleteEntry, SetEntry


def set_entry(
    name: str,
    value: Secret,
    world: RecoveryWorld,
    journal: Journal,
    *,
    service: str = SERVICE,
    one: bool = False,
    notify: Notify = lambda _progress: None,
) -> Outcome:
    """Stores a value; the earlier one is kept in the keychain for `undo`. Never raises for the world's troubles.

    In: `one` makes one entry of several with that name; else they are refused.
    """
    step = SetEntry(service, name, new_undo_id(), one)
    return carry_out(_remedy(step, (_TOKEN,)), {TOKEN: value}, world, journal, notify)


def delete_entry(
    name: str,
    world: RecoveryWorld,
    journal: Journal,
    *,
    service: str = SERVICE,
    notify: Notify = lambda _progress: None,
) -> Outcome:
    """Deletes every entry of that name; they are kept in the keychain for `undo`."""
    return carry_out(_remedy(DeleteEntry(service, name, new_undo_id())), {}, world, journal, notify)


def get_entry(name: str, world: RecoveryWorld, *, service: str = SERVICE) -> Secret:
    """The value of the one entry of that name.

    Raises:
        RecoveryError: there is none, or several, or the keychain is locked or can't be reached.
    """
    state = world.keychain.state()
    if state.default is not None and state.default.exists and state.default.locked:
        raise RecoveryError("the keychain is locked: `mcp-doctor unlock` unlocks it")
    found = world.keychain.entries({"service": service, "username": name})
    shown = f"{clean(name)} ({clean(service)})"
    if not found:
        raise RecoveryError(f"there is no entry {shown}")
    if len({each.secret for each in found}) > 1:
        raise RecoveryError(
            f"{len(found)} entries with different values are named {shown}: keep one of them first"
        )
    value = found[0].secret
    if value is None:
        raise RecoveryError(f"the value of {shown} can't be read: its keychain is locked")
    return value


def list_entries(world: RecoveryWorld, *, service: str = SERVICE) -> list[Entry]:
    """The entries of a service, by name.

    Raises:
        RecoveryError: the keychain is locked or can't be reached.
    """
    state = world.keychain.state()
    if state.default is not None and state.default.exists and state.default.locked:
        raise RecoveryError("the keychain is locked: `mcp-doctor unlock` unlocks it")
    return sorted(world.keychain.entries({"service": service}), key=lambda each: each.account)


def new_undo_id() -> str:
    """A name for what a step keeps, known before the step is done."""
    return secrets.token_hex(8)


_TOKEN = Ask(TOKEN, AskKind.TOKEN, "The new value")


def _remedy(step: Step, asks: tuple[Ask, ...] = ()) -> Remedy:
    return Remedy(id=step.kind, title=step.title, why="", finding="", steps=(step,), asks=asks)
