"""Which files besides the configs give servers their variables: env files that are named or read by habit, profiles."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.catalog.clients import client
from diagnostics.client_variables import files_of
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import ClientFile, Platform, Server, Syntax
from diagnostics.servers.env_file import place_of

_FOLDER_NAMES = re.compile(r"\$\{(?:workspaceFolder|workspaceRoot|cwd|CLAUDE_PROJECT_DIR)\}")
_HABITS = {
    "@bytebase/dbhub": (".env", "~/.env"),
    "figma-developer-mcp": (".env",),
}
"""Servers that read a file nobody names, by a part of their command line."""
_PROFILES = (
    ".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshenv", ".zprofile", ".zshrc", ".zlogin", ".kshrc", ".cshrc",
    ".tcshrc", ".pam_environment", ".xprofile", ".xsessionrc", ".bash_aliases", ".config/fish/config.fish",
    ".config/fish/fish_variables",
)  # fmt: skip
_SYSTEM_PROFILES = ("/etc/environment", "/etc/profile")
_MOST = 50
"""Files of a folder of snippets that are looked at."""


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A file of variables that servers get, or read by themselves."""

    path: Path
    servers: tuple[str, ...]
    """Their names."""
    ids: tuple[str, ...]
    is_named: bool
    """Whether a config names it and its place is sure, so that it must be there."""


def env_files_of(context: Context, file: ClientFile) -> list[EnvFile]:
    """The env files of a config's servers. One that several configs share belongs to the first of them, with the
    servers of all.
    """
    every: Mapping[int, list[EnvFile]] = context.answers.get("env-files", lambda: _by_first_config(context))
    at = next(number for number, each in enumerate(context.files) if each is file)
    return every.get(at, [])


def _by_first_config(context: Context) -> Mapping[int, list[EnvFile]]:
    """The env files of all configs, below the number of the first that has them."""
    sharing: dict[Path, list[tuple[int, EnvFile]]] = {}
    for at, file in enumerate(context.files):
        for each in _env_files(context, file):
            sharing.setdefault(each.path, []).append((at, each))
    found: dict[int, list[EnvFile]] = {}
    for (at, first), *others in sharing.values():
        found.setdefault(at, []).append(_with(first, [each for _, each in others]))
    return found


def _with(mine: EnvFile, others: Sequence[EnvFile]) -> EnvFile:
    every = (mine, *others)
    return EnvFile(
        mine.path,
        tuple(dict.fromkeys(name for each in every for name in each.servers)),
        tuple(dict.fromkeys(one for each in every for one in each.ids)),
        any(each.is_named for each in every),
    )


def is_asked_about(context: Context, file: ClientFile) -> bool:
    """Whether the run is about this config: about all, or about a server that is in it."""
    if len(context.servers) == sum(len(each.servers) for each in context.files):
        return True
    chosen = {each.id for each in context.servers}
    return any(each.id in chosen for each in file.servers)


def profiles(host: Host) -> list[Path]:
    """The files that set variables at login on this host, whether or not they exist."""
    if host.platform is Platform.WINDOWS:
        return []
    home = host.home
    zdot = host.env.get("ZDOTDIR")
    found = [home / each for each in _PROFILES]
    if zdot and Path(zdot) != home:
        found += [Path(zdot) / each for each in (".zshenv", ".zprofile", ".zshrc", ".zlogin")]
    for folder, pattern in (
        (home / ".config/environment.d", "*.conf"),
        (home / ".config/fish/conf.d", "*.fish"),
        (home / ".bashrc.d", "*"),
    ):
        try:
            found += sorted(folder.glob(pattern))[:_MOST]
        except OSError:
            continue
    return [*found, *map(Path, _SYSTEM_PROFILES)]


def variables_of(context: Context, file: ClientFile) -> set[str]:
    """The variables that a config's servers take from the environment: referred to, or handed on by name."""
    chosen = {each.id for each in context.servers}
    return {
        reference.name
        for server in file.servers
        if server.id in chosen
        for reference in server.references
        if reference.syntax is Syntax.ENV and reference.name
    }


