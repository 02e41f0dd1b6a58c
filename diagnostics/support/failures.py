"""The last failures of the servers: what the launcher noted, and what the clients' logs say."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from diagnostics.context import Context

_MOST = 20


def failures(context: Context) -> dict[str, Any]:
    """Both, as plain data, scrubbed. Reads log files: call it with a deadline."""
    from diagnostics.servers.failure_record import read_failures

    ids = {each.id for each in context.servers}
    noted = [each for each in read_failures(context.host) if each.server is None or each.server in ids]
    return {
        "noted by mcp-doctor run": [
            {
                "at": each.at,
                "server": each.server,
                "cause": each.cause,
                "exit code": each.exit_code,
                "message": context.scrubber.scrub(each.message),
                "field": each.field,
            }
            for each in noted[:_MOST]
        ],
        "in the clients' logs": list(_in_logs(context)),
    }


def _in_logs(context: Context) -> Iterator[dict[str, Any]]:
    from diagnostics.catalog.clients import client
    from diagnostics.logs.last_failure import last_failure
    from diagnostics.logs.reading import ClientLogs, read_logs

    for server in context.servers:
        owner = client(server.client)
        if server.scope == "named" or not owner.logs.paths.get(context.host.platform.value):
            continue
        logs: ClientLogs = context.logs.get(owner.id, lambda owner=owner: read_logs(owner, context.host))  # type: ignore[misc]
        found = last_failure(logs, server.name, context.host)
        if found is not None:
            yield {
                "at": datetime.fromtimestamp(found.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "server": server.id,
                "cause": found.match.cause,
                "title": found.match.title,
                "line": context.scrubber.scrub(found.match.evidence),
                "log": str(found.path),
            }
