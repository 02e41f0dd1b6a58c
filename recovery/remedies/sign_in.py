"""There is no login, or none that still works: the person signs in anew, with a code."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import AskKind, Remedy
from recovery.planner import remedy


@remedy(
    "lookup.oauth.missing",
    "lookup.oauth.not-json",
    "lookup.oauth.not-a-login",
    "lookup.oauth.expired",
    "lookup.oauth.soon-over",
    "lookup.oauth.cut-off",
    "lookup.oauth.renewable",
    "validity.provider.invalid",
    "validity.provider.expired",
    "validity.provider.revoked",
    "start.handshake.remote-token",
    "start.handshake.remote-token-or-login",
    "start.handshake.remote-token-expired",
    "start.handshake.remote-scope",
    rank=50,
)
def sign_in(finding: Finding, context: Context) -> Remedy | None:
    """Shows a code to enter in a browser on any device, and keeps the login that comes of it."""
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import entries_of, entry_remedy
    from recovery.login.plan import plan_for
    from recovery.login_remedies import login_reference_of
    from recovery.steps.login import StoreLogin

    reference = login_reference_of(finding, context)
    if reference is None:
        return None
    plan = plan_for(reference, context)
    asks = plan.asks()
    there = len(entries_of(plan.account, context))
    step = StoreLogin(
        plan.account,
        new_undo_id(),
        one=there > 1,
        issuer=plan.issuer,
        named_by=plan.named_by,
        client_id=plan.client_id,
        register=plan.may_register,
        asked=tuple(each.name for each in asks if each.kind is not AskKind.LOGIN),
    )
    kept = " The earlier one is kept inside the keychain until you take this back." if there else ""
    why = (
        f"You get a code, and enter it at {plan.where} in a browser on any device: none is needed on this computer. The "
        "login that comes of it goes to the keychain, and nowhere else." + kept
    )
    return entry_remedy("sign-in", finding, step, why, asks, f"Sign in at {plan.where} with a code")
