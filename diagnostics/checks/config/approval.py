"""Whether the client's own state lets the server start: approvals, trusted folders, switches, the organisation's rules."""

from collections.abc import Iterator

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, unknown, warn
from diagnostics.context import Context
from diagnostics.model import Server

_BLOCKED = {"denied-by-policy", "not-allowed-by-policy", "denied", "not-allowed"}
_NEVER_STARTED = {"project-not-trusted", "project-distrusted", "folder-distrusted", "trust-unreadable"}
_SWITCHED_OFF = {"excluded", "not-listed", "switched-off", "plugin-off", "extension-off"}
_WAITING = {"pending", "approved-by-repository", "rejected", "folder-pending", "workspace-pending"}


@check(of=Server, within=5)
def approval(context: Context, server: Server) -> Iterator[Verdict]:
    """Does the client let this server start?"""
    from diagnostics.clients import standing

    if server.scope == "named":
        return
    one = client(server.client)
    for each in standing(context.host, server):
        facts = {"client": one.name, "reload": one.reload, "state": str(each.path), **each.facts}
        evidence = (str(each.path),)
        if each.outcome in _BLOCKED:
            yield fail(each.outcome, "server_blocked_by_policy", evidence=evidence, **facts)
        elif each.outcome in _NEVER_STARTED:
            yield fail(each.outcome, "server_not_approved", evidence=evidence, **facts)
        elif each.outcome in _SWITCHED_OFF:
            yield warn(each.outcome, "server_switched_off", evidence=evidence, **facts)
        elif each.outcome in _WAITING:
            yield warn(each.outcome, "server_not_approved", evidence=evidence, **facts)
        elif each.outcome == "variable-not-approved":
            yield fail("variable-not-approved", "env_placeholder_not_expanded", evidence=evidence, **facts)
        elif each.outcome == "variable-approval-unknown":
            yield warn(
                "variable-approval-unknown", "env_placeholder_not_expanded", evidence=evidence, **facts
            )
        else:
            yield unknown(each.outcome, "server_not_approved", evidence=evidence, **facts)
