"""The files of a config that hold credentials in plain text: itself, and the env files that its servers read."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.configs.content import Content, read_text
from diagnostics.context import Context
from diagnostics.model import ClientFile, Problem, Status, Syntax
from diagnostics.plain.source import EnvFile, env_files_of, is_asked_about
from diagnostics.secret import Secret

if TYPE_CHECKING:
    from diagnostics.plain.held import Held


@dataclass(frozen=True, slots=True)
class Exposed:
    """A file, and how many credentials stand in it as they are."""

    path: Path
    count: int
    servers: tuple[str, ...]
    """The ids of the servers that get them."""


def literals(file: ClientFile) -> list[Secret]:
    """The credentials that a config's entries hold in plain text, each once."""
    found = (
        each.text for server in file.servers for each in server.references if each.syntax is Syntax.LITERAL
    )
    return list(dict.fromkeys(found))


def holders(file: ClientFile) -> tuple[str, ...]:
    """The ids of the servers whose entries hold them."""
    return tuple(
        server.id
        for server in file.servers
        if any(each.syntax is Syntax.LITERAL for each in server.references)
    )


def exposed(context: Context, file: ClientFile) -> list[Exposed]:
    """The config and its env files, those that hold credentials."""
    if file.status is Status.SKIP or not is_asked_about(context, file):
        return []
    own = Exposed(file.path, len(literals(file)), holders(file))
    named = [
        Exposed(each.path, len(held_in(context, each)), each.ids) for each in env_files_of(context, file)
    ]
    return [each for each in (own, *named) if each.count]


def held_in(context: Context, env_file: EnvFile) -> "list[Held]":
    """The credentials in an env file; none where it can't be read."""
    try:
        return read_held(context, env_file.path) or []
    except UnreadableError:
        return []


def read_held(context: Context, path: Path, names: set[str] | None = None) -> "list[Held] | None":
    """The credentials that a file of assignments sets, taught to the scrubber; None where it is not there.

    Raises:
        UnreadableError: it is there and can't be read.
    """
    from diagnostics.plain.held import held_by_assignments

    content = text_of(path)
    if content is None:
        return None
    found = held_by_assignments(content.text, names)
    for each in found:
        context.scrubber.learn(each.value)
    return found


class UnreadableError(Exception):
    """A file is there, but can't be read as text; the message says why."""


def text_of(path: Path) -> Content | None:
    """A file's text, None where there is none.

    Raises:
        UnreadableError: it is there and can't be read.
    """
    try:
        content = read_text(path)
    except (FileNotFoundError, ValueError):
        return None
    if isinstance(content, Problem):
        raise UnreadableError(f"{content.outcome} {content.detail}".strip())
    return content
