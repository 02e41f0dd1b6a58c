"""A rotation at a plain terminal: which entries get the new token, and whether the servers start with it."""

import dataclasses

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from tui import terminal
from tui.commands.check import looked
from tui.session import DoctorSession


def narrowed(remedy: Remedy, finding: Finding | None, context: Context) -> Remedy:
    """Lets the person leave entries out of a rotation; any other remedy comes back as it is."""
    if remedy.id != "rotate-token" or len(remedy.steps) < 2 or finding is None or not terminal.can_ask():
        return remedy
    from recovery.rotation import choices_of, rotation

    rows = choices_of(finding, context)
    terminal.say("", "These entries hold the token, and would all get the new one:")
    terminal.say(*(f"  {number}. {name}: {users}" for number, (name, users) in enumerate(rows, 1)))
    while True:
        typed = terminal.typed("Leave some out? Their numbers, 2 and up; Enter for none: ")
        words = typed.replace(",", " ").split()
        if all(each.isascii() and each.isdigit() and 2 <= int(each) <= len(rows) for each in words):
            break
    without = {rows[int(each) - 1][0] for each in words}
    return (rotation(finding, context, without) or remedy) if without else remedy


def see_it_start(session: DoctorSession, operation: str) -> None:
    """Starts the servers that use the new token, if the person agrees; where all work, the old one is let go of."""
    from diagnostics.runner import diagnose
    from recovery.journal import Journal
    from recovery.model import RecoveryError
    from recovery.rotation_end import let_go_of_replaced, not_seen, rotations_that_keep, users_of

    if not terminal.can_ask():
        return
    world, journal = session.open_world(session.host), Journal(session.host)
    try:
        kept = next(
            (each for each in rotations_that_keep(world, journal) if each.operation == operation), None
        )
    except RecoveryError:
        return
    whole = looked(dataclasses.replace(session, names=()))
    users = users_of(kept, whole) if kept is not None else []
    names = ", ".join(dict.fromkeys(each.name for each in users))
    if (
        kept is None
        or not users
        or not terminal.agreed(f"Start {names} now, to see that it takes the new token?")
    ):
        return
    options = dataclasses.replace(session.options, start=True)
    context = looked(dataclasses.replace(session, names=[each.id for each in users], options=options))
    findings = list(diagnose(context))
    told = let_go_of_replaced(world, journal, findings, context)
    terminal.say(*(f"  {each}" for each in told))
    if not told:
        left = ", ".join(dict.fromkeys(each.name for each in not_seen(kept, findings, context)))
        terminal.say(
            f"  Not seen to work with it: {left or names}. The old token is kept; see: mcp-doctor check --start"
        )
