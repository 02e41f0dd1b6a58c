"""The keyring daemon is stopped or hangs."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("backend.provider.stopped", "backend.provider.hung", rank=20)
def revive_provider(finding: Finding, context: Context) -> Remedy | None:
    """Lets it run on, or replaces it, and opens the keychain."""
    return on_the_way("revive-provider", finding, context)
