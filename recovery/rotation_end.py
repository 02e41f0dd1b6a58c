"""The end of a rotation: the old token is let go of when every server that uses the entry has started with the new one."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diagnostics.context import SERVICE, Context
from diagnostics.model import Finding, Server, Status, Syntax
from diagnostics.text import clean
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.operation import Event
from recovery.ports import RecoveryWorld
from recovery.undo_copies import forget, undo_ids

_STARTED = "start.handshake"
_ABOUT_THE_TOKEN = ("format.", "validity.")


@dataclass(frozen=True, slots=True)
class Kept:
    """A rotation whose old token is still kept in the keychain."""

    operation: str
    names: tuple[str, ...]
    """The entries that got the new one."""
    undo_ids: tuple[str, ...]


def rotations_that_keep(world: RecoveryWorld, journal: Journal) -> list[Kept]:
    """The rotations that are done and whose old token is kept, the oldest first. Changes nothing.

    Raises:
        RecoveryError: the trail or the keychain can't be read.
    """
    done = [
        each for each in journal.operations() if each.remedy == "rotate-token" and each.state is Event.DONE
    ]
    if not done:
        return []
    there = undo_ids(world)
    found = []
    for each in done:
        steps = [step for step in each.steps if step.data.get("service") == SERVICE]
        ids = tuple(str(step.data.get("undo_id", "")) for step in steps)
        if there.intersection(ids):
            found.append(Kept(each.id, tuple(str(step.data.get("username", "")) for step in steps), ids))
    return found


def users_of(kept: Kept, context: Context) -> list[Server]:
    """The servers, of any client and switched on, that refer to one of its entries."""
    return [
        server
        for file in context.files
        for server in file.servers
        if not server.disabled
        and any(each.syntax is Syntax.SECRET and each.name in kept.names for each in server.references)
    ]


def not_seen(kept: Kept, findings: Iterable[Finding], context: Context) -> list[Server]:
    """The servers that these findings do not show to have started with a token that nothing speaks against."""
    known: dict[str, list[Finding]] = {}
    for each in findings:
        if each.server:
            known.setdefault(each.server, []).append(each)
    return [each for each in users_of(kept, context) if not _works(known.get(each.id, ()))]


def let_go_of_replaced(
    world: RecoveryWorld, journal: Journal, findings: Sequence[Finding], context: Context
) -> list[str]:
    """Lets go of the old tokens whose servers have all started with the new one; what was done, in words.

    In: the findings of a run that started servers, after the rotation. It is recorded before it is done; afterwards the
    rotation can't be taken back. A rotation whose entries no server uses is left to the 30 days. Never raises: what
    can't be let go of now is let go of later.
    """
    told: list[str] = []
    if not any(each.check == _STARTED and each.status is Status.OK for each in findings):
        return told
    with contextlib.suppress(RecoveryError), journal.operating():
        for kept in rotations_that_keep(world, journal):
            users = users_of(kept, context)
            if not users or not_seen(kept, findings, context):
                continue
            journal.append(Event.FORGOTTEN, kept.operation, why="its servers started with the new token")
            for undo_id in kept.undo_ids:
                forget(world, undo_id)
            names = ", ".join(clean(each, 80) for each in kept.names)
            started = ", ".join(dict.fromkeys(clean(each.name, 60) for each in users))
            told.append(
                f"{started} started with the new token: the old value of {names} is not kept any longer. "
                "Revoke the old token at its provider now."
            )
    return told


def _works(found: Iterable[Finding]) -> bool:
    findings = list(found)
    started = any(each.check == _STARTED and each.status is Status.OK for each in findings)
    refused = any(each.status is Status.FAIL and each.check.startswith(_ABOUT_THE_TOKEN) for each in findings)
    return started and not refused
