"""What is configured on this host: every client's config files and the servers in them."""

import dataclasses
import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.catalog.clients import Client, client, clients, find
from diagnostics.configs.content import Content, read_text
from diagnostics.configs.document import Document, SyntaxProblem
from diagnostics.configs.document import Path as KeyPath
from diagnostics.configs.entry import EntryReader
from diagnostics.configs.json_document import JsonDocument
from diagnostics.configs.location import paths_of, upward
from diagnostics.configs.recognition import by_content, by_path
from diagnostics.configs.toml_document import TomlDocument
from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import ClientFile, Problem, Server, Status
from diagnostics.references import with_references
from diagnostics.text import clean

_ELSEWHERE = (
    ("mcpServers",),
    ("servers",),
    ("mcp", "servers"),
    ("mcp_servers",),
    ("context_servers",),
    ("mcp",),
)
"""Where other clients keep their servers; a file with another client's key is a common mistake."""


class UnknownServerError(Exception):
    """A name fits no configured server; `near` are names it may have meant."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        self.name = clean(name, 200)
        self.near = tuple(near)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        super().__init__(f'No configured server is called "{self.name}".{hint}')


class UnknownClientError(Exception):
    """`--client` names no client of the catalogue."""

    def __init__(self, name: str) -> None:
        self.name = clean(name, 200)
        known = ", ".join(each for each in clients() if each != "generic")
        super().__init__(f'No client is called "{self.name}". Known clients: {known}.')


class ConfigFileError(Exception):
    """A file named with `--config` can't be opened (missing, a folder, no permission)."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(f"{clean(str(path))}: {why}")


def discover(host: Host, options: Options) -> list[ClientFile]:
    """Every client's config files on this host, or just those named with `--config`.

    Out: files that are there, broken ones included, and for each client the user's file even when absent (status
    `skip`). No content of a file makes it raise.

    Raises:
        UnknownClientError: `options.client` names no client.
        ConfigFileError: a file of `options.config` can't be opened.
    """
    only = None
    if options.client is not None:
        only = find(options.client)
        if only is None:
            raise UnknownClientError(options.client)
    if options.config:
        found = [_named(host, path, only) for path in dict.fromkeys(options.config)]
    else:
        chosen = [only] if only else list(clients().values())
        found = [file for each in chosen for file in _of_client(host, each)]
    return _unique(found)


def choose(files: Sequence[ClientFile], names: Sequence[str]) -> list[Server]:
    """The servers with these names (whatever the case) or ids (`client:name`), all of them without a name.

    Raises:
        UnknownServerError: a name fits none.
    """
    servers = [server for file in files for server in file.servers]
    if not names:
        return servers
    chosen: dict[str, Server] = {}
    for name in names:
        wanted = name.casefold()
        fitting = [each for each in servers if wanted in {each.name.casefold(), each.id.casefold()}]
        if not fitting:
            known = sorted({each.name for each in servers})
            raise UnknownServerError(name, difflib.get_close_matches(name, known, n=3, cutoff=0.5))
        chosen |= {each.id: each for each in fitting}
    return [each for each in servers if each.id in chosen]


_STRENGTH = {"managed": 0, "local": 1, "project": 2, "user": 3, "named": 4}


def _named(host: Host, path: Path, only: Client | None) -> ClientFile:
    whole = path if path.is_absolute() else host.cwd / path
    owner = only or by_path(whole)
    try:
        content = read_text(whole)
    except FileNotFoundError:
        raise ConfigFileError(path, "there is no such file") from None
    if isinstance(content, Problem):
        unopened = {
            "permission-denied": f"you may not read this file ({content.detail})",
            "not-a-file": f"this is a {content.detail}, not a file",
            "slow": f"it can't be read: no answer within {content.detail} seconds",
            "unreadable": f"it can't be read: {content.detail}",
        }
        if content.outcome in unopened:
            raise ConfigFileError(path, unopened[content.outcome])
        return _broken(owner or client("generic"), whole, "named", content)
    return _read(host, owner, whole, "named", content)


