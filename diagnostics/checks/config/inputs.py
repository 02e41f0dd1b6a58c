"""Values that the editor asks for (`${input:id}`): whether the config says how, and where they are kept."""

from pathlib import Path

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok
from diagnostics.context import Context
from diagnostics.model import Reference, Syntax

_ASKING = {"vscode", "visual-studio"}


@check(of=Reference, within=5)
def inputs(context: Context, reference: Reference) -> Verdict | None:
    """Does the config say how this value is asked for, and where is it kept?"""
    from diagnostics.clients.vscode import INPUT_TYPES, declared_inputs, state_database

    server = context.server(reference.server_id)
    if reference.syntax is not Syntax.INPUT or reference.name is None or server.client not in _ASKING:
        return None
    declared = declared_inputs(server.path)
    if declared is None:
        return None  # the file can't be read, which is told elsewhere
    one = client(server.client)
    facts = {"id": reference.name, "spelling": reference.shown, "client": one.name, "reload": one.reload}
    row = declared.get(reference.name)
    if row is None:
        near = next((each for each in declared if each.casefold() == reference.name.casefold()), "")
        if near:
            return fail("other-case", "input_not_declared", near=near, **facts)
        return fail("not-declared", "input_not_declared", **facts)
    kind = row.get("type")
    if str(kind) not in INPUT_TYPES:
        known = ", ".join(sorted(INPUT_TYPES))
        return fail("unknown-type", "config_schema_error", said=str(kind)[:60], known=known, **facts)
    if kind == "command":
        return ok("by-command", **facts)
    if server.client != "vscode":
        return ok("asked", **facts)
    database = state_database(context.host, server.path, server.scope)
    return ok("sealed", evidence=_there(database), database=str(database), **facts)


def _there(database: Path) -> tuple[str, ...]:
    return (f"{database} is there",) if database.exists() else ()
