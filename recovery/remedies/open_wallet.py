"""The wallet is there and closed, or open and not handed out."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy(
    "permission.collection-locked.wallet-closed",
    "permission.collection-locked.wallet-not-handed-out",
    "permission.collection-locked.wallet-of-ksecretd-closed",
    "permission.collection-locked.wallet-of-ksecretd-closed-unseen",
    "backend.provider.ksecretd-not-running",
    rank=10,
)
def open_wallet(finding: Finding, context: Context) -> Remedy | None:
    """Opens it with its password, without a display; one that is open needs none."""
    return on_the_way("open-wallet", finding, context)
