"""`mcp-doctor clients`: the clients that are known, and which of their files are here."""

from typing import Any

from diagnostics.host import this_host
from diagnostics.model import Status
from tui.arguments import Call
from tui.table import write_table


def run(call: Call) -> int:
    """A table (or JSON) of the catalogue, with the files of each client that this host has."""
    from diagnostics.catalog.clients import GENERIC, clients
    from diagnostics.discovery import discover

    host = this_host()
    here: dict[str, list[str]] = {}
    for file in discover(host, call.options):
        if file.status is not Status.SKIP:
            here.setdefault(file.client, []).append(str(file.path))
    rows: list[dict[str, Any]] = [
        {
            "id": each.id,
            "name": each.name,
            "format": each.format,
            "expands": sorted(each.expansion.forms),
            "paths": [path for place in each.places for path in place.paths.get(host.platform.value, ())]
            + [f"<project>/{name}" for place in each.places for name in place.project],
            "found": here.get(each.id, []),
        }
        for each in clients().values()
        if each.id != GENERIC
    ]
    return write_table(
        rows, {"id": "client", "name": "name", "paths": "looked at", "found": "found here"}, call
    )
