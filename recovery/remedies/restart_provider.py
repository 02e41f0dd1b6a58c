"""The keyring daemon has not loaded a keychain that is on the disk."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("permission.default-collection.object-missing", "permission.default-collection.not-loaded", rank=30)
def restart_provider(finding: Finding, context: Context) -> Remedy | None:
    """Starts the daemon afresh, and opens the keychain."""
    return on_the_way("restart-provider", finding, context)
