"""What is to be started: the command that was given, or the configured entry of a name."""

from collections.abc import Sequence
from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Reference, Server, Syntax
from diagnostics.secret import Secret
from diagnostics.servers.resolve import UnresolvedError
from recovery.launching.call import Call
from recovery.launching.failure import USAGE, LaunchError


def of_command(command: Sequence[str], host: Host) -> Server:
    """`run -- COMMAND`: the references in this process's own environment and in the arguments."""
    args = {f"args[{at}]": word for at, word in enumerate(command[1:])}
    env = {f"env.{name}": value for name, value in host.env.items() if "${" in value}
    references = [each for where, text in (env | args).items() for each in _references(where, text)]
    return Server(
        id="",
        name="",
        client="",
        path=Path(),
        transport="stdio",
        command=command[0],
        args=tuple(map(Secret, args.values())),
        env={name.removeprefix("env."): Secret(value) for name, value in env.items()},
        references=tuple(references),
    )


def _references(where: str, text: str) -> list[Reference]:
    """The references in one value, whose meaning is beyond doubt.

    A shell's environment and arguments hold `$VAR` and `${VAR}` for many reasons, so a plain variable counts only
    where it is the whole value.
    """
    from diagnostics.reference_syntax import find_malformed, find_references

    found = []
    for each in find_references(text):
        is_whole = each.start == 0 and each.end == len(text)
        if each.form == "$VAR" or (each.form in {"${VAR}", "${VAR:-default}"} and not is_whole):
            continue
        default = None if each.default is None else Secret(each.default)
        spelling = text[each.start : each.end]
        found.append(Reference("", where, each.syntax, each.name, Secret(text), default, spelling=spelling))
    for wrong in find_malformed(text):
        spelling = text[wrong.start : wrong.end]
        reference = Reference("", where, Syntax.SECRET, None, Secret(text), spelling=spelling)
        hint = f", write {wrong.meant}" if wrong.meant else ""
        raise UnresolvedError(reference, "config_schema_error", f"is not a reference as it is written{hint}")
    return found


def of_name(call: Call, host: Host) -> Server:
    """`run SERVER`: the configured entry of that name which is not itself this very call."""
    from diagnostics.context import Options
    from diagnostics.discovery import (
        ConfigFileError,
        UnknownClientError,
        UnknownServerError,
        choose,
        discover,
    )

    name = call.name or ""
    try:
        named = choose(discover(host, Options(config=call.config, client=call.client)), [name])
    except (ConfigFileError, UnknownClientError, UnknownServerError) as error:
        raise LaunchError(USAGE, "config_schema_error", str(error), server=name) from error
    usable = [each for each in named if not _is_this_call(each, name)]
    if not usable:
        said = (
            f"the entry {name!r} starts `mcp-doctor run {name}`, which would start itself without end. Put the "
            "server's own command into it: mcp-doctor run -- COMMAND …"
        )
        raise LaunchError(USAGE, "config_schema_error", said, server=named[0].id)
    one = usable[0]
    if one.transport != "stdio" or one.command is None:
        raise LaunchError(
            USAGE,
            "config_wrong_endpoint",
            f"{one.id} is reached by its address, there is nothing to run",
            server=one.id,
        )
    if any(_start_of(each) != _start_of(one) for each in usable[1:]):
        ids = ", ".join(each.id for each in usable)
        raise LaunchError(
            USAGE,
            "config_schema_error",
            f"several clients have a different {name!r}: say which ({ids})",
            server=name,
        )
    return one


def _start_of(server: Server) -> tuple[object, ...]:
    return server.command, server.args, dict(server.env), server.cwd


def _is_this_call(server: Server, name: str) -> bool:
    """Whether the entry is `mcp-doctor run NAME` itself, whatever starts the launcher."""
    from diagnostics.configs.launcher_words import launcher_at

    words = [each.reveal() for each in server.args]
    at = launcher_at(server.command, words)
    if at is None:
        return False
    rest = words[at + 1 :]
    wanted = {each.casefold() for each in (name, server.name, server.id)}
    return "--" not in rest and bool(rest) and rest[-1].casefold() in wanted
