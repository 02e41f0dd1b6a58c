"""The entry is missing, or its value is no good and the right one must come from the person."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import remedy


@remedy(
    "lookup.entry.missing",
    "lookup.entry.in-another-collection",
    "lookup.entry.spelling",
    "lookup.entry.other-attribute",
    "lookup.entry.split",
    "lookup.entry.other-service",
    "format.hygiene.*",
    "format.token.*",
    "validity.provider.invalid",
    "validity.provider.expired",
    "validity.provider.revoked",
    "validity.provider.unsendable",
    "validity.provider.expires-soon",
    "validity.provider.missing-scope",
    "validity.provider.no-scopes",
    rank=50,
)
def store_credential(finding: Finding, context: Context) -> Remedy | None:
    """Asks for the token and stores it under the name that the config refers to."""
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import SERVICE, ask_token, entries_of, entry_remedy, reference_of
    from recovery.rotation import is_only_rotated
    from recovery.steps.entry import SetEntry

    found = reference_of(finding, context)
    if found is None:
        return None
    reference, name = found
    if is_only_rotated(finding, context):
        return None
    count = len(entries_of(name, context))
    verb = "Replace" if count else "Store"
    kept = " The earlier value is kept inside the keychain until you take this back." if count else ""
    return entry_remedy(
        "store-credential",
        finding,
        SetEntry(SERVICE, name, new_undo_id(), one=count > 1),
        "What you type is checked first and written only to the keychain, where every program that asks for "
        f"{name} finds it." + kept,
        (ask_token(reference, name, context, finding),),
        f"{verb} {name} in the keychain",
    )
