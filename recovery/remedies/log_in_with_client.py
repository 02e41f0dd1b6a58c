"""The login of a remote server is its client's own: only that client can get a new one."""

from diagnostics.context import Context
from diagnostics.model import Finding
from diagnostics.text import clean
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("validity.login.*", rank=90, when=lambda finding: "renew" in finding.facts)
def log_in_with_client(finding: Finding, _context: Context) -> Remedy:
    """Says what to do in that client; its files are left alone."""
    client = clean(finding.facts.get("client", "")) or "the client"
    return Remedy(
        id="log-in-with-client",
        title=f"Log in again with {client}",
        why=f"{client} keeps this login itself and would not see one that the doctor got. Its files are left as they are.",
        finding=finding.id,
    )
