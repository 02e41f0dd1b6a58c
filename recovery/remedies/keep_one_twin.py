"""Several entries have the same name, and which one a program gets is chance."""

from datetime import UTC, datetime

from diagnostics.context import Context
from diagnostics.model import Finding
from diagnostics.stores import Entry
from diagnostics.text import clean
from recovery.model import Ask, AskKind, Remedy
from recovery.planner import remedy


@remedy("lookup.twins.different", "lookup.twins.alike", rank=20)
def keep_one_twin(finding: Finding, context: Context) -> Remedy | None:
    """Asks which one is meant; the others are kept inside the keychain for an undo."""
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import SERVICE, entries_of, entry_remedy, reference_of
    from recovery.steps.entry import TWIN, KeepOneTwin

    found = reference_of(finding, context)
    if found is None:
        return None
    _, name = found
    twins = [each for each in entries_of(name, context) if each.secret is not None]
    if len(twins) < 2:
        return None
    newest = sorted(twins, key=lambda each: -each.modified)
    ask = Ask(
        TWIN,
        AskKind.CHOICE,
        f"Which {name} is the right one?",
        "The same mark means the same value; the values themselves are not shown.",
        tuple((each.path, _words(each)) for each in newest),
    )
    why = "One entry stays, written so that the keyring library finds and replaces it. The others can be brought back."
    return entry_remedy("keep-one-twin", finding, KeepOneTwin(SERVICE, name, new_undo_id()), why, (ask,))


def _words(entry: Entry) -> str:
    from diagnostics.stores.similar import writer_of

    changed = "at an unknown time"
    if 0 < entry.modified < 32503680000:  # the year 3000: what a daemon says is not trusted
        changed = f"{datetime.fromtimestamp(entry.modified, UTC):%Y-%m-%d %H:%M:%S} UTC"
    mark = f"#{entry.secret.fingerprint()}" if entry.secret is not None else "not readable"
    return f"changed {changed}, written by {clean(writer_of(entry), 60)}, value {mark}"
