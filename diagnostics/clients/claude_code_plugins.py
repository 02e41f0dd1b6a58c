"""Servers that Claude Code's plugins bring.

Layout: `plugins/installed_plugins.json` names each plugin's folder; there `.mcp.json` (with or without the key
`mcpServers`) or `mcpServers` in `.claude-plugin/plugin.json` (a map, or the path of a file). Observed in files that
people show in public repositories and in anthropics/claude-code issue 76759; code.claude.com/docs (plugins reference).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.catalog.clients import Client
from diagnostics.clients.entries import read_entries
from diagnostics.clients.state import State, read_state
from diagnostics.configs.client_file import broken, with_outcome
from diagnostics.configs.content import read_text
from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.json_document import JsonDocument
from diagnostics.configs.location import upward
from diagnostics.host import Host
from diagnostics.model import ClientFile, Problem, Status
from diagnostics.presence import is_folder

LIST = "plugins/installed_plugins.json"
_MOST = 200


def plugin_files(
    host: Host, one: Client, folder: Path, settings: Sequence[State], managed: ClientFile | None
) -> Iterator[ClientFile]:
    """A file for each installed plugin that brings servers. In: Claude Code's folder, the settings in force."""
    state = read_state(folder / LIST)
    for plugin, row in _in_force(host, state.object("plugins")):
        root = Path(row["installPath"])
        name = plugin.partition("@")[0]
        is_off = _is_off(plugin, settings)
        if not is_folder(root):
            if not is_off:
                problem = Problem(
                    "plugin-gone", "path_not_found", plugin, fatal=False, facts={"folder": str(root)}
                )
                yield ClientFile(one.id, state.path, "extension", Status.WARN, (problem,))
            continue
        for path, way in _sources(root):
            file = _read(one, path, way, root, folder, plugin, name, is_off)
            if file is not None:
                yield file if managed is None else _without_effect(file, managed)


def _in_force(host: Host, plugins: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    here = {str(each) for each in upward(host)}
    for plugin, said in list(plugins.items())[:_MOST]:
        rows = said if isinstance(said, list) else [said]
        for row in rows:
            if not isinstance(row, dict) or not isinstance(row.get("installPath"), str):
                continue
            project = row.get("projectPath")
            if not isinstance(project, str) or project in here:
                yield plugin, row
                break


def _is_off(plugin: str, settings: Sequence[State]) -> bool:
    said = [each.object("enabledPlugins").get(plugin) for each in settings]
    known = [each for each in said if isinstance(each, bool)]
    return bool(known) and not known[-1]


def _sources(root: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The files that may hold a plugin's servers, and where in them."""
    from diagnostics.bundles.archive import leads_out

    yield root / ".mcp.json", ()
    manifest = root / ".claude-plugin/plugin.json"
    said = read_state(manifest).data.get("mcpServers")
    if isinstance(said, str) and not leads_out(said.removeprefix("./")):
        path = root / said
        if path != root / ".mcp.json":
            yield path, ()
    elif isinstance(said, dict):
        yield manifest, ("mcpServers",)


def _read(
    one: Client,
    path: Path,
    way: tuple[str, ...],
    root: Path,
    folder: Path,
    plugin: str,
    name: str,
    is_off: bool,
) -> ClientFile | None:
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
    if not way and isinstance(document.data.get("mcpServers"), dict):
        way = ("mcpServers",)
    table = document.data.get(way[0]) if way else document.data
    variables = {
        "CLAUDE_PLUGIN_ROOT": str(root),
        "CLAUDE_PLUGIN_DATA": str(
            folder / "plugins/data" / "".join(c if c.isalnum() or c in "_-" else "-" for c in plugin)
        ),
    }
    servers, problems = read_entries(
        one, document, path, way, table if isinstance(table, dict) else {},
        prefix=f"plugin:{name}:", replaced=variables, disabled=is_off,
    )  # fmt: skip
    return with_outcome(ClientFile(one.id, path, "extension", Status.OK), problems, servers)


def _without_effect(file: ClientFile, managed: ClientFile) -> ClientFile:
    facts = {"by": str(managed.path)}
    problem = Problem("managed-only", "config_ignored", "", fatal=False, facts=facts)
    return with_outcome(file, [problem], [])
