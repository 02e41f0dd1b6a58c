"""The value is right, but written in the bytes of another library: the keyring library reads nonsense."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("lookup.windows-entry.read-as-nonsense", "lookup.windows-entry.read-by-luck", rank=10)
def write_anew(finding: Finding, context: Context) -> Remedy | None:
    """Writes the same value as the keyring library would; the bytes that were there are kept for an undo."""
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import SERVICE, entries_of, entry_remedy, reference_of
    from recovery.steps.cleanup import MergeAlike

    found = reference_of(finding, context)
    if found is None or len(entries_of(found[1], context)) != 1:
        return None
    step = MergeAlike(SERVICE, found[1], 1, new_undo_id())
    why = (
        "The value stays the same, character by character; only its bytes are written as the keyring library reads them. "
        "A Node program that stored it under this very name would then read it wrong: such programs use names of their own."
    )
    return entry_remedy("write-anew", finding, step, why)
