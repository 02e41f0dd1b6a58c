"""VS Code: the `inputs` of its configs, and the database where it seals what was typed in. Never opened.

Sources: vscode-docs, mcp-configuration; src/vs/workbench/contrib/mcp/common/mcpRegistryInputStorage.ts; microsoft/vscode
issues 243226 and 255215.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diagnostics.clients.state import read_state
from diagnostics.host import Host
from diagnostics.model import Platform

INPUT_TYPES = frozenset({"promptString", "pickString", "command"})


def declared_inputs(path: Path) -> Mapping[str, Mapping[str, Any]] | None:
    """The inputs of a config by id; None where the file can't be read."""
    state = read_state(path)
    if state.is_broken or not state.is_there:
        return None
    rows = state.data.get("inputs", state.object("mcp").get("inputs"))
    if not isinstance(rows, list):
        return {}
    return {each["id"]: each for each in rows if isinstance(each, dict) and isinstance(each.get("id"), str)}


def state_database(host: Host, path: Path, scope: str) -> Path:
    """The database that holds the typed values of a config, sealed under the key `mcpInputs`."""
    if scope != "project":
        return path.parent / "globalStorage/state.vscdb"
    return _user_folder(host) / "workspaceStorage/<folder's number>/state.vscdb"


def _user_folder(host: Host) -> Path:
    if host.platform is Platform.WINDOWS:
        return Path(host.env.get("APPDATA") or host.home / "AppData/Roaming") / "Code/User"
    if host.platform is Platform.MACOS:
        return host.home / "Library/Application Support/Code/User"
    return Path(host.env.get("XDG_CONFIG_HOME") or host.home / ".config") / "Code/User"
