"""KWallet is installed, nothing else keeps secrets, and its daemon does not run."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("backend.provider.kwallet-not-running", rank=10)
def start_kwallet(finding: Finding, context: Context) -> Remedy | None:
    """Starts it without a screen, and opens its wallet."""
    return on_the_way("start-kwallet", finding, context)
