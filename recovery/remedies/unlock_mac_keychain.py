"""The default keychain of macOS is locked."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import RecoveryError, Remedy
from recovery.planner import remedy


@remedy(
    "permission.macos-keychain.locked",
    "permission.macos-keychain.locked-over-ssh",
    "permission.macos-keychain.locked-in-background",
    "permission.macos-keychain.locked-beside",
    rank=10,
)
def unlock_mac_keychain(finding: Finding, context: Context) -> Remedy | None:
    """Unlocks it with its password, without a window."""
    from recovery.macos_remedies import unlocking

    try:
        found = unlocking(context.store.state(), context.host, finding.id)
    except RecoveryError:
        return None
    return found if found.id == "unlock-mac-keychain" and found.steps else None
