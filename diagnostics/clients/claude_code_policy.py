"""Claude Code's rules about servers: `allowedMcpServers`, `deniedMcpServers`, `allowManagedMcpServersOnly`.

Source: code.claude.com/docs/en/managed-mcp.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.clients import Standing
from diagnostics.clients.state import State
from diagnostics.model import Server


@dataclass(frozen=True, slots=True)
class Policy:
    """One settings file that may hold rules."""

    state: State
    is_managed: bool

    def rules(self, key: str) -> list[Mapping[str, Any]] | None:
        """The rules of one list, None where the file has no such list (an empty list is one)."""
        said = self.state.data.get(key)
        return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else None


def blocked_by(server: Server, policies: Sequence[Policy]) -> Standing | None:
    """The rule that keeps this server from being started; None where none does."""
    for policy in policies:
        if any(_fits(server, rule) for rule in policy.rules("deniedMcpServers") or ()):
            return Standing("denied-by-policy" if policy.is_managed else "denied", policy.state.path)
    managed_only = any(each.is_managed and each.state.flag("allowManagedMcpServersOnly") for each in policies)
    lists = [
        (policy, rules)
        for policy in policies
        if (policy.is_managed or not managed_only)
        and (rules := policy.rules("allowedMcpServers")) is not None
    ]
    if not lists or _allowed(server, [rule for _, rules in lists for rule in rules]):
        return None
    source = next((policy for policy, _ in lists if policy.is_managed), lists[0][0])
    return Standing("not-allowed-by-policy" if source.is_managed else "not-allowed", source.state.path)


def _allowed(server: Server, rules: Sequence[Mapping[str, Any]]) -> bool:
    """Where a list has commands (or addresses), a name alone does not let such a server through."""
    key = "serverCommand" if server.transport == "stdio" else "serverUrl"
    narrow = [each for each in rules if key in each]
    return any(_fits(server, rule) for rule in narrow or rules)


def _fits(server: Server, rule: Mapping[str, Any]) -> bool:
    if "serverName" in rule:
        return bool(rule["serverName"] == server.name)
    if "serverCommand" in rule:
        own = [server.command or "", *(each.reveal() for each in server.args)]
        return server.transport == "stdio" and rule["serverCommand"] == own
    pattern = rule.get("serverUrl")
    if not isinstance(pattern, str) or server.url is None:
        return False
    # Only `*` has a meaning there.
    escaped = pattern.replace("[", "[[]").replace("?", "[?]")
    return fnmatch.fnmatchcase(server.url.reveal(), escaped)
