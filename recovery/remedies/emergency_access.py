"""The keychain can't be mended in time, or at all: a token that ends by itself, as the last way."""

from diagnostics.context import Context
from diagnostics.model import Finding, Status
from recovery.model import Remedy
from recovery.planner import remedy


@remedy(
    "permission.keyring-files.file-truncated",
    "permission.keyring-files.file-garbled",
    "permission.keyring-files.file-empty",
    "permission.keyring-files.file-dangling-link",
    "permission.keyring-files.file-is-no-file",
    "permission.collection-locked.locked",
    "backend.provider.not-installed",
    "backend.provider.cannot-start",
    "backend.macos-keychains.damaged",
    "backend.macos-keychains.default-gone",
    "permission.macos-keychain.locked",
    "permission.macos-keychain.locked-over-ssh",
    "permission.macos-keychain.locked-in-background",
    "lookup.macos-access.password",
    "lookup.macos-access.other-programs",
    "backend.credential-manager.no-logon-session",
    "backend.credential-manager.no-logon-session-in-background",
    "backend.credential-manager.undecryptable",
    "backend.credential-manager.denied",
    "backend.credential-manager.refused",
    rank=99,
    when=lambda finding: finding.status is Status.FAIL,
)
def emergency_access(finding: Finding, context: Context) -> Remedy | None:
    """Where a server refers to a credential that could be stood in for, and none stands in for it yet."""
    from diagnostics.emergency import open_incidents
    from recovery.emergency.incident import ACCESS
    from recovery.emergency.target import choices

    served = {each for incident in open_incidents(context.host) for each in incident.servers}
    if not any(choices([each]) for each in context.servers if each.id not in served and not each.disabled):
        return None
    return Remedy(
        ACCESS,
        "Emergency access: a token for a limited time",
        "The last way, where the keychain can't be mended in time: its password is forgotten, or it is damaged and there "
        "is no backup. You give a token and say why; one server gets it until the time is up, and all of it is on record.",
        finding.id,
    )
