"""What the client's own log tells of the server's last start. History: it warns, and never fails."""

import time
from datetime import datetime

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, ok, unknown, warn
from diagnostics.context import Context
from diagnostics.model import Server

_LONG_AGO = 30 * 24 * 3600
"""Seconds after which a failure is no longer told."""


@check(of=Server, within=5)
def history(context: Context, server: Server) -> Verdict | None:
    """What does the client's log say about the last start?"""
    from diagnostics.logs.last_failure import last_failure
    from diagnostics.logs.reading import ClientLogs, read_logs
    from diagnostics.servers.failure_record import read_failures
    from diagnostics.tokens.masking import mask_tokens

    owner = client(server.client)
    record = next(iter(read_failures(context.host, server.id)), None)
    if record is not None and _seconds(record.at) > max(_changed(server), time.time() - _LONG_AGO):
        return warn(
            "launcher", record.cause, evidence=(record.message,), ago=ago(time.time() - _seconds(record.at))
        )
    if (
        server.disabled or server.scope == "named"
    ):  # a file that was named is not what the client's log is about
        return None
    if not owner.logs.paths.get(context.host.platform.value):
        return None
    logs: ClientLogs = context.logs.get(owner.id, lambda: read_logs(owner, context.host))
    found = last_failure(logs, server.name, context.host)
    if found is None and not logs.entries and logs.closed:
        return unknown("closed", "file_permission_denied", client=owner.name, log=logs.closed[0])
    now = time.time()
    if found is None or now - found.at > _LONG_AGO:
        return None
    facts = {
        "client": owner.name,
        "ago": ago(now - found.at),
        "reason": found.match.title,
        "why": found.match.why,
        "what": " ".join(line.removeprefix("$ ").removeprefix("| ") for line in found.match.fix),
        "log": found.path,
    }
    said = mask_tokens(context.scrubber.scrub(found.match.evidence))
    if not owner.logs.rewrites_config and _changed(server) > found.at:
        return ok("before-change", evidence=(said,), **facts)
    return warn("failed", found.match.cause, evidence=(said,), **facts)


def ago(seconds: float) -> str:
    """How long ago, in words."""
    minutes = max(0, int(seconds // 60))
    for unit, size in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _seconds(at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _changed(server: Server) -> float:
    try:
        return server.path.stat().st_mtime
    except OSError:
        return 0.0
