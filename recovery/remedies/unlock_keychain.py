"""The keychain is there and locked."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("permission.collection-locked.locked", rank=10)
def unlock_keychain(finding: Finding, context: Context) -> Remedy | None:
    """Unlocks it with its password, without a display."""
    return on_the_way("unlock-keychain", finding, context)
