"""Gemini CLI: extensions that bring servers, and the folders that the person trusts.

Sources: google-gemini/gemini-cli docs/extensions/reference.md, docs/cli/trusted-folders.md and
packages/cli/src/config (trustedFolders.ts, extensions/extensionEnablement.ts, extensions/extensionSettings.ts).
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.catalog.clients import Client, client
from diagnostics.clients import Standing
from diagnostics.clients.entries import read_entries
from diagnostics.clients.state import State, read_state
from diagnostics.configs.client_file import broken, with_outcome
from diagnostics.configs.content import read_text
from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.json_document import JsonDocument
from diagnostics.configs.location import paths_of
from diagnostics.host import Host
from diagnostics.model import ClientFile, Platform, Problem, Reference, Server, Status, Syntax
from diagnostics.secret import Secret

MANIFEST = "gemini-extension.json"
ENABLEMENT = "extension-enablement.json"
_MOST = 200
_LONGEST_RULE = 4000
_MOST_PARTS = 9
_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def installed(host: Host, one: Client, configured: Sequence[ClientFile]) -> Iterator[ClientFile]:
    """The files of extensions that bring servers; a server of the settings hides its namesake here."""
    taken = {server.name: file.path for file in configured for server in file.servers}
    folder = _home(host) / "extensions"
    for path in _manifests(folder):
        file = _read(host, one, path)
        if file is None:
            continue
        hidden = [
            Problem("hidden-entry", "config_ignored", each.name, each.line, fatal=False, facts={"by": str(taken[each.name])})
            for each in file.servers
            if each.name in taken
        ]  # fmt: skip
        kept = [each for each in file.servers if each.name not in taken]
        yield with_outcome(file, [*file.problems, *hidden], kept)
        taken |= {each.name: path for each in kept}


def standing(host: Host, server: Server) -> Iterator[Standing]:
    """Whether its extension is switched on, and whether the folder is trusted: else stdio servers don't start."""
    if server.scope == "extension" and server.disabled:
        yield Standing("extension-off", server.path.parent.parent / ENABLEMENT)
        return
    for state in _settings(host):
        if server.name in state.texts("mcp", "excluded"):
            yield Standing("excluded", state.path)
            return
        allowed = state.texts("mcp", "allowed")
        if allowed and server.name not in allowed:
            yield Standing("not-listed", state.path)
            return
    if server.transport != "stdio" and server.scope != "project":
        return
    settings = read_state(_home(host) / "settings.json")
    is_on = settings.flag("security", "folderTrust", "enabled")
    if is_on is False:
        return
    named = host.env.get("GEMINI_CLI_TRUSTED_FOLDERS_PATH")
    trust = read_state(Path(named) if named else _home(host) / "trustedFolders.json")
    facts = {"folder": str(host.cwd)}
    if trust.is_broken:
        yield Standing("trust-unreadable", trust.path, facts)
        return
    level = _level(host, trust.data)
    if level == "DO_NOT_TRUST":
        yield Standing("folder-distrusted", trust.path, facts)
    elif level is None and (is_on or trust.is_there):
        yield Standing("folder-pending", trust.path, facts)


def _settings(host: Host) -> list[State]:
    """Every settings file that counts here, the organisation's included."""
    paths = [
        path
        for place in client("gemini").places
        if place.scope != "extension"
        for path in paths_of(place, host)
    ]
    return [each for path in dict.fromkeys(paths) if (each := read_state(path)).is_there]


def _home(host: Host) -> Path:
    return Path(host.env.get("GEMINI_CLI_HOME") or host.home) / ".gemini"


def _manifests(folder: Path) -> list[Path]:
    try:
        return sorted(each / MANIFEST for each in folder.iterdir() if each.is_dir())[:_MOST]
    except OSError:
        return []


