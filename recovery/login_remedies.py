"""What the remedies of kept logins share: the reference that a finding is about, and what its login allows."""

from diagnostics.context import Context
from diagnostics.model import Finding, Reference, Syntax
from diagnostics.oauth.login import Login
from recovery.login.plan import stored_login


def login_reference_of(finding: Finding, context: Context) -> Reference | None:
    """The `${OAUTH:…}` reference that the finding is about; None for any other, and where nobody may be asked."""
    if context.options.offline:
        return None
    for each in context.references:
        if each.key == finding.subject and each.syntax is Syntax.OAUTH and each.name:
            return each
    return None


def renewable_login_of(reference: Reference, context: Context) -> Login | None:
    """The kept login, if it holds what a renewal needs."""
    found = stored_login(reference.name or "", context)
    return found if found is not None and found.can_renew else None
