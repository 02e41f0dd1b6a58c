"""KWallet runs and has no wallet yet."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("permission.default-collection.no-wallet", rank=20)
def create_wallet(finding: Finding, context: Context) -> Remedy | None:
    """Creates the default one with a password of the person's choice."""
    return on_the_way("create-wallet", finding, context)
