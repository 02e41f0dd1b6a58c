"""Kiro replaces `${VAR}` only for variables that the person has approved.

Source: kiro.dev/docs/mcp/security (IDE setting "Mcp Approved Env Vars", command line `kiroAgent.mcpApprovedEnvVars`).
"""

from collections.abc import Iterator
from pathlib import Path

from diagnostics.clients import Standing
from diagnostics.clients.state import State, read_state
from diagnostics.host import Host
from diagnostics.model import Platform, Server, Syntax
from diagnostics.servers.needs.need import is_harmless

_KEY = "kiroAgent.mcpApprovedEnvVars"


def standing(host: Host, server: Server) -> Iterator[Standing]:
    """The variables of this server that Kiro leaves as they stand."""
    named = [
        each.name
        for each in server.references
        if each.syntax is Syntax.ENV and each.spelling and each.name and not is_harmless(each.name)
    ]
    if not named or server.launcher:
        return
    command_line = read_state(host.home / ".kiro/settings/cli.json")
    lists = [(each, _approved(each)) for each in (command_line, read_state(_ide_settings(host)))]
    known = [(state, names) for state, names in lists if names is not None]
    missing = [name for name in dict.fromkeys(named) if not any(name in names for _, names in known)]
    if missing:
        path = known[0][0].path if known else command_line.path
        outcome = "variable-not-approved" if known else "variable-approval-unknown"
        yield Standing(outcome, path, {"names": ", ".join(missing)})


def _approved(state: State) -> list[str] | None:
    """The approved names, None where the file has no such list."""
    flat = state.data.get(_KEY)
    nested = state.object("kiroAgent").get("mcpApprovedEnvVars")
    said = flat if isinstance(flat, list) else nested
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else None


def _ide_settings(host: Host) -> Path:
    if host.platform is Platform.WINDOWS:
        return Path(host.env.get("APPDATA") or host.home / "AppData/Roaming") / "Kiro/User/settings.json"
    if host.platform is Platform.MACOS:
        return host.home / "Library/Application Support/Kiro/User/settings.json"
    return Path(host.env.get("XDG_CONFIG_HOME") or host.home / ".config") / "Kiro/User/settings.json"
