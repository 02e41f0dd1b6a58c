"""The MCP clients: where each keeps its servers, in which notation, and what it makes of placeholders.

One file `clients/<id>.toml` a client, held against `schema/client.schema.json` by a test. What is not
established stands as `unknown` there, and checks say so instead of guessing.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from diagnostics.catalog import names, read

GENERIC = "generic"
"""The id of a file whose client can't be told: the common notation, nothing assumed about placeholders."""


@dataclass(frozen=True, slots=True)
class ConfigPlace:
    """One place where a client looks for a config."""

    scope: str
    """`user`, `project` or `managed`."""
    paths: Mapping[str, Sequence[str]]
    """By system: path templates, the one that counts first (`~`, `${VAR:-default}`, `*`)."""
    project: str | None = None
    """A project file: its path below the project's root."""
    upward: bool = True
    """Whether the project's root is looked for above the working directory as well."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """The placeholders that a client replaces before the server sees them."""

    forms: frozenset[str] = frozenset()
    """`${VAR}`, `${VAR:-default}`, `$VAR`, `%VAR%`, `${env:VAR}`, `{env:VAR}`, `${input:id}`, `${user_config.key}`."""
    fields: frozenset[str] = frozenset()
    """Among command, args, env, url, headers."""
    unset: Mapping[str, str] = field(default_factory=dict)
    """By field (`*` the rest): what an unset variable gives: `literal`, `empty`, `error` or `unknown`."""
    predefined: frozenset[str] = frozenset()
    """Names the client fills itself (`workspaceFolder`); no credential comes this way."""

    def expands(self, form: str, where: str) -> bool:
        """Whether a placeholder of this form is replaced in this kind of field (`env`, `args`, ...)."""
        return form in self.forms and where in self.fields

    def when_unset(self, where: str) -> str:
        """What the server gets for an unset variable in this kind of field."""
        return self.unset.get(where, self.unset.get("*", "unknown"))


@dataclass(frozen=True, slots=True)
class Inheritance:
    """Which variables of the client's own environment reach a stdio server."""

    passes: str = "unknown"
    """`all`, `allowed` (only `allow`), `filtered` (all but `deny`), or `unknown`."""
    allow: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By system, upper-case."""
    deny: tuple[str, ...] = ()
    """Patterns of names (`*TOKEN*`), upper-case."""
    desktop: bool = False
    """Started from a desktop, so that the exports of a shell's profile may be missing altogether."""

    def lets_through(self, variable: str, system: str) -> bool | None:
        """Whether the variable reaches the server; None where it is not established."""
        name = variable.upper()
        match self.passes:
            case "all":
                return True
            case "allowed":
                return name in self.allow.get(system, frozenset())
            case "filtered":
                return not any(fnmatch.fnmatchcase(name, pattern) for pattern in self.deny)
            case _:
                return None

    def handed_on(self, env: Mapping[str, str], system: str) -> dict[str, str]:
        """What a stdio server gets of the client's environment, beside its entry's own; all, where not established."""
        return {name: value for name, value in env.items() if self.lets_through(name, system) is not False}


@dataclass(frozen=True, slots=True)
class Fields:
    """What a client calls the parts of a server's entry, and which values it takes there."""

    command: str = "command"
    command_is_list: bool = False
    """The command and its arguments stand in one list."""
    optional_command: bool = False
    """An entry may have neither command nor address (it only configures an extension's server)."""
    args: str = "args"
    env: str = "env"
    env_names: str | None = None
    """Variables handed on by name."""
    env_file: str | None = None
    cwd: str = "cwd"
    headers: str = "headers"
    env_headers: str | None = None
    """Headers whose value is the name of a variable."""
    bearer_env: str | None = None
    """The variable that holds the bearer token."""
    urls: Mapping[str, str] = field(default_factory=lambda: {"url": "http"})
    """The field with the address -> the transport it means where no type is given; `""` = a type is needed."""
    remote: bool = True
    """Servers with an address are started from this file at all."""
    type: str = "type"
    disabled: str | None = "disabled"
    enabled: str | None = None
    rejected: Mapping[str, str] = field(default_factory=dict)
    """Fields that make the client drop the entry -> the field to use instead."""
    null_env: bool = False
    """null as an environment value is allowed (it removes the variable)."""
    number_env: bool = False
    """Numbers as environment values are allowed."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client, as its catalogue entry says."""

    id: str
    name: str
    format: str
    """`json` or `toml`."""
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
    places: Sequence[ConfigPlace]
    fields: Fields
    expansion: Expansion
    inheritance: Inheritance
    logs: Mapping[str, Sequence[str]]
    """By system: patterns of log files."""
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
        places=tuple(_place(each) for each in row.get("file", ())),
        fields=Fields(**row.get("fields", {})),
        expansion=_expansion(row.get("expansion", {})),
        inheritance=_inheritance(row.get("environment", {})),
        logs=_by_system(row.get("logs", {})),
        aliases=frozenset(row.get("aliases", ())),
        file_names=tuple(row.get("file_names", ())),
        reload=row.get("reload", ""),
    )


def _place(row: Mapping[str, Any]) -> ConfigPlace:
    paths = {key: value for key, value in row.items() if key not in {"scope", "project", "upward"}}
    return ConfigPlace(row["scope"], _by_system(paths), row.get("project"), row.get("upward", True))


def _by_system(row: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """`all` stands for every system; a single text for a list of one."""
    lists = {key: tuple([value] if isinstance(value, str) else value) for key, value in row.items()}
    everywhere = lists.pop("all", ())
    return {system: lists.get(system, everywhere) for system in ("linux", "macos", "windows")}


def _expansion(row: Mapping[str, Any]) -> Expansion:
    unset = row.get("unset", "unknown")
    return Expansion(
        forms=frozenset(row.get("forms", ())),
        fields=frozenset(row.get("fields", ())),
        unset={"*": unset} if isinstance(unset, str) else dict(unset),
        predefined=frozenset(row.get("predefined", ())),
    )


def _inheritance(row: Mapping[str, Any]) -> Inheritance:
    allow = {system: frozenset(listed) for system, listed in _by_system(row.get("allow", {})).items()}
    return Inheritance(
        passes=row.get("passes", "unknown"),
        allow=allow,
        deny=tuple(row.get("deny", ())),
        desktop=row.get("desktop", False),
    )
