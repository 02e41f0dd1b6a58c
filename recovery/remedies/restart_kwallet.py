"""KWallet has a wallet that it does not offer to programs."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("permission.default-collection.wallet-not-offered", rank=30)
def restart_kwallet(finding: Finding, context: Context) -> Remedy | None:
    """Starts its daemon afresh, and opens the wallet."""
    return on_the_way("restart-kwallet", finding, context)
