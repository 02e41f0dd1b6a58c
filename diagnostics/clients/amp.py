"""Amp: a workspace's servers start once the person has approved them; the approval is bound to the entry's content.

Sources: Ar9av/agent-manual issue 5, toolport pull requests 513 and 538 (`amp.mcpTrustedServers` in the user's file).
"""

from collections.abc import Iterator

from diagnostics.catalog.clients import client
from diagnostics.clients import Standing
from diagnostics.clients.state import read_state
from diagnostics.configs.location import paths_of
from diagnostics.host import Host
from diagnostics.model import Server


def standing(host: Host, server: Server) -> Iterator[Standing]:
    """Whether this server of a workspace was approved, as far as that can be told."""
    if server.scope != "project":
        return
    paths = [
        path for place in client("amp").places if place.scope == "user" for path in paths_of(place, host)
    ]
    states = [read_state(path) for path in paths]
    state = next((each for each in states if each.is_there), None)
    if state is None or state.is_broken:
        return
    approvals = state.data.get("amp.mcpTrustedServers")
    outcome = "approval-not-readable" if approvals else "workspace-pending"
    yield Standing(outcome, state.path, {"folder": str(server.path.parent.parent)})
