"""From a survey of the keychain's entries to remedies: what is certain in one go, and what the person decides one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diagnostics.check import checks_from
from diagnostics.context import SERVICE, Context
from diagnostics.model import Stage
from diagnostics.stores import Entry
from diagnostics.survey import Duplicates, Misspelt, Survey, Surveyed, left_behind_words, survey
from diagnostics.text import clean
from recovery.entries import new_undo_id
from recovery.entry_writing import default
from recovery.model import Ask, AskKind, Remedy, Step
from recovery.ports import RecoveryWorld
from recovery.steps.cleanup import KeepOneOf, MendEntry, MergeAlike, QuarantineEntry
from recovery.steps.entry import TOKEN, TWIN, CopyEntry, SetEntry
from recovery.twins import Asked, answers, judged, words_of

_A_TIME = 25
"""Steps of one operation: its plan is one record of the trail, and what fails takes the others of it back."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is wrong, and what can be done about it, the likeliest first."""

    name: str
    faults: tuple[str, ...]
    certain: Step | None
    """What is done without a question."""
    remedies: tuple[Remedy, ...]
    """What the person may choose."""


def look(world: RecoveryWorld, context: Context) -> Survey:
    """Reads every entry afresh.

    Raises:
        RecoveryError: the default keychain is missing, locked or out of reach.
    """
    default(world)
    return survey(world.keychain.entries({}), context)


def items_of(found: Survey, ask: Asked | None = None) -> list[Item]:
    """Everything that is wrong, in the order in which it should be mended: of twins none is repaired before one is kept.

    In: `ask` = providers may be asked which of two values is right; None = they are not.
    """
    twins = {entry.path for group in found.duplicates for entry in group.entries}
    items = [_of_duplicates(each, ask) for each in found.duplicates]
    counts: dict[str, int] = {}
    for each in found.entries:
        counts[each.name] = counts.get(each.name, 0) + 1
    items += [
        _of_entry(each, counts[each.name])
        for each in found.entries
        if each.faults and each.entry.path not in twins
    ]
    items += [_of_left_behind(each) for each in found.left_behind if each.secret is not None]
    return [*items, *(_of_misspelt(each) for each in found.misspelt)]


def together(items: Sequence[Item]) -> Iterator[Remedy]:
    """One remedy for all that is certain, or several where there is much."""
    steps = [each.certain for each in items if each.certain is not None]
    for start in range(0, len(steps), _A_TIME):
        part = steps[start : start + _A_TIME]
        count = "one entry" if len(part) == 1 else f"{len(part)} entries"
        why = (
            "Only what is certain: what can't belong to a credential is taken away, and entries that are alike become one. "
            "Every earlier value is kept inside the keychain until you take this back."
        )
        yield _remedy("cleanup", f"Clean up {count}", why, tuple(part))


def _of_entry(found: Surveyed, same: int) -> Item:
    entry, words = found.entry, " ".join(found.faults)
    mend = MendEntry(entry.path, dict(entry.attributes), words, found.env_name, same, new_undo_id())
    aside = QuarantineEntry(entry.path, dict(entry.attributes), words, new_undo_id())
    ask = Ask(TOKEN, AskKind.TOKEN, f"New value for {clean(found.name)}", provider=found.provider)
    remedies = []
    if found.can_be_repaired:
        why = "What probably does not belong to it is taken away. The earlier value is kept for an undo."
        remedies.append(_remedy("mend-entry", mend.title, why, (mend,)))
    if entry.account_attribute == "username" and found.outcome != "not-a-login":
        why = "The damaged one is set aside inside the keychain; what you type is checked and stored under its name."
        steps = (aside, SetEntry(SERVICE, found.name, new_undo_id()))
        remedies.append(_remedy("replace-entry", f"Replace {clean(found.name)}", why, steps, (ask,)))
    why = "It stays in the keychain, where no program finds it, with a note of why and when. It can be brought back."
    remedies.append(_remedy("quarantine-entry", aside.title, why, (aside,)))
    return Item(found.name, found.faults, mend if found.is_certain else None, tuple(remedies))


def _of_duplicates(found: Duplicates, ask: Asked | None) -> Item:
    if found.alike and not found.accounts:
        step = MergeAlike(SERVICE, found.name, len(found.entries), new_undo_id())
        why = "They hold the same value, so nothing is lost; the others are kept for an undo."
        return Item(found.name, (found.words,), step, (_remedy("merge-alike", step.title, why, (step,)),))
    said = answers(found.entries, found.env_name, ask)
    choices = tuple((each.path, words_of(each)) for each in found.entries)
    hint = "The same mark means the same value; the values themselves are not shown."
    question = Ask(TWIN, AskKind.CHOICE, f"Which {clean(found.name)} is the right one?", hint, choices)
    question = judged(question, found.entries, said)
    keep = KeepOneOf(SERVICE, found.name, len(found.entries), new_undo_id())
    why = "One entry stays, written so that every program finds it. The others are kept inside the keychain for an undo."
    if found.accounts:
        why += " A Node program that reads the attribute “account” no longer finds one under this name."
    faults = (found.words, *(words for _, words in question.choices))
    return Item(found.name, faults, None, (_remedy("keep-one-of", keep.title, why, (keep,), (question,)),))


def _of_left_behind(entry: Entry) -> Item:
    words = left_behind_words()
    step = QuarantineEntry(entry.path, dict(entry.attributes), words, new_undo_id())
    why = "It stays in the Credential Manager, where no program finds it. It can be brought back."
    title = f"Set {clean(entry.path)} aside"
    return Item(entry.path, (words,), None, (_remedy("quarantine-entry", title, why, (step,)),))


def _of_misspelt(found: Misspelt) -> Item:
    step = CopyEntry(dict(found.entry.attributes), SERVICE, found.wanted, new_undo_id())
    why = "Its value is written under that name as well. Nothing is deleted: other programs may use the old name."
    return Item(
        found.entry.account or found.entry.label,
        (found.words,),
        None,
        (_remedy("copy-entry", step.title, why, (step,)),),
    )


def _remedy(name: str, title: str, why: str, steps: tuple[Step, ...], asks: tuple[Ask, ...] = ()) -> Remedy:
    return Remedy(name, clean(title), why, "", steps, asks, checks_from(Stage.LOOKUP))
