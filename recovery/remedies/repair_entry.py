"""The value is damaged, and what it should be is certain (a line break at its end, `Bearer ` before it)."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("format.hygiene.*", rank=10, when=lambda finding: finding.facts.get("repairable") == "yes")
def repair_entry(finding: Finding, context: Context) -> Remedy | None:
    """Writes the value as it was meant, and keeps the damaged one for an undo."""
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import SERVICE, entries_of, entry_remedy, env_name_of, reference_of
    from recovery.steps.entry import RepairEntry

    found = reference_of(finding, context)
    if found is None:
        return None
    reference, name = found
    if len(entries_of(name, context)) != 1:
        return None
    step = RepairEntry(SERVICE, name, finding.title, env_name_of(reference), new_undo_id())
    why = (
        "Only what can't belong to the credential is taken away. The damaged value is kept inside the keychain until "
        "you take this back."
    )
    return entry_remedy("repair-entry", finding, step, why)