def servers_taking(context: Context, names: set[str]) -> tuple[str, ...]:
    """The ids of the servers that take one of these variables from the environment."""
    return tuple(
        server.id
        for server in context.servers
        if any(each.syntax is Syntax.ENV and each.name in names for each in server.references)
    )


def _env_files(context: Context, file: ClientFile) -> list[EnvFile]:
    named: dict[tuple[Path, bool], list[Server]] = {}
    chosen = {each.id for each in context.servers}
    for server in file.servers:
        if server.disabled or server.id not in chosen:
            continue
        for path, is_named in _of_server(context.host, server):
            named.setdefault((path, is_named), []).append(server)
        for path in _of_client(context, server):
            named.setdefault((path, False), []).append(server)
    given = {path for path, is_named in named if is_named}
    return [
        EnvFile(
            path,
            tuple(dict.fromkeys(each.name for each in servers)),
            tuple(dict.fromkeys(each.id for each in servers)),
            is_named,
        )
        for (path, is_named), servers in named.items()
        if is_named or path not in given
    ]


def _of_server(host: Host, server: Server) -> Iterator[tuple[Path, bool]]:
    base = _folder(host, server.cwd) if server.cwd else host.cwd
    if server.env_file and (named := place_of(server, host) or _path(host, base, server.env_file)):
        in_project = "${workspace" in server.env_file and place_of(server, host) is not None
        yield named, in_project or _is_sure(server, server.env_file)
    words = [each.reveal() for each in server.args]
    for text in _named_in(words):
        if path := _path(host, base, text):
            yield path, _is_sure(server, text)
    line = " ".join((server.command or "", *words))
    for part, places in _HABITS.items():
        if re.search(rf"(?:^|[ /]){re.escape(part)}(?:[@ ]|$)", line):
            for each in places:
                if path := _path(host, base, each):
                    yield path, False
    for folder in _project_folders(server, words):
        if path := _path(host, base, f"{folder}/.env"):
            yield path, False


def _is_sure(server: Server, text: str) -> bool:
    """Whether the file's place is known: what a relative path counts from is often the client's secret."""
    return Path(text).is_absolute() or text.startswith(("~", "${userHome}", "${HOME}")) or bool(server.cwd)


def _of_client(context: Context, server: Server) -> Iterator[Path]:
    """The files from which the client itself takes a variable that the entry refers to."""
    wanted = {
        each.name for each in server.references if each.syntax is Syntax.ENV and each.expanded_by_client
    }
    if wanted:
        for path in files_of(client(server.client), context.host):
            if wanted & context.env_file(path).keys():
                yield path


def _named_in(words: Sequence[str]) -> Iterator[str]:
    for number, word in enumerate(words):
        if word.startswith("--env-file="):
            yield word.partition("=")[2]
        elif word == "--env-file" and number + 1 < len(words):
            yield words[number + 1]


def _project_folders(server: Server, words: Sequence[str]) -> Iterator[str]:
    """Where a server's own project is: its `.env` is read by habit."""
    if server.cwd:
        yield server.cwd
    for number, word in enumerate(words[:-1]):
        if word in {"--directory", "--project"}:
            yield words[number + 1]


def _folder(host: Host, text: str) -> Path:
    return _path(host, host.cwd, text) or host.cwd


def _path(host: Host, base: Path, text: str) -> Path | None:
    """The path that a config's text means; None where something in it is only known to the client."""
    text = _FOLDER_NAMES.sub(lambda _: str(host.cwd), text.strip())
    text = re.sub(r"\$\{(?:userHome|HOME|env:HOME)\}|^\$HOME", lambda _: str(host.home), text)
    if not text or "\0" in text or re.search(r"\$\{|^\$", text):
        return None
    if text == "~" or text.startswith("~/"):
        return host.home / text[2:]
    return base / text
