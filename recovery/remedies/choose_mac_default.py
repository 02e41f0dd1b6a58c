"""macOS has no default keychain, or its file is gone, and there is one that can take its place."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import RecoveryError, Remedy
from recovery.planner import remedy


@remedy("backend.macos-keychains.no-default", "backend.macos-keychains.default-gone", rank=15)
def choose_mac_default(finding: Finding, context: Context) -> Remedy | None:
    """Makes the login keychain the default one, or else another that is searched."""
    from recovery.macos_remedies import choosing

    try:
        found = choosing(context.store.state(), context.host, finding.id)
    except RecoveryError:
        return None
    return found if found.id == "choose-mac-default" else None
