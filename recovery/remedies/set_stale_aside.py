"""An earlier value lies under USER@SERVICE, where the keyring library on Windows left it."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("lookup.windows-entry.left-behind", "lookup.windows-entry.left-behind-alike", rank=20)
def set_stale_aside(finding: Finding, context: Context) -> Remedy | None:
    """Sets it aside inside the Credential Manager, from where it can be brought back."""
    from diagnostics.stores import StoreError
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import entry_remedy, reference_of
    from recovery.steps.cleanup import QuarantineEntry

    if reference_of(finding, context) is None:
        return None
    try:
        left = [each for each in context.store.entries() if each.path == finding.facts.get("left")]
    except StoreError:
        return None
    if len(left) != 1 or left[0].secret is None:
        return None
    words = "an earlier value, left behind by the keyring library"
    step = QuarantineEntry(left[0].path, dict(left[0].attributes), words, new_undo_id())
    why = "The value in use stays as it is. The earlier one is kept, with when and why, where no program finds it."
    return entry_remedy("set-stale-aside", finding, step, why, title=f"Set {left[0].path} aside")