def _of_client(host: Host, one: Client) -> Iterator[ClientFile]:
    files: list[ClientFile] = []
    for place in one.places:
        read: Path | None = None
        for path in paths_of(place, host):
            if any(each.path == path for each in files):
                continue
            file = _placed(host, one, path, place.scope)
            if read is not None:
                if file.status is not Status.SKIP:
                    problem = Problem(
                        "ignored-place", "config_ignored", "", fatal=False, facts={"read": str(read)}
                    )
                    files.append(ClientFile(one.id, path, place.scope, Status.WARN, (problem,)))
                continue
            read = path
            if file.status is not Status.SKIP or place.scope == "user":
                files.append(file)
    present = [each for each in files if each.status is not Status.SKIP]
    yield from _in_force(present)
    if not any(each.scope == "user" for each in present):
        yield from [each for each in files if each.status is Status.SKIP][:1]


def _in_force(files: Sequence[ClientFile]) -> Iterator[ClientFile]:
    """The files with only those entries that count: an entry in a stronger scope hides its namesake."""
    strongest: dict[str, Server] = {}
    for server in sorted(
        (each for file in files for each in file.servers), key=lambda each: _STRENGTH[each.scope]
    ):
        strongest.setdefault(server.name, server)
    for file in files:
        hidden = [
            Problem(
                "hidden-entry", "config_ignored", server.name, server.line, fatal=False,
                facts={"by": str(strongest[server.name].path)},
            )
            for server in file.servers
            if strongest[server.name] is not server
        ]  # fmt: skip
        kept = [server for server in file.servers if strongest[server.name] is server]
        yield _file(file, [*file.problems, *hidden], kept)


def _placed(host: Host, one: Client, path: Path, scope: str) -> ClientFile:
    try:
        content = read_text(path)
    except FileNotFoundError:
        if path.is_symlink():
            return _broken(one, path, scope, Problem("dangling-link", "config_unreadable", ""))
        return ClientFile(one.id, path, scope, Status.SKIP)
    if isinstance(content, Problem):
        return _broken(one, path, scope, content)
    return _read(host, one, path, scope, content)


def _broken(one: Client, path: Path, scope: str, problem: Problem) -> ClientFile:
    return ClientFile(one.id, path, scope, Status.FAIL, (problem,))


def _read(host: Host, owner: Client | None, path: Path, scope: str, content: Content) -> ClientFile:
    is_toml = owner.format == "toml" if owner else path.suffix.casefold() == ".toml"
    try:
        document: JsonDocument | TomlDocument = (
            TomlDocument(content.text) if is_toml else JsonDocument(content.text)
        )
    except SyntaxProblem as error:
        guessed = owner or client("codex" if is_toml else "generic")
        return _broken(guessed, path, scope, error.problem)
    one = owner or by_content(document.data, path)
    problems = list(_notation(one, document, content))
    servers: dict[str, Server] = {}
    for way, table in _tables(host, one, document, problems):
        problems += [
            Problem(
                "repeated-server", "config_schema_error", clean(key, 100), last, fatal=False,
                facts={"first": str(first), "last": str(last)},
            )
            for key, first, last in document.repeated(way)
        ]  # fmt: skip
        for key, row in table.items():
            name = clean(key, 200)
            if name in servers:
                continue
            reader = EntryReader(
                one, document, path, (*way, key), f"{one.id}:{name}", name, row,
                scope="local" if "{cwd}" in one.servers[0] and way[0] == one.servers[0][0] else scope,
            )  # fmt: skip
            servers[name] = with_references(reader.read(), one)
            problems += reader.problems
    return _file(ClientFile(one.id, path, scope, Status.OK), problems, list(servers.values()))


def _file(file: ClientFile, problems: Sequence[Problem], servers: Sequence[Server]) -> ClientFile:
    """The file with these problems and servers, and the status that follows; an entry's problem is its own."""
    own = [each for each in problems if each.server is None]
    status = Status.FAIL if any(each.fatal for each in own) else Status.WARN if own else Status.OK
    return dataclasses.replace(file, status=status, problems=tuple(problems), servers=tuple(servers))


def _notation(one: Client, document: Document, content: Content) -> Iterator[Problem]:
    """What the client's own parser makes of marks that ours forgives."""
    if content.has_bom and one.bom != "accepted":
        yield _forgiven("byte-order-mark", "config_bom", one.bom, (1, 1))
    if isinstance(document, JsonDocument):
        if document.comment and one.comments != "accepted":
            yield _forgiven("comment", "config_syntax_error", one.comments, document.comment)
        if document.trailing_comma and one.trailing_commas != "accepted":
            yield _forgiven(
                "trailing-comma", "config_syntax_error", one.trailing_commas, document.trailing_comma
            )


