"""macOS has no default keychain, and there is none that could be it."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import RecoveryError, Remedy
from recovery.planner import remedy


@remedy("backend.macos-keychains.no-default", "backend.macos-keychains.default-gone", rank=30)
def create_mac_keychain(finding: Finding, context: Context) -> Remedy | None:
    """Creates the login keychain with a password of the person's choice."""
    from recovery.macos_remedies import choosing

    try:
        found = choosing(context.store.state(), context.host, finding.id)
    except RecoveryError:
        return None
    return found if found.id == "create-mac-keychain" else None
