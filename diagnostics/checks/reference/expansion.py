"""Whether somebody replaces `${SECRET:name}` and its kin before the server sees them."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnostics.catalog.clients import Client, client
from diagnostics.check import Verdict, check, fail, ok, warn
from diagnostics.context import Context
from diagnostics.model import Server, Syntax

if TYPE_CHECKING:
    from diagnostics.reference_syntax import Malformed

_CLOSE = re.compile(r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{16,}|//[^/\s@]*@|=[^$]")
"""Letters and digits mixed, longer than a version or a name; a password in an address; a value behind `=`."""
_OURS = {Syntax.SECRET, Syntax.OAUTH, Syntax.KEYTAR, Syntax.VAULT, Syntax.AWS}


@check(of=Server)
def expansion(_context: Context, server: Server) -> Iterator[Verdict]:
    """Are the references written right, and does something replace them?"""
    one = client(server.client)
    for field, wrong in _malformed(server):
        outcome = f"malformed-{wrong.mistake}"
        yield fail(outcome, "reference_malformed", field_name=field, meant=wrong.meant, client=one.name)
    for field in _sealed(server):
        yield fail("sealed", "credential_corrupted", field_name=field, client=one.name, reload=one.reload)
    ours = [each for each in server.references if each.syntax in _OURS]
    if not ours:
        return
    if server.launcher:
        yield ok("launched", count=len(ours))
        return
    facts = {
        "spelling": ours[0].shown,
        "field_name": ours[0].field,
        "client": one.name,
        "reload": one.reload,
    }
    if server.transport != "stdio" or server.command is None:
        yield warn("not-launched-remote", "env_placeholder_not_expanded", **facts)
        return
    command_line, args_line = wrapped_lines(server, one)
    yield warn(
        "not-launched",
        "env_placeholder_not_expanded",
        command_line=command_line,
        args_line=args_line,
        **facts,
    )


def wrapped_lines(server: Server, one: Client) -> tuple[str, str]:
    """The command of an entry, started through the launcher: two lines in its client's notation.

    An argument that may hold a credential stands there as `…`.
    """
    from diagnostics.tokens.masking import mask_tokens

    held = {each.field for each in server.references if each.syntax is Syntax.LITERAL}
    shown = [
        "…" if f"args[{number}]" in held or _CLOSE.search(arg.reveal()) else arg.reveal()
        for number, arg in enumerate(server.args)
    ]
    words = ", ".join(
        json.dumps(word, ensure_ascii=False)
        for word in ["run", "--", mask_tokens(server.command or ""), *shown]
    )
    names = one.fields
    if one.format == "yaml":
        return f"{names.command}: mcp-doctor", f"{names.args}: [{words}]"
    if one.format == "toml":
        return f'{names.command} = "mcp-doctor"', f"{names.args} = [{words}]"
    if names.command_is_list:
        return f'"{names.command}": ["mcp-doctor", {words}]', ""
    return f'"{names.command}": "mcp-doctor",', f'"{names.args}": [{words}]'


def _sealed(server: Server) -> Iterator[str]:
    """Fields that hold the cipher text of a secret instead of the secret."""
    from diagnostics.references import is_sealed

    values = [(f"args[{number}]", arg) for number, arg in enumerate(server.args)]
    values += [(f"env.{name}", value) for name, value in server.env.items()]
    values += [(f"headers.{name}", value) for name, value in server.headers.items()]
    yield from (field for field, value in values if is_sealed(value.reveal()))


def _malformed(server: Server) -> "Iterator[tuple[str, Malformed]]":
    from diagnostics.reference_syntax import find_malformed

    values = [("command", server.command or "")]
    values += [(f"args[{number}]", arg.reveal()) for number, arg in enumerate(server.args)]
    values += [(f"env.{name}", value.reveal()) for name, value in server.env.items()]
    values += [("url", server.url.reveal())] if server.url else []
    values += [(f"headers.{name}", value.reveal()) for name, value in server.headers.items()]
    for field, text in values:
        for wrong in find_malformed(text):
            yield field, wrong
