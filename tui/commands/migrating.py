"""A migration at a plain terminal: whether the servers start through the changed config."""

import dataclasses

from diagnostics.model import Status
from recovery.model import Remedy
from tui import terminal
from tui.commands.check import looked
from tui.session import DoctorSession


def servers_of(remedy: Remedy) -> list[str]:
    """The ids of the servers whose entries a migration changed; none for any other remedy."""
    from recovery.steps.migration import MoveToKeychain
    from recovery.steps.variable_reference import ReferToVariables

    found: list[str] = []
    for step in remedy.steps:
        if isinstance(step, MoveToKeychain):
            found.append(step.server)
        elif isinstance(step, ReferToVariables):
            found += [f"{step.client}:{each}" for each in step.servers]
    return list(dict.fromkeys(found))


def see_it_start(session: DoctorSession, remedy: Remedy) -> None:
    """Starts the servers through the changed config, if the person agrees, and says what came of it."""
    from diagnostics.runner import diagnose
    from diagnostics.text import clean

    ids = servers_of(remedy)
    if not ids or not terminal.can_ask():
        return
    names = clean(", ".join(each.partition(":")[2] for each in ids), 200)
    if not terminal.agreed(f"Start {names} now, through the changed config?"):
        return
    options = dataclasses.replace(session.options, start=True)
    context = looked(dataclasses.replace(session, names=ids, options=options))
    findings = [each for each in diagnose(context) if each.stage == "start" and each.server]
    for each in findings:
        terminal.say(f"  {each.status.value}: {each.title}")
    if any(each.status is Status.FAIL for each in findings):
        terminal.say("  What was moved can be taken back:", "$ mcp-doctor undo")