def _forgiven(what: str, cause: str, attitude: str, place: tuple[int, int]) -> Problem:
    """`rejected`: the client drops the file; `unknown`: some versions may."""
    outcome = what if attitude == "rejected" else f"{what}-perhaps"
    return Problem(outcome, cause, "", *place, fatal=attitude == "rejected")


def _tables(
    host: Host, one: Client, document: Document, problems: list[Problem]
) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The tables of servers and the ways to them. Looks where other clients keep theirs when its own are missing."""
    found = [
        (way, said)
        for template in one.servers
        for way in _ways(template, host)
        if (said := _at(document.data, way)) is not None
    ]
    yield from _strays(one, document, problems, others=[way for way, _ in found])
    for way, said in found:
        if isinstance(said, dict):
            yield way, said
        elif said != []:
            # VS Code users write a list of {name, ...}: no client reads it, but the person means those servers.
            named = said if isinstance(said, list) else []
            yield (
                way,
                {row["name"]: row for row in named if isinstance(row, dict) and _is_text(row.get("name"))},
            )
            problems.append(
                Problem(
                    "servers-not-a-map", "config_schema_error", ".".join(way), document.line_of(way),
                    facts={"expected": ".".join(one.servers[-1])},
                )
            )  # fmt: skip


def _strays(
    one: Client, document: Document, problems: list[Problem], others: Sequence[KeyPath]
) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Servers where this client does not look; with none where it does, that is the mistake to mend."""
    expected = ".".join(one.servers[-1])
    own = {tuple(way) for way in one.servers} | set(others)
    for way in (*_ELSEWHERE, *(() if others else ((),))):
        if way in own:
            continue
        said = _at(document.data, way)
        if isinstance(said, dict) and said and any(_like_an_entry(each) for each in said.values()):
            outcome = "no-key" if not way else "wrong-key-too" if others else "wrong-key"
            line = document.line_of(way) if way else 1
            facts = {"expected": expected}
            problems.append(
                Problem(outcome, "config_schema_error", ".".join(way), line, fatal=not others, facts=facts)
            )
            yield way, said
            return


def _like_an_entry(row: object) -> bool:
    return isinstance(row, dict) and any(key in row for key in ("command", "url", "httpUrl", "serverUrl"))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _ways(template: Sequence[str], host: Host) -> list[KeyPath]:
    """`{cwd}` as the working directory and the folders above it, in both spellings of Windows."""
    if "{cwd}" not in template:
        return [tuple(template)]
    spellings = dict.fromkeys(text for folder in upward(host) for text in (str(folder), folder.as_posix()))
    return [tuple(text if key == "{cwd}" else key for key in template) for text in spellings]


def _at(data: Mapping[str, Any], way: KeyPath) -> Any:
    said: Any = data
    for key in way:
        if not isinstance(said, dict) or key not in said:
            return None
        said = said[key]
    return said


def _unique(files: Iterable[ClientFile]) -> list[ClientFile]:
    """Ids made unique by a number where several named files hold the same name."""
    seen: dict[str, int] = {}
    result = []
    for file in files:
        renamed: dict[str, str] = {}
        for server in file.servers:
            seen[server.id] = seen.get(server.id, 0) + 1
            if seen[server.id] > 1:
                renamed[server.id] = f"{server.id}#{seen[server.id]}"
        result.append(_renamed(file, renamed) if renamed else file)
    return result


def _renamed(file: ClientFile, names: Mapping[str, str]) -> ClientFile:
    servers = tuple(
        dataclasses.replace(
            server,
            id=names.get(server.id, server.id),
            references=tuple(
                dataclasses.replace(each, server_id=names.get(server.id, server.id))
                for each in server.references
            ),
        )
        for server in file.servers
    )
    problems = tuple(
        dataclasses.replace(each, server=names.get(each.server, each.server)) if each.server else each
        for each in file.problems
    )
    return dataclasses.replace(file, servers=servers, problems=problems)
