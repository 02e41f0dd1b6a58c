"""Where in a server's entry a connection URL stands, with its references replaced by what they stand for."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnostics.client_variables import variable_of
from diagnostics.connections.connection import Connection, passwords_in, read_connection
from diagnostics.connections.kind import Kind, kind_named, kind_of_scheme, scheme_of
from diagnostics.context import Context
from diagnostics.model import Reference, Server, Syntax
from diagnostics.reference_syntax import find_references
from diagnostics.references import unwrap
from diagnostics.secret import Secret
from diagnostics.servers.resolve import substitute

if TYPE_CHECKING:
    from diagnostics.connections.flaw import Setting

_CONTAINER_TOOLS = {"docker", "podman", "nerdctl"}
_OPTION = re.compile(r"(--?[A-Za-z][\w.-]*|[A-Za-z_]\w*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A connection URL in a server's entry."""

    field: str
    """As references spell it: `args[2]`, `env.DATABASE_URL`."""
    text: Secret = dataclasses.field(repr=False)
    """As the server gets it, as far as that can be told."""
    connection: Connection
    setting: "Setting"
    is_whole_reference: bool
    """Whether the whole text is kept elsewhere, so that the checks of the value itself say what is wrong around it."""
    has_stand_in: bool
    """Whether the reference checks already say that an example's stand-in is in it."""


def places(context: Context, server: Server) -> list[Place]:
    """Every connection URL of a server's entry. Those whose references have no value (yet) are left out."""
    return list(_places(context, server))


def in_container(server: Server) -> bool:
    """Whether the server runs in a container whose `localhost` is its own."""
    inner = unwrap(server)
    words = [each.reveal() for each in inner.args]
    program = re.split(r"[/\\]", inner.command or "")[-1].removesuffix(".exe")
    if program not in _CONTAINER_TOOLS or "run" not in words:
        return False
    joined = " ".join(words)
    return not re.search(r"--net(?:work)?[= ]host\b", joined)


def _places(context: Context, server: Server) -> Iterator[Place]:
    before = ""
    for number, arg in enumerate(server.args):
        word = arg.reveal()
        found = _OPTION.fullmatch(word)
        if found and not scheme_of(word):
            yield from _place(context, server, f"args[{number}]", found[1], found[2])
        else:
            yield from _place(context, server, f"args[{number}]", before, word)
        before = word if word.startswith("-") else ""
    for name, value in server.env.items():
        yield from _place(context, server, f"env.{name}", name, value.reveal())


def _place(context: Context, server: Server, where: str, name: str, text: str) -> Iterator[Place]:
    named = kind_named(name) if name else None
    scheme = scheme_of(text)
    if not named and not (scheme and kind_of_scheme(scheme)) and not _may_be_kept(text):
        return
    references = [each for each in server.references if each.field == where and each.spelling]
    values: dict[str, Secret] = {}
    for reference in references:
        value = _value(context, server, reference, named)
        if value is None:
            return
        values[reference.spelling] = value
    is_whole = len(references) == 1 and text.strip() == references[0].spelling
    given = substitute(text, values) if values else text
    connection = read_connection(given, named)
    if connection is None:
        return
    for secret in passwords_in(given):
        context.scrubber.learn(secret)
    from diagnostics.connections.flaw import Setting

    stands_in = any(each.field == where and each.syntax is Syntax.PLACEHOLDER for each in server.references)
    setting = Setting(
        in_container=in_container(server),
        has_password_elsewhere=_has_password(context, server, connection.kind),
        is_stored=bool(values) or not find_references(text),
    )
    yield Place(where, Secret(given), connection, setting, is_whole, stands_in)


def _may_be_kept(text: str) -> bool:
    """Whether the whole text is one reference, behind which a connection URL may be kept."""
    found = find_references(text.strip())
    return len(found) == 1 and (found[0].start, found[0].end) == (0, len(text.strip()))


def _value(context: Context, server: Server, reference: Reference, named: Kind | None) -> Secret | None:
    """What a reference stands for. A plain variable is looked at without teaching the scrubber `${HOME}`."""
    if reference.syntax is Syntax.ENV and reference.name and named is None:
        value = variable_of(reference, server, context.host)
        return Secret(value) if value is not None else reference.default
    return context.value_of(reference)


def _has_password(context: Context, server: Server, kind: Kind) -> bool:
    return any(name in server.env or name in context.host.env for name in kind.password_env) or (
        kind.id == "postgres_url" and (context.host.home / ".pgpass").exists()
    )
