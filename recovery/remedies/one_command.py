"""No lasting session is wanted or possible (a container, a cron job): a keychain for the time of one command."""

from diagnostics.context import Context
from diagnostics.model import Finding
from diagnostics.stores.activation import can_start_keychain
from recovery.model import Remedy
from recovery.planner import remedy


@remedy(
    "backend.session-bus.unset-cron",
    "backend.session-bus.unset-service",
    "backend.session-bus.unset-container",
    "backend.session-bus.unset-ssh",
    rank=90,
)
def one_command(finding: Finding, context: Context) -> Remedy | None:
    """Says how; there is nothing that we could do beforehand."""
    if context.store.subject.kind == "secret-service" and not can_start_keychain(context.host):
        return None  # a minimal host
    return Remedy(
        id="one-command",
        title="Use a keychain for one command only",
        why=(
            "A bus and a keyring daemon can be had for the time of a single command; both end with it:\n"
            "$ dbus-run-session -- sh -c 'mcp-doctor unlock && exec COMMAND'\n"
            "Without a person at the keyboard, hand the password over on standard input, never as an argument:\n"
            "$ dbus-run-session -- sh -c 'mcp-doctor unlock --password-stdin && exec COMMAND' < FILE"
        ),
        finding=finding.id,
    )