def _read(host: Host, one: Client, path: Path) -> ClientFile | None:
    try:
        content = read_text(path)
    except FileNotFoundError:
        return None
    if isinstance(content, Problem):
        return broken(one, path, "extension", content)
    try:
        document = JsonDocument(content.text)
    except SyntaxProblem as error:
        return broken(one, path, "extension", error.problem)
    table = document.data.get("mcpServers")
    if not isinstance(table, dict):
        return None
    said = document.data.get("name")
    name = said if isinstance(said, str) else path.parent.name
    separator = "\\" if host.platform is Platform.WINDOWS else "/"
    paths = {
        "extensionPath": str(path.parent),
        "workspacePath": str(host.cwd),
        "/": separator,
        "pathSeparator": separator,
    }
    servers, problems = read_entries(
        one,
        document,
        path,
        ("mcpServers",),
        table,
        replaced=paths,
        disabled=not _is_enabled(host, path, name),
    )
    settings = document.data.get("settings")
    own = _OwnSettings(settings if isinstance(settings, list) else [], path.parent)
    filled = [
        dataclasses.replace(each, references=tuple(map(own.known, each.references))) for each in servers
    ]
    return with_outcome(ClientFile(one.id, path, "extension", Status.OK), problems, filled)


class _OwnSettings:
    """An extension's own variables: plain ones lie in its `.env`, sensitive ones in the keychain."""

    def __init__(self, rows: Sequence[Any], folder: Path) -> None:
        named = [each for each in rows if isinstance(each, dict) and isinstance(each.get("envVar"), str)]
        self._sensitive = {each["envVar"] for each in named if each.get("sensitive") is True}
        self._plain = {each["envVar"] for each in named} - self._sensitive
        self._values = _env_file(folder / ".env") if self._plain else {}

    def known(self, reference: Reference) -> Reference:
        """The reference with what the extension's settings say of it."""
        if reference.syntax is not Syntax.ENV or reference.name is None:
            return reference
        if reference.name in self._sensitive:
            return dataclasses.replace(reference, syntax=Syntax.USER_CONFIG, expanded_by_client=True)
        value = self._values.get(reference.name) if reference.name in self._plain else None
        if value is None or reference.default is not None:
            return reference
        return dataclasses.replace(reference, default=Secret(value))


def _env_file(path: Path) -> dict[str, str]:
    try:
        content = read_text(path)
    except FileNotFoundError:
        return {}
    if isinstance(content, Problem):
        return {}
    return {each[1]: _unquoted(each[2]) for each in _LINE.finditer(content.text[:200_000])}


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _is_enabled(host: Host, path: Path, name: str) -> bool:
    """The last rule that fits the folder worked in counts; without one an extension is on."""
    rules = read_state(path.parent.parent / ENABLEMENT).texts(name, "overrides")
    here = f"/{host.cwd.as_posix().strip('/')}/"
    enabled = True
    for rule in rules[:_MOST]:
        base = rule.removeprefix("!")
        if re.fullmatch(_pattern(base), here):
            enabled = not rule.startswith("!")
    return enabled


def _pattern(rule: str) -> str:
    """A rule as a regular expression: `*` stands for anything below, the slash before it included."""
    parts = re.split(r"(/?\*+)", rule)
    if len(rule) > _LONGEST_RULE or len(parts) > _MOST_PARTS:
        return r"(?!)"  # no folder is written so, and matching it would take for ever
    stars = {True: "(?:/.*)?", False: ".*"}
    return "".join(stars[each.startswith("/")] if each.endswith("*") else re.escape(each) for each in parts)


def _level(host: Host, rules: Mapping[str, Any]) -> str | None:
    """The trust of the folder worked in: the longest rule that covers it."""
    best, length = None, -1
    here = _real(host.cwd)
    for folder, level in rules.items():
        if str(level) not in {"TRUST_FOLDER", "TRUST_PARENT", "DO_NOT_TRUST"}:
            continue
        covered = Path(folder).parent if level == "TRUST_PARENT" else Path(folder)
        if here.is_relative_to(_real(covered)) and len(folder) > length:
            best, length = level, len(folder)
    return best


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return path
