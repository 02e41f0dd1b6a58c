"""The keyring daemon is installed and does not run."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("backend.provider.not-running", rank=10)
def start_provider(finding: Finding, context: Context) -> Remedy | None:
    """Has the bus start it, and opens the keychain."""
    return on_the_way("start-provider", finding, context)
