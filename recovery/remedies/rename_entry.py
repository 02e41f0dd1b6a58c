"""The entry is there under another spelling, service or attribute than the config's reference means."""

from diagnostics.context import Context
from diagnostics.model import Finding
from diagnostics.stores import Entry, StoreError
from recovery.model import Remedy
from recovery.planner import remedy


@remedy(
    "lookup.entry.spelling",
    "lookup.entry.split",
    "lookup.entry.other-service",
    "lookup.entry.other-attribute",
    rank=10,
)
def rename_entry(finding: Finding, context: Context) -> Remedy | None:
    """Writes its value under the right name too; the other one stays for the programs that use it."""
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import SERVICE, entry_remedy, reference_of
    from recovery.steps.entry import CopyEntry

    found = reference_of(finding, context)
    source = _entry_at(finding.facts.get("item", ""), context)
    if found is None or source is None or source.secret is None:
        return None
    _, name = found
    step = CopyEntry(dict(source.attributes), SERVICE, name, new_undo_id())
    return entry_remedy(
        "rename-entry",
        finding,
        step,
        f"The value that is stored as {finding.facts.get('found_as', 'another entry')} is written as {name} as well, "
        "which is what the config asks for. Nothing is deleted.",
    )


def _entry_at(path: str, context: Context) -> Entry | None:
    try:
        return next((each for each in context.store.entries() if each.path == path), None)
    except StoreError:
        return None
