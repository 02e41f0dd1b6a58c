"""The MCP clients: where each keeps its servers, in which notation, and what it makes of placeholders.

One file `clients/<id>.toml` a client, held against `schema/client.schema.json` by a test. What is not
established stands as `unknown` there, and checks say so instead of guessing.
"""

import dataclasses
import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from diagnostics.catalog import names, read
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
class Expansion:
    """The placeholders that a client replaces before the server sees them."""

    forms: frozenset[str] = frozenset()
    """As in the schema: `${VAR}`, `${VAR:-default}`, `$VAR`, `%VAR%`, `${env:VAR}`, `{env:VAR}`, `${input:id}`, ..."""
    fields: frozenset[str] = frozenset()
    """Among command, args, env, url, headers."""
    unset: Mapping[str, str] = field(default_factory=dict)
    """By field (`*` the rest): what an unset variable gives: `literal`, `empty`, `error` or `unknown`."""
    predefined: frozenset[str] = frozenset()
    """Names the client fills itself (`workspaceFolder`); no credential comes this way."""
    established: bool = True
    """Whether it is known that forms which are not listed are left as they are."""
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Form -> fields, where a form is replaced in fewer of them."""
    systems: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Form -> systems, where a form is replaced on some only."""
    formats: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Form -> formats of files, where a form is replaced in some only."""
    env_files: Sequence[str] = ()
    """Files with variables that are looked at before the environment: below the project, or path templates."""
    only_env_files: bool = False
    """The environment itself is not looked at."""
    approved: Sequence[Mapping[str, str]] = ()
    """Settings that list the names it may replace: `path` (a template) and `key`. None: it replaces all."""

    def expands(self, form: str, where: str, system: str = "", notation: str = "") -> bool:
        """Whether a placeholder of this form is replaced in this kind of field (`env`, `args`, ...).

        In: `system` and `notation` (`json`, `yaml`, ...) where they are known; left out, any will do.
        """
        return (
            form in self.forms
            and where in self.only.get(form, self.fields)
            and (not system or system in self.systems.get(form, {system}))
            and (not notation or notation in self.formats.get(form, {notation}))
        )

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
    deny_values: tuple[str, ...] = ()
    """Regular expressions: a variable whose value one of them finds is kept back, whatever its name."""
    desktop: bool = False
    """Started from a desktop, so that the exports of a shell's profile may be missing altogether."""
    overrides_entry: bool = False
    """What the client inherited is laid over the entry's own `env`."""
    restricted: "Restriction | None" = None
    """A way of running it in which only a few variables pass."""

    def under(self, env: Mapping[str, str]) -> "Inheritance":
        """The rules that hold for a client that runs in this environment."""
        narrower = self.restricted
        if narrower is None or not narrower.holds(env):
            return self
        return dataclasses.replace(self, passes="allowed", allow=narrower.allow, deny=(), deny_values=())

    def lets_through(self, variable: str, system: str, value: str = "") -> bool | None:
        """Whether the variable reaches the server; None where it is not established. In: its value, where known."""
        name = variable.upper()
        match self.passes:
            case "all":
                return True
            case "allowed":
                return name in self.allow.get(system, frozenset())
            case "filtered":
                by_name = any(fnmatch.fnmatchcase(name, pattern) for pattern in self.deny)
                return not by_name and not any(re.search(each, value) for each in self.deny_values)
            case _:
                return None

    def handed_on(self, env: Mapping[str, str], system: str) -> dict[str, str]:
        """What a stdio server gets of the client's environment, beside its entry's own; all, where not established."""
        rules = self.under(env)
        return {
            name: value for name, value in env.items() if rules.lets_through(name, system, value) is not False
        }


@dataclass(frozen=True, slots=True)
class Restriction:
    """When a client hands on only a few variables of its environment, and which."""

    when: Mapping[str, str]
    """Variables with the values that switch it on; one of them is enough."""
    unless: Mapping[str, str]
    """Variables with the values that switch it off again."""
    allow: Mapping[str, frozenset[str]]

    def holds(self, env: Mapping[str, str]) -> bool:
        """Whether a client in this environment is restricted."""
        if any(env.get(name) == value for name, value in self.unless.items()):
            return False
        return any(env.get(name) == value for name, value in self.when.items())


@dataclass(frozen=True, slots=True)
class Timeout:
    """The field in which an entry gives its own limit."""

    field: str
    unit: str
    """`s` or `ms`."""
    most: int | None = None
    """The largest number the client takes."""


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
    bearer: str | None = None
    """The field that holds the bearer token itself."""
    bare_env: bool = False
    """An environment value that is just the name of a set variable is replaced by its value."""
    env_names_upper: bool = False
    """Variables handed on by name are looked up in capitals."""
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Fields of other clients that this one passes over without a word -> the field to use; "" = there is none."""
    nested_transport: bool = False
    """Type and address may stand in an object `transport`."""
    other_types: frozenset[str] = frozenset()
    """Types of entries that are no MCP servers."""
    timeout: Timeout | None = None
    tilde: bool = False
    """`~` in the command is replaced by the home."""


@dataclass(frozen=True, slots=True)
class Logs:
    """Where a client writes down what its servers do, and how its lines are made."""

    paths: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By system: patterns of files (`*` within a name, `**` for some folders)."""
    server_in_path: str | None = None
    """A regular expression with the group `server`, for files of one server each."""
    line: str | None = None
    """A regular expression for the head of a line, with the groups `at` and `server` where they stand there."""
    json_text: Sequence[str] = ()
    """For files of JSON lines: the keys of what was said."""
    json_at: str = "timestamp"
    """The key of the time."""
    rewrites_config: bool = False
    """The client writes into its own config file all the time, so that the file's age tells nothing."""


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
