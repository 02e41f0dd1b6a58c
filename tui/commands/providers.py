"""`mcp-doctor providers`: the types of credentials that are known, and where each may be sent."""

from typing import Any

from tui.arguments import Call
from tui.table import write_table


def run(call: Call) -> int:
    """A table (or JSON) of the catalogue."""
    from diagnostics.catalog.providers import provider, provider_ids

    rows: list[dict[str, Any]] = [
        {
            "id": each.id,
            "name": each.name,
            "family": each.family,
            "env": list(each.env),
            "hosts": list(each.verify.hosts) if each.verify else [],
            "rotation_url": each.rotation_url or None,
        }
        for each in map(provider, provider_ids())
    ]
    return write_table(
        rows, {"id": "provider", "name": "name", "env": "variables", "hosts": "asked at"}, call
    )
