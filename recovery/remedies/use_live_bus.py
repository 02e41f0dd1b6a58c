"""A bus of this user lives, and the variable does not lead to it."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy(
    "backend.session-bus.unset-but-live",
    "backend.session-bus.elsewhere",
    "backend.user.other-users-bus",
    "backend.provider.on-another-bus",
    rank=10,
)
def use_live_bus(finding: Finding, context: Context) -> Remedy | None:
    """Goes to that bus and opens the keychain on it."""
    return on_the_way("use-live-bus", finding, context)
