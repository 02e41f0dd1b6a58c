"""The entry is in a keychain in which the keyring library does not look."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import remedy


@remedy(
    "lookup.entry.in-another-collection",
    rank=10,
    when=lambda finding: finding.facts.get("locked") == "unlocked",
)
def bring_to_default(finding: Finding, context: Context) -> Remedy | None:
    """Writes its value into the default keychain, in the other one's place: two of a name would be twins."""
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import SERVICE, entries_of, entry_remedy, reference_of
    from recovery.steps.entry_form import CopyToForm

    found = reference_of(finding, context)
    if found is None:
        return None
    _, name = found
    entries = entries_of(name, context)
    if len(entries) != 1 or entries[0].secret is None or entries[0].path != finding.facts.get("item"):
        return None
    (entry,) = entries
    step = CopyToForm(dict(entry.attributes), entry.collection, SERVICE, name, "keyring", True, new_undo_id())
    return entry_remedy(
        "bring-to-default",
        finding,
        step,
        "The keyring library looks in the default keychain alone, and the entry is in another one. It is written into "
        "the default one; the other is kept for an undo.",
        title=f"Bring {name} into the default keychain",
    )
