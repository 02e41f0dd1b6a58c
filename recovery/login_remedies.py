"""What the remedies of kept logins share: the reference that a finding is about, and what its login allows."""

from diagnostics.context import Context
from diagnostics.model import Finding, Reference, Syntax
from diagnostics.oauth.login import Login
from recovery.login.plan import stored_login


def login_reference_of(finding: Finding, context: Context) -> Reference | None:
    """The `${OAUTH:…}` reference that the finding is about; None for any other, and where nobody may be asked.

    A remote server's refusal is about the one that its entry brings.
    """
    if context.options.offline:
        return None
    ours = [each for each in context.references if each.syntax is Syntax.OAUTH and each.name]
    for each in ours:
        if each.key == finding.subject:
            return each
    brought = [each for each in ours if each.server_id == finding.subject]
    return brought[0] if len(brought) == 1 else None


def renewable_login_of(reference: Reference, context: Context) -> Login | None:
    """The kept login, if it holds what a renewal needs."""
    found = stored_login(reference.name or "", context)
    return found if found is not None and found.can_renew else None
