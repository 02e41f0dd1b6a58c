"""Credentials stand in plain text in an env file: into the keychain with them, and a reference into each entry."""

from pathlib import Path

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Server, Stage, Syntax
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("config.env-file.plain-text", "config.env-file.open", rank=40)
def move_from_env_file(finding: Finding, context: Context) -> Remedy | None:
    """For every server that gets the file; what stands in the way is said by the preview."""
    from diagnostics.plain.assigned_line import Dialect
    from diagnostics.plain.exposed import held_in
    from diagnostics.plain.source import env_files_of
    from diagnostics.text import clean
    from recovery.variable_migration import Source, steps_for, with_all_servers

    every = with_all_servers(context)
    path = Path(finding.facts.get("file", ""))
    env_file = next(
        (each for file in every.files for each in env_files_of(every, file) if each.path == path), None
    )
    if env_file is None:
        return None
    names = tuple(dict.fromkeys(each.name for each in held_in(every, env_file) if each.name))
    servers = [every.server(each) for each in env_file.ids]
    wanted = {each.id: _for(each, path, names, every) for each in servers}
    wanted = {each: got for each, got in wanted.items() if got}
    dialect = Dialect.CONTAINER if any(map(_is_container, servers)) else Dialect.ENV
    steps = steps_for(Source(path, dialect, wanted), every) if wanted else ()
    if not steps:
        return None
    return Remedy(
        id="move-from-env-file",
        title=clean(f"Move the credentials in {path} into the keychain"),
        why=(
            "Each value goes into the keychain and is read back, the entries refer to it and start their servers through "
            "`mcp-doctor run`, and only then its line in the file becomes a comment: a server or client that reads the "
            "file itself could not follow a reference in it. Other programs that read the file no longer find it there. "
            "What taking it back needs is kept inside the keychain."
        ),
        finding=finding.id,
        steps=steps,
        recheck=("config.env-file", *checks_from(Stage.REFERENCE), "start.command", "start.handshake"),
    )


def _for(server: Server, path: Path, names: tuple[str, ...], context: Context) -> tuple[str, ...]:
    """What of the file is the server's. A file of the client's own holds the client's credentials too."""
    from diagnostics.catalog.clients import client
    from diagnostics.client_variables import files_of

    if path not in files_of(client(server.client), context.host):
        return names
    referred = {each.name for each in server.references if each.syntax is Syntax.ENV}
    return tuple(each for each in names if each in referred)


def _is_container(server: Server) -> bool:
    from diagnostics.configs.container_words import container_variables

    passed = container_variables(server.command, [each.reveal() for each in server.args])
    return passed is not None and passed.has_file
