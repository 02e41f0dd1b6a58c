"""What a client makes of a file: its fields, its placeholders, what its servers inherit, and where it logs."""

import dataclasses
import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
