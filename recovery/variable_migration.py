"""How credentials that an env file or a shell's profile sets are moved into the keychain, as steps."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.catalog.clients import client
from diagnostics.context import SERVICE, Context
from diagnostics.model import Problem, Server
from diagnostics.plain.assigned_line import Dialect, NotPlainError, assigned_lines, dialect_of, may_set
from diagnostics.secret import Secret
from diagnostics.stores import StoreError
from recovery.model import Step


@dataclass(frozen=True, slots=True)
class Source:
    """A file of variables, and who gets them."""

    path: Path
    dialect: Dialect
    wanted: Mapping[str, tuple[str, ...]]
    """For each server's id: the variables it gets."""
    twins: tuple[Path, ...] = ()
    """Other files that set the same variables."""

    @property
    def variables(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(name for each in self.wanted.values() for name in each))


def with_all_servers(context: Context) -> Context:
    """The run as if it were about all servers: whoever else takes a variable must not lose it."""
    servers = [server for file in context.files for server in file.servers]
    return Context(context.host, context.options, context.files, servers, context.store)


def steps_for(source: Source, context: Context) -> tuple[Step, ...]:
    """Store, refer, take out. () where nothing can be said about the keychain, or an entry is not a person's own.

    What stands in the way otherwise is said by the steps' previews.
    """
    from recovery.entries import new_undo_id
    from recovery.steps.variable import StoreVariable, TakeOutVariables

    servers = [context.server(each) for each in source.wanted]
    if any(each.scope in {"managed", "extension"} or each.extension is not None for each in servers):
        return ()
    try:
        named = _names(source, servers, context)
    except (StoreError, OSError):
        return ()
    path, dialect, variables = str(source.path), source.dialect.value, tuple(named)
    usernames = tuple(named.values())
    steps: list[Step] = [
        StoreVariable(path, dialect, each, SERVICE, username, new_undo_id())
        for each, username in named.items()
    ]
    steps += _references(source, servers, context, named)
    steps.append(TakeOutVariables(path, dialect, variables, usernames, SERVICE, new_undo_id()))
    for twin in source.twins:
        own = _set_in(twin, variables)
        if own:
            names = tuple(named[each] for each in own)
            kind = dialect_of(twin).value
            steps.append(TakeOutVariables(str(twin), kind, own, names, SERVICE, new_undo_id()))
    return tuple(steps)


def _references(
    source: Source, servers: Sequence[Server], context: Context, named: Mapping[str, str]
) -> Iterable[Step]:
    """One step for each config."""
    from diagnostics.configs.client_file import notation_of
    from recovery.entries import new_undo_id
    from recovery.migration import launcher_for
    from recovery.steps.variable_reference import ReferToVariables

    by_file: dict[tuple[Path, str], list[Server]] = {}
    for each in servers:
        by_file.setdefault((each.path, each.client), []).append(each)
    for (path, client_id), own in by_file.items():
        one = client(client_id)
        notation = notation_of(path, one)
        yield ReferToVariables(
            str(path),
            notation,
            client_id,
            tuple(_way(each, notation, context) for each in own),
            tuple(each.name for each in own),
            tuple(launcher_for(one, each, context.host) for each in own),
            tuple(source.wanted[each.id] for each in own),
            tuple(named),
            tuple(named.values()),
            SERVICE,
            str(source.path),
            source.dialect.value,
            new_undo_id(),
        )


def _way(server: Server, notation: str, context: Context) -> tuple[str, ...]:
    """The way to the entry in its config; its name alone where it is not found, which the preview then says."""
    from diagnostics.configs.client_file import document_of
    from diagnostics.configs.content import read_text
    from diagnostics.configs.document import SyntaxProblem
    from diagnostics.configs.edit import entry_path

    try:
        content = read_text(server.path)
        if not isinstance(content, Problem):
            document = document_of(content.text, notation)
            one = client(server.client)
            found = entry_path(document, context.host, one, server.name, server.line, notation)
            return found or (server.name,)
    except (OSError, SyntaxProblem):
        pass
    return (server.name,)


def _names(source: Source, servers: Sequence[Server], context: Context) -> dict[str, str]:
    """For each variable the entry that is to hold it: one that does already, else a free name."""
    from recovery.migration import free_name

    kept = {each.account: each.secret for each in context.store.entries() if each.service == SERVICE}
    taken = set(kept)
    found: dict[str, str] = {}
    for variable in source.variables:
        value = _value(source, variable)
        name = re.sub(r"[^a-z0-9]+", "_", variable.lower()).strip("_")[:60] or "token"
        same = sorted(
            each for each, secret in kept.items() if secret == value and re.fullmatch(r"[\w.-]{1,60}", each)
        )
        if value is not None and same:
            found[variable] = name if name in same else same[0]
            continue
        found[variable] = name if name not in taken else free_name(name, servers[0], taken)
        taken.add(found[variable])
    return found


def _value(source: Source, variable: str) -> Secret | None:
    from diagnostics.plain.exposed import UnreadableError, text_of

    try:
        content = text_of(source.path)
        return assigned_lines(content.text, variable, source.dialect)[0].value if content else None
    except (UnreadableError, NotPlainError):
        return None


def _set_in(path: Path, variables: Sequence[str]) -> tuple[str, ...]:
    """Those of the variables that another file sets too."""
    from diagnostics.plain.exposed import UnreadableError, text_of

    try:
        content = text_of(path)
    except UnreadableError:
        return ()
    if content is None:
        return ()
    return tuple(each for each in variables if may_set(content.text, each, dialect_of(path)))
