"""Whose config a file given with --config is: told by its name, its folders and its content."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diagnostics.catalog.clients import GENERIC, Client, client, clients

_MANY = 50
"""Entries looked at for field names that only one client has."""


def by_path(path: Path) -> Client | None:
    """The client that has such a file, or a folder of whose name it lies in; None where the path tells nothing."""
    written = path.as_posix()
    fitting = [
        (len(name), each)
        for each in clients().values()
        for name in each.file_names
        if written == name or written.endswith(f"/{name}")
    ]
    if fitting:
        return max(fitting, key=lambda said: said[0])[1]
    folder = path.parent.name.removeprefix(".").casefold()
    return clients().get(folder) if folder != GENERIC else None


def by_content(data: Mapping[str, Any], path: Path) -> Client:
    """The client whose keys and fields these are; the generic one where they are everybody's."""
    if path.suffix == ".toml" or "mcp_servers" in data:
        return client("codex")
    if path.suffix == ".xml":
        return client("jetbrains")
    if "amp.mcpServers" in data:
        return client("amp")
    if path.suffix in {".yaml", ".yml"}:
        return client("goose" if isinstance(data.get("extensions"), dict) else "continue")
    if isinstance(data.get("servers"), dict | list) or "inputs" in data:
        return client("vscode")
    entries = data.get("mcpServers")
    if "projects" in data and isinstance(data["projects"], dict):
        return client("claude-code")
    if isinstance(entries, dict):
        for row in list(entries.values())[:_MANY]:
            if isinstance(row, dict) and "httpUrl" in row:
                return client("gemini")
            if isinstance(row, dict) and "serverUrl" in row:
                return client("windsurf")
    if isinstance(data.get("context_servers"), dict) and "zed" in clients():
        return client("zed")
    if _is_opencode(data) and "opencode" in clients():
        return client("opencode")
    return client(GENERIC)


def _is_opencode(data: Mapping[str, Any]) -> bool:
    entries = data.get("mcp")
    if not isinstance(entries, dict):
        return False
    return any(isinstance(row, dict) and row.get("type") in {"local", "remote"} for row in entries.values())
