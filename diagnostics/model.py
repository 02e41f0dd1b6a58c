"""The nouns. Frozen, no I/O: what flows from a config file to a finding."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.secret import Secret

if TYPE_CHECKING:
    from diagnostics.bundles.extension import Extension


class Status(StrEnum):
    """What a check may answer. `unknown` means 'could not find out'; only `fail` blocks what rests on it."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """The credential's path, in order."""

    CONFIG = "config"
    REFERENCE = "reference"
    BACKEND = "backend"
    PERMISSION = "permission"
    LOOKUP = "lookup"
    FORMAT = "format"
    VALIDITY = "validity"
    START = "start"


class Syntax(StrEnum):
    """How a config names a credential. `literal` is one in plain text, `placeholder` is YOUR_TOKEN_HERE."""

    SECRET = "secret"  # noqa: S105 - the name of a syntax
    OAUTH = "oauth"
    KEYTAR = "keytar"
    VAULT = "vault"
    AWS = "aws"
    USER_CONFIG = "user-config"
    ENV = "env"
    INPUT = "input"
    LITERAL = "literal"
    PLACEHOLDER = "placeholder"
    FILE = "file"
    """A file whose content the client puts in."""


class Platform(StrEnum):
    """The systems that have paths and stores of their own."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


class Session(StrEnum):
    """Where this process lives, which decides what prompts and buses it can have."""

    LOCAL = "local"
    SSH = "ssh"
    CONTAINER = "container"
    WSL = "wsl"
    SERVICE = "service"
    CRON = "cron"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file or an entry of it, where, and what was expected.

    `outcome` names the wording of the check that reports it; `line` and `column` count from 1, 0 = no place.
    """

    outcome: str
    cause: str
    detail: str
    line: int = 0
    column: int = 0
    fatal: bool = True
    """Whether it keeps the file (or the entry) from being used; False for a mere warning."""
    server: str | None = None
    """The entry's id, when the problem is one entry's and not the whole file's."""
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """More of what the wording names (the key that was found, the one to use)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One value of a server's entry that carries, or stands for, a credential."""

    server_id: str
    field: str
    """Where it stands: `env.NAME`, `args[2]`, `url`, `headers.NAME`."""
    syntax: Syntax
    name: str | None
    """What is referred to (`github_token`, `HOME`, `service/account`); None for a literal or placeholder."""
    text: Secret = dataclasses.field(repr=False)
    """The whole value as it stands in the config; for a literal or placeholder just that, without what is around."""
    default: Secret | None = dataclasses.field(default=None, repr=False)
    """What `${VAR:-default}` gives when the variable is unset."""
    expanded_by_client: bool = False
    """Whether the client itself replaces it before the server sees it."""
    spelling: str = dataclasses.field(default="", repr=False)
    """The reference as written, without what surrounds it: `${SECRET:github_token}`; "" for a literal, and
    where a client is only told the variable's name (Codex `env_vars`, `docker -e NAME`). A default stands in it
    as it is: show `shown`."""

    @property
    def key(self) -> str:
        """Unique within a run."""
        return f"{self.server_id}#{self.field}" + (f"#{self.name}" if self.name else "")

    @property
    def shown(self) -> str:
        """The reference as people may see it: its spelling with any default masked, or the variable's name."""
        if not self.spelling:
            return self.name or ""
        default = self.default.reveal() if self.default else ""
        shown = self.spelling.replace(default, "…") if default else self.spelling
        return re.sub(r"(?<=^\$\{env:)(\w+:?-)[^}]+", r"\1…", shown)


@dataclass(frozen=True, slots=True)
class Server:
    """One server entry of one client's config. Values are secret until shown otherwise."""

    id: str
    name: str
    client: str
    path: Path
    transport: str
    """`stdio`, `http` or `sse`."""
    command: str | None = None
    args: tuple[Secret, ...] = ()
    env: Mapping[str, Secret] = dataclasses.field(default_factory=dict)
    env_names: tuple[str, ...] = ()
    """Variables the client hands on by name (Codex `env_vars`, `docker -e NAME`)."""
    headers: Mapping[str, Secret] = dataclasses.field(default_factory=dict)
    env_headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Headers whose value the client takes from a variable (Codex `env_http_headers`): header -> variable."""
    bearer_env: str | None = None
    """The variable that holds the bearer token (Codex `bearer_token_env_var`)."""
    url: Secret | None = None
    cwd: str | None = None
    env_file: str | None = None
    disabled: bool = False
    scope: str = "user"
    """`user`, `project`, `local` (this project, in the user's file), `managed`, `extension` (an extension or plugin
    brings it) or `named` (with --config)."""
    launcher: bool = False
    """Whether the entry starts `mcp-doctor run ...`, so that references are resolved before the server starts."""
    line: int = 0
    """Line of the entry in its file, from 1; 0 = unknown."""
    references: tuple[Reference, ...] = ()
    extension: "Extension | None" = dataclasses.field(default=None, repr=False)
    """The desktop extension that brings this server, with its settings; None for an entry of a config."""

    @property
    def key(self) -> str:
        """Unique within a run."""
        return self.id


@dataclass(frozen=True, slots=True)
class ClientFile:
    """One config file of one client: read, absent, or broken (then `problems` says where)."""

    client: str
    path: Path
    scope: str
    """`user`, `project`, `managed`, `extension` or `named` (given with --config)."""
    status: Status
    problems: tuple[Problem, ...] = ()
    servers: tuple[Server, ...] = ()

    @property
    def key(self) -> str:
        """Unique within a run."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Store:
    """The credential store of this host, as a subject of checks; its state is in the context."""

    kind: str
    """`secret-service`, `macos-keychain`, `keyring` (whatever the keyring library picks), `file` or `stand-in` (the demo's)."""

    @property
    def key(self) -> str:
        """Unique within a run."""
        return f"store:{self.kind}"


Subject = ClientFile | Server | Reference | Store


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's answer about one subject, in words. Everything in it is safe to show."""

    id: str
    check: str
    stage: Stage
    status: Status
    outcome: str
    """Which of the check's possible answers this is; the key of its wording."""
    title: str
    detail: str = ""
    fix: tuple[str, ...] = ()
    """What a person can do, in words; commands stand on lines of their own, starting with `$ `."""
    evidence: tuple[str, ...] = ()
    cause: str | None = None
    server: str | None = None
    reference: str | None = None
    """The reference's field (`env.GITHUB_TOKEN`)."""
    path: str | None = None
    subject: str = dataclasses.field(default="", repr=False)
    """The subject's key, as it is: not to be shown."""
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What remedies need to know (collection path, pid, file name). Never a secret."""
    concerns: tuple[str, ...] | None = dataclasses.field(default=None, repr=False)
    """The ids of the servers that a finding about their config file is about; None = all of the file's."""
    duration_ms: int = 0
