"""There is no session bus."""

from diagnostics.context import Context
from diagnostics.model import Finding
from diagnostics.stores.activation import can_start_keychain
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy(
    "backend.session-bus.unset",
    "backend.session-bus.unset-ssh",
    "backend.session-bus.unset-cron",
    "backend.session-bus.unset-service",
    "backend.session-bus.unset-container",
    "backend.session-bus.empty",
    "backend.session-bus.invalid",
    "backend.session-bus.unsupported",
    "backend.session-bus.no-socket",
    "backend.session-bus.refused",
    "backend.user.other-users-bus",
    "backend.user.other-users-runtime-directory",
    rank=20,
)
def start_bus(finding: Finding, context: Context) -> Remedy | None:
    """Starts one that outlives the login, and opens the keychain on it."""
    if context.store.subject.kind == "secret-service" and not can_start_keychain(context.host):
        return None  # a minimal host
    return on_the_way("start-bus", finding, context)
