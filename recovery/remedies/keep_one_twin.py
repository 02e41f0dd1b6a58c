"""Several entries have the same name, and which one a program gets is chance."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("lookup.twins.different", "lookup.twins.alike", rank=20)
def keep_one_twin(finding: Finding, context: Context) -> Remedy | None:
    """Asks which one is meant; the others are kept inside the keychain for an undo."""
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import SERVICE, entries_of, entry_remedy, env_name_of, reference_of
    from recovery.steps.entry import TWIN, KeepOneTwin
    from recovery.twins import which_one

    found = reference_of(finding, context)
    if found is None:
        return None
    reference, name = found
    twins = [each for each in entries_of(name, context) if each.secret is not None]
    if len(twins) < 2:
        return None
    ask = which_one(TWIN, name, twins, env_name_of(reference))
    why = "One entry stays, written so that the keyring library finds and replaces it. The others can be brought back."
    return entry_remedy("keep-one-twin", finding, KeepOneTwin(SERVICE, name, new_undo_id()), why, (ask,))
