"""The MCP clients: where each keeps its servers, in which notation, and what it makes of placeholders.

One file `clients/<id>.toml` a client, held against `schema/client.schema.json` by a test. What is not
established stands as `unknown` there, and checks say so instead of guessing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from diagnostics.catalog import names, read
from diagnostics.catalog.client_rules import Expansion, Fields, Inheritance, Logs, Restriction, Timeout
from diagnostics.catalog.token_places import TokenPlace, token_place

GENERIC = "generic"
"""The id of a file whose client can't be told: the common notation, nothing assumed about placeholders."""


@dataclass(frozen=True, slots=True)
class ConfigPlace:
    """One place where a client looks for a config."""

    scope: str
    """`managed`, `project`, `user`, `extension` (of the client) or `defaults` (of the organisation)."""
    paths: Mapping[str, Sequence[str]]
    """By system: path templates, the one that counts first (`~`, `${VAR:-default}`, `*`)."""
    project: Sequence[str] = ()
    """Project files: their paths below the project's root, the one that counts first."""
    upward: bool = True
    """Whether the project's root is looked for above the working directory as well."""
    every: bool = False
    """All the files count that the templates match, not just the first."""
    fallback: bool = False
    """A later template counts where the files of the earlier ones are absent."""
    apart: bool = False
    """Another program's or profile's copy: its entries neither hide nor are hidden by others."""
    foreign: bool = False
    """The file is another client's own, which this one reads as well: looked at when it is asked for by name."""
    unless: str | None = None
    """The variable that, when set, makes the client pass this place by."""
    why: str = ""
    """Why files in later templates are not read, as a sentence."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client, as its catalogue entry says."""

    id: str
    name: str
    format: str
    """`json`, `toml`, `yaml` or `xml`; a file whose name ends in another of them is read as that."""
    comments: str
    """In JSON: `accepted`, `rejected` (the file is dropped) or `unknown`; so are the next two."""
    trailing_commas: str
    bom: str
    strict: bool
    """A value of the wrong type makes it drop the entry (known); otherwise that is not established."""
    managed_only: bool
    """Where the organisation's file exists, no other counts."""
    servers: Sequence[Sequence[str]]
    """Ways to the servers, keys from the top, what wins first; `{cwd}` stands for the project's path."""
    servers_are_listed: bool
    """In YAML the servers stand in a list and have a `name`."""
    wrapper_on_windows: bool
    """On Windows, commands that are scripts (npx) have to be started by way of `cmd /c`."""
    places: Sequence[ConfigPlace]
    fields: Fields
    expansion: Expansion
    inheritance: Inheritance
    logs: "Logs"
    """What it writes down about its servers."""
    tokens: Sequence[TokenPlace]
    """Where it keeps the logins of its remote servers; none where that is not established."""
    aliases: frozenset[str]
    file_names: Sequence[str]
    """Ends of paths that give this client away (`.cursor/mcp.json`)."""
    reload: str
    """What makes the client read its config again."""


@cache
def clients() -> Mapping[str, Client]:
    """All clients by id, the generic one last."""
    found = {each: _client(each, read(f"clients/{each}.toml")) for each in names("clients")}
    generic = found.pop(GENERIC)
    return {**found, GENERIC: generic}


def client(client_id: str) -> Client:
    """The client with this id; the generic one where there is none."""
    return clients().get(client_id) or clients()[GENERIC]


def find(name: str) -> Client | None:
    """The client a person means: by id, name or alias, whatever the case and the separators."""
    wanted = _plain(name)
    for each in clients().values():
        if wanted in {_plain(each.id), _plain(each.name), *map(_plain, each.aliases)}:
            return each
    return None


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _client(client_id: str, row: Mapping[str, Any]) -> Client:
    return Client(
        id=client_id,
        name=row["name"],
        format=row["format"],
        comments=row.get("comments", "unknown"),
        trailing_commas=row.get("trailing_commas", "unknown"),
        bom=row.get("bom", "unknown"),
        strict=row.get("strict", False),
        managed_only=row.get("managed_only", False),
        servers=tuple(tuple(each) for each in row["servers"]),
        servers_are_listed=row.get("servers_are_listed", False),
        wrapper_on_windows=row.get("wrapper_on_windows", False),
        places=tuple(_place(each) for each in row.get("file", ())),
        fields=_fields(row.get("fields", {})),
        expansion=_expansion(row.get("expansion", {})),
        inheritance=_inheritance(row.get("environment", {})),
        logs=_logs(row.get("logs", {})),
        tokens=tuple(map(token_place, row.get("tokens", ()))),
        aliases=frozenset(row.get("aliases", ())),
        file_names=tuple(row.get("file_names", ())),
        reload=row.get("reload", ""),
    )


def _place(row: Mapping[str, Any]) -> ConfigPlace:
    paths = {key: value for key, value in row.items() if key in {"linux", "macos", "windows", "all"}}
    rest = {key: value for key, value in row.items() if key not in {*paths, "project"}}
    project = row.get("project", ())
    listed = (project,) if isinstance(project, str) else tuple(project)
    return ConfigPlace(paths=_by_system(paths), project=listed, **rest)


def _fields(row: Mapping[str, Any]) -> Fields:
    special: dict[str, Any] = {}
    if "timeout" in row:
        special["timeout"] = Timeout(**row["timeout"])
    if "other_types" in row:
        special["other_types"] = frozenset(row["other_types"])
    return Fields(**{**row, **special})


def _by_system(row: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """`all` stands for every system; a single text for a list of one."""
    lists = {key: tuple([value] if isinstance(value, str) else value) for key, value in row.items()}
    everywhere = lists.pop("all", ())
    return {system: lists.get(system, everywhere) for system in ("linux", "macos", "windows")}


def _logs(row: Mapping[str, Any]) -> Logs:
    paths = {key: value for key, value in row.items() if key in {"linux", "macos", "windows", "all"}}
    json = row.get("json", {})
    return Logs(
        paths=_by_system(paths),
        server_in_path=row.get("server_in_path"),
        line=row.get("line"),
        json_text=tuple(json.get("text", ())),
        json_at=json.get("at", "timestamp"),
        rewrites_config=row.get("rewrites_config", False),
    )


def _expansion(row: Mapping[str, Any]) -> Expansion:
    unset = row.get("unset", "unknown")
    sets = {key: _sets(row.get(key, {})) for key in ("only", "systems", "formats")}
    return Expansion(
        forms=frozenset(row.get("forms", ())),
        fields=frozenset(row.get("fields", ())),
        unset={"*": unset} if isinstance(unset, str) else dict(unset),
        predefined=frozenset(row.get("predefined", ())),
        established=row.get("established", True),
        env_files=tuple(row.get("env_files", ())),
        only_env_files=row.get("only_env_files", False),
        approved=tuple(row.get("approved", ())),
        **sets,
    )


def _sets(row: Mapping[str, Sequence[str]]) -> Mapping[str, frozenset[str]]:
    return {key: frozenset(listed) for key, listed in row.items()}


def _inheritance(row: Mapping[str, Any]) -> Inheritance:
    narrower = row.get("restricted")
    return Inheritance(
        passes=row.get("passes", "unknown"),
        allow=_sets(_by_system(row.get("allow", {}))),
        deny=tuple(row.get("deny", ())),
        deny_values=tuple(row.get("deny_values", ())),
        desktop=row.get("desktop", False),
        overrides_entry=row.get("overrides_entry", False),
        restricted=None
        if narrower is None
        else Restriction(narrower["when"], narrower.get("unless", {}), _sets(_by_system(narrower["allow"]))),
    )
