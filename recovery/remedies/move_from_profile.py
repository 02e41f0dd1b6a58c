"""A shell's profile sets a credential that entries refer to: into the keychain with it, and the entries refer to that."""

from pathlib import Path

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Server, Stage, Syntax
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("config.shell-profile.plain-text", "config.shell-profile.open", rank=40)
def move_from_profile(finding: Finding, context: Context) -> Remedy | None:
    """For every server that takes the variable, and every profile that sets it."""
    from diagnostics.plain.assigned_line import dialect_of
    from diagnostics.plain.exposed import UnreadableError, read_held
    from diagnostics.plain.source import profiles, variables_of
    from diagnostics.text import clean
    from recovery.variable_migration import Source, steps_for, with_all_servers

    every = with_all_servers(context)
    path = Path(finding.facts.get("profile", ""))
    names = {name for file in every.files for name in variables_of(every, file)}
    try:
        held = read_held(every, path, names) or []
    except UnreadableError:
        return None
    variables = tuple(dict.fromkeys(each.name for each in held))
    wanted = {each.id: _of(each, variables) for each in every.servers}
    wanted = {each: got for each, got in wanted.items() if got}
    others = tuple(each for each in profiles(every.host) if each != path)
    steps = steps_for(Source(path, dialect_of(path), wanted, others), every) if wanted else ()
    if not steps:
        return None
    shown = ", ".join(variables)
    return Remedy(
        id="move-from-profile",
        title=clean(f"Move {shown} from {path} into the keychain"),
        why=(
            "The value goes into the keychain and is read back, the entries refer to it and start their servers through "
            "`mcp-doctor run`, and only then its line in the profile becomes a comment. Programs that you start from "
            "new shells no longer find the variable; those that run already keep it until they end. What taking it back "
            "needs is kept inside the keychain."
        ),
        finding=finding.id,
        steps=steps,
        recheck=("config.shell-profile", *checks_from(Stage.REFERENCE), "start.command", "start.handshake"),
    )


def _of(server: Server, variables: tuple[str, ...]) -> tuple[str, ...]:
    taken = {each.name for each in server.references if each.syntax is Syntax.ENV}
    return tuple(each for each in variables if each in taken)
