"""The token has ended, ends soon, or its provider takes it no more: a new one takes its place, everywhere at once."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import remedy


@remedy(
    "format.token.over",
    "format.token.ends-soon",
    "format.token.retired",
    "validity.provider.invalid",
    "validity.provider.expired",
    "validity.provider.revoked",
    "validity.provider.expires-soon",
    "validity.provider.missing-scope",
    "validity.provider.no-scopes",
    "validity.provider.lacks-essential-scope",
    rank=48,
)
def rotate_token(finding: Finding, context: Context) -> Remedy | None:
    """Checks the new one against the old one, replaces all entries that hold it, and says what to restart."""
    from recovery.rotation import rotation

    return rotation(finding, context)
