"""Whether what the entry starts is there and may be started, seen from where its client stands."""

from typing import TYPE_CHECKING

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.context import Context
from diagnostics.model import Platform, Server, Syntax
from diagnostics.presence import at_home, is_folder

if TYPE_CHECKING:
    from diagnostics.servers.program import Program


@check(of=Server)
def command(context: Context, server: Server) -> Verdict | None:
    """Can the server's command be started?"""
    from diagnostics.references import unwrap, with_home
    from diagnostics.servers.built_in_node import needs_built_in_node
    from diagnostics.servers.child_environment import inherited_by
    from diagnostics.servers.program import is_on_a_shells_path_only, look_up
    from diagnostics.servers.script_path import missing_path
    from diagnostics.servers.variables import joined, name_in

    if server.transport != "stdio" or server.command is None or server.disabled:
        return None
    if server.extension is not None and server.extension.is_packed:
        return None  # nothing is unpacked that could be started
    if needs_built_in_node(server, context.host):
        return unknown("built-in-node", client=client(server.client).name)
    host = context.host
    server = with_home(server, client(server.client), host)
    env = dict(inherited_by(server, host))
    own = name_in(server.env, "PATH", host.platform)
    if own is not None:
        env = joined(env, {own: _path(context, server, own)}, host.platform)
    cwd = host.cwd if server.cwd is None else host.cwd / at_home(server.cwd)
    if "${" in (server.command or "") or "${" in (server.cwd or ""):
        return None
    if not is_folder(cwd):
        return fail("no-folder", "path_not_found", folder=str(cwd))
    inner = unwrap(server)
    if inner.extension is not None:
        from diagnostics.bundles.extension import filled

        inner = filled(inner)
    for one in (server, inner) if inner.command != server.command else (server,):
        verdict = _program(look_up(one.command or "", env, cwd, host), server, host.platform)
        if verdict is not None:
            return verdict
    script = missing_path(inner.command or "", [each.reveal() for each in inner.args], cwd)
    if script is not None:
        return fail("no-script", "path_not_found", script=script, folder=str(cwd))
    found = look_up(inner.command or "", env, cwd, host)
    one_client = client(server.client)
    brings_own = server.extension is not None and server.extension.manifest.kind == "node"
    if (
        not brings_own
        and one_client.inheritance.desktop
        and found.path
        and is_on_a_shells_path_only(found.path)
    ):
        return warn(
            "only-in-a-shell",
            "command_not_found",
            command=found.command,
            program=str(found.path),
            client=one_client.name,
        )
    return ok("there", command=inner.command or "", program=str(found.path))


def _path(context: Context, server: Server, name: str) -> str:
    """The entry's PATH as the server gets it: with the variables in it replaced, where the client may do so."""
    path = server.env[name].reveal()
    established = client(server.client).expansion.established
    for each in server.references:
        if each.field != f"env.{name}" or each.syntax is not Syntax.ENV or not each.spelling:
            continue
        value = context.value_of(each)
        if value is not None and (each.expanded_by_client or server.launcher or not established):
            path = path.replace(each.spelling, value.reveal())
    return path


def _program(found: "Program", server: Server, system: Platform) -> Verdict | None:
    """The verdict on a program that can't be started, None for one that can."""
    from diagnostics.servers.program import ProgramState, install_hint
    from diagnostics.tokens.masking import mask_tokens

    facts = {
        "command": mask_tokens(found.command),  # some are a whole shell line, with the token in it
        "program": str(found.path or ""),
        "client": client(server.client).name,
        "hint": install_hint(found.command, system)
        or "Install it, or write the full path of its program as the command.",
    }
    searched = (f"PATH: {found.searched}",) if found.searched else ()
    match found.state:
        case ProgramState.READY:
            return None
        case ProgramState.MISSING if found.path is not None:
            return fail("no-file", "path_not_found", **facts)
        case ProgramState.MISSING if found.elsewhere:
            there = tuple(f"found: {each}" for each in found.elsewhere)
            return fail(
                "elsewhere",
                "command_not_found",
                evidence=(*there, *searched),
                where=str(found.elsewhere[0]),
                **facts,
            )
        case ProgramState.MISSING:
            return fail("not-found", "command_not_found", evidence=searched, **facts)
        case ProgramState.NOT_EXECUTABLE:
            return fail("not-executable", "not_executable", **facts)
        case ProgramState.NO_INTERPRETER if found.crlf:
            return fail("windows-line-ends", "command_not_found", interpreter=found.interpreter, **facts)
        case ProgramState.NO_INTERPRETER:
            return fail(
                "no-interpreter",
                "command_not_found",
                evidence=searched,
                interpreter=found.interpreter,
                **facts,
            )
        case ProgramState.WRONG_FORMAT:
            return fail("wrong-format", "binary_incompatible", **facts)
