"""What is configured on this host: every client's config files and the servers in them."""

import dataclasses
import difflib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from diagnostics.catalog.clients import GENERIC, Client, ConfigPlace, client, clients, find
from diagnostics.clients import installed
from diagnostics.configs.client_file import broken, is_config, read_client_file, with_outcome
from diagnostics.configs.content import present, read_text
from diagnostics.configs.location import paths_of
from diagnostics.configs.recognition import by_path
from diagnostics.context import Options
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.model import ClientFile, Problem, Server, Status
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

_INSTALLED_SECONDS = 15.0
"""Limit for everything that one client has beside its configs: extensions may be large."""
_STRENGTH = {"managed": 0, "local": 1, "project": 2, "user": 3, "extension": 4, "defaults": 5, "named": 6}
"""Of two entries of one name in one scope and the next, the first counts."""


class UnknownServerError(Exception):
    """A name fits no configured server; `near` are names it may have meant."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        self.name = mask_pasted(clean(name, 200))
        self.near = tuple(near)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        super().__init__(f'No configured server is called "{self.name}".{hint}')


class UnknownClientError(Exception):
    """`--client` names no client of the catalogue."""

    def __init__(self, name: str) -> None:
        self.name = clean(name, 200)
        known = ", ".join(each for each in clients() if each != GENERIC)
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
        found = list(_of_clients(host, chosen, by_name=only is not None))
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


def _named(host: Host, path: Path, only: Client | None) -> ClientFile:
    from diagnostics.bundles.reading import read_named

    whole = path if path.is_absolute() else host.cwd / path
    owner = only or by_path(whole)
    try:
        bundle = read_named(host, whole)
        if bundle is not None:
            return _openable(path, bundle)
        content = read_text(whole)
    except FileNotFoundError:
        raise ConfigFileError(path, "there is no such file") from None
    if isinstance(content, Problem):
        return _openable(path, broken(owner or client(GENERIC), whole, "named", content))
    return read_client_file(host, owner, whole, "named", content)


def _openable(path: Path, file: ClientFile) -> ClientFile:
    """The file, unless it could not even be opened."""
    for problem in file.problems:
        unopened = {
            "permission-denied": f"you may not read this file ({problem.detail})",
            "not-a-file": f"this is a {problem.detail}, not a file",
            "slow": f"it can't be read: no answer within {problem.detail} seconds",
            "unreadable": f"it can't be read: {problem.detail}",
        }
        if problem.outcome in unopened:
            raise ConfigFileError(path, unopened[problem.outcome])
    return file


def _of_clients(host: Host, chosen: Sequence[Client], *, by_name: bool) -> Iterator[ClientFile]:
    """In: `by_name`: the client was asked for, so that files count as well which are another client's own."""
    looked_at = [
        (one, [(place, paths_of(place, host)) for place in one.places if _counts(place, host, by_name)])
        for one in chosen
    ]
    there = present(path for _, places in looked_at for _, paths in places for path in paths)
    for one, places in looked_at:
        yield from _of_client(host, one, places, there)


def _counts(place: ConfigPlace, host: Host, by_name: bool) -> bool:
    return (by_name or not place.foreign) and not (place.unless and host.env.get(place.unless))


def _of_client(
    host: Host, one: Client, places: Sequence[tuple[ConfigPlace, Sequence[Path]]], there: Container[Path]
) -> Iterator[ClientFile]:
    files: list[ClientFile] = []
    apart: list[ClientFile] = []
    absent: list[ClientFile] = []
    seen: set[Path] = set()
    users = {path for place, paths in places if place.scope == "user" for path in paths}
    for place, paths in places:
        read: Path | None = None
        for path in paths:
            # In the home, a project's file is where the user's is: it is the user's.
            if path in seen or (place.project and path in users):
                continue
            if path not in there:
                if place.scope == "user":
                    absent.append(ClientFile(one.id, path, place.scope, Status.SKIP))
                if not (place.every or place.fallback):
                    read = read or path
                continue
            seen.add(path)
            if read is not None and not place.every:
                facts = {"read": str(read), "why": place.why}
                problem = Problem("ignored-place", "config_ignored", "", fatal=False, facts=facts)
                files.append(ClientFile(one.id, path, place.scope, Status.WARN, (problem,)))
                continue
            if place.every and not is_config(path):
                continue
            read = path
            (apart if place.apart else files).append(_placed(host, one, path, place.scope))
    managed = next((each for each in files if each.scope == "managed"), None)
    yield from _managed_only([*files, *apart], managed) if managed and one.managed_only else _in_force(files)
    if not (managed and one.managed_only):
        yield from apart
    if not any(each.scope == "user" for each in (*files, *apart)):
        yield from absent[:1]
    try:
        yield from on_disk(lambda: list(installed(host, one, [*files, *apart])), _INSTALLED_SECONDS)
    except DeadlineError as error:
        problem = Problem("slow", "config_unreadable", f"{error.seconds:g}")
        yield broken(one, users.pop() if users else host.home, "extension", problem)


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
        yield with_outcome(file, [*file.problems, *hidden], kept)


def _managed_only(files: Sequence[ClientFile], managed: ClientFile) -> Iterator[ClientFile]:
    """The organisation's file as it is, the others without any effect."""
    for file in files:
        if file is managed or not file.servers:
            yield file
        else:
            facts = {"by": str(managed.path)}
            problem = Problem("managed-only", "config_ignored", "", fatal=False, facts=facts)
            yield with_outcome(file, [*(each for each in file.problems if not each.server), problem], [])


def _placed(host: Host, one: Client, path: Path, scope: str) -> ClientFile:
    try:
        content = read_text(path)
    except FileNotFoundError:
        if path.is_symlink():
            return broken(one, path, scope, Problem("dangling-link", "config_unreadable", ""))
        return ClientFile(one.id, path, scope, Status.SKIP)
    if isinstance(content, Problem):
        return broken(one, path, scope, content)
    return read_client_file(host, one, path, scope, content)


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
