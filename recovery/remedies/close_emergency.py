"""An emergency is open: it is closed once the usual path works, or goes on until then."""

from diagnostics.context import Context
from diagnostics.model import Finding
from diagnostics.text import clean
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("backend.emergency.*", rank=90)
def close_emergency(finding: Finding, _context: Context) -> Remedy | None:
    """Takes the token away. What closing asks beside that is a walk of its own, in `fix` and in the app."""
    from recovery.emergency.incident import CLOSING
    from recovery.steps.emergency import LetGoOfToken

    incident = finding.facts.get("incident", "")
    if not incident:
        return None
    return Remedy(
        CLOSING,
        f"Close the emergency incident of {clean(finding.facts.get('server', ''), 100)}",
        "For when the usual path works again. The token is taken away first, the checks are asked again, you say "
        "whether it was revoked, and the report is written. If you leave before, the emergency goes on.",
        finding.id,
        (LetGoOfToken(incident),),
        recheck=("backend.emergency",),
    )
