"""The token of a kept login is over, and there is a refresh token."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import remedy


@remedy(
    "lookup.oauth.renewable",
    "lookup.oauth.soon-over",
    "validity.provider.invalid",
    "validity.provider.expired",
    "validity.provider.revoked",
    "start.handshake.remote-token",
    "start.handshake.remote-token-or-login",
    "start.handshake.remote-token-expired",
    rank=10,
)
def renew_login(finding: Finding, context: Context) -> Remedy | None:
    """Renews it and keeps what comes of it."""
    from diagnostics.oauth.login import account_of
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import entries_of, entry_remedy
    from recovery.login.endpoint import host_of
    from recovery.login_remedies import login_reference_of, renewable_login_of
    from recovery.steps.login import RenewLogin

    reference = login_reference_of(finding, context)
    login = renewable_login_of(reference, context) if reference else None
    if reference is None or login is None:
        return None
    name = account_of(reference.name or "")
    if len(entries_of(name, context)) != 1:
        return None
    why = (
        f"The refresh token is sent to {host_of(login.token_endpoint)}, and nowhere else. The new token is written to the "
        "keychain at once."
    )
    return entry_remedy("renew-login", finding, RenewLogin(name, new_undo_id()), why)
