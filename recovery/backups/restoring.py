"""Plans a restore from a backup that was opened: the diff, what is done about differences, and the remedy for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from diagnostics.secret import Secret
from diagnostics.text import clean
from recovery.backups.comparison import Compared, State, chosen, compare
from recovery.backups.content import written
from recovery.backups.error import BackupError, Reason
from recovery.backups.key import Key
from recovery.backups.opening import Opened
from recovery.entries import new_undo_id
from recovery.model import Answers, Ask, AskKind, Change, Remedy
from recovery.ports import RecoveryWorld
from recovery.steps.backup import OPENED, PASSPHRASE, RestoreEntries

_AT_ONCE = 100
"""Entries a step: each step is told of while it runs, and its record stays short."""
_MOST = 3000
"""Entries of one restore; its plan must fit into one record of the audit trail."""


class OnConflict(StrEnum):
    """What is done about an entry that the keychain has with another value."""

    SKIP = "skip"
    OVERWRITE = "overwrite"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """A restore as it would be done."""

    opened: Opened
    found: tuple[Compared, ...]
    """Every chosen entry, in the backup's order."""
    on_conflict: OnConflict
    remedy: Remedy
    """Without steps where there is nothing to do."""

    def answers(self, key: Key) -> Answers:
        """What the remedy's steps read. In: the key that opened the backup; nothing more needs to be asked."""
        opened = {OPENED: written(self.opened.backup, on_one_line=True)}
        return opened | {PASSPHRASE: key} if isinstance(key, Secret) else opened

    def changes(self) -> list[Change]:
        """The diff: every entry by its name, without values."""
        return [
            Change(_named(each), *_WORDS[each.state], *_after(each.state, self.on_conflict))
            for each in self.found
        ]

    def count(self, state: State) -> int:
        """How many stand so."""
        return sum(each.state is state for each in self.found)


def plan_restore(
    opened: Opened,
    world: RecoveryWorld,
    *,
    names: Sequence[str] = (),
    numbers: Sequence[int] | None = None,
    on_conflict: OnConflict = OnConflict.FAIL,
    identities: Sequence[Path] = (),
    finding: str = "",
) -> RestorePlan:
    """Compares a backup with the keychain and says what a restore would do. Changes nothing.

    In: `names` of chosen entries, or their `numbers` in the backup; all without either. `identities` = the private
    keys that opened it (to finish after a crash), none where a passphrase did.

    Raises:
        BackupError: INCOMPLETE, a name is not in the backup or it is more than can be done at once.
        RecoveryError: the keychain can't be reached, is missing or is locked.
    """
    found = chosen(compare(opened.backup, world), names)
    if numbers is not None:
        wanted = set(numbers)
        found = [each for each in found if each.number in wanted]
    new = [each.number for each in found if each.state is State.NEW]
    changed = (
        [each.number for each in found if each.state is State.DIFFERS]
        if on_conflict is OnConflict.OVERWRITE
        else []
    )
    if len(new) + len(changed) > _MOST:
        raise BackupError(Reason.INCOMPLETE, f"more than {_MOST} entries are restored in parts: name them")
    path, keys = str(opened.path.absolute()), tuple(str(each.absolute()) for each in identities)
    batches = [(each, ()) for each in _batches(new, opened)] + [
        ((), each) for each in _batches(changed, opened)
    ]
    steps = tuple(
        RestoreEntries(path, opened.sha256, some, other, new_undo_id(), keys) for some, other in batches
    )
    ask = Ask(PASSPHRASE, AskKind.PASSWORD, f"Passphrase of the backup {clean(opened.path.name)}")
    remedy = Remedy(
        id="restore-backup",
        title=f"Restore from {clean(opened.path.name)}",
        why=_why(opened, len(new), len(changed)),
        finding=finding,
        steps=steps,
        asks=() if keys else (ask,),
    )
    return RestorePlan(opened, tuple(found), on_conflict, remedy)


def conflicts(plan: RestorePlan) -> list[Compared]:
    """Entries that keep `--on-conflict fail` from doing anything."""
    open_states = {State.SEVERAL, State.UNREADABLE, State.UNFIT}
    if plan.on_conflict is OnConflict.SKIP:
        return []
    if plan.on_conflict is OnConflict.FAIL:
        open_states.add(State.DIFFERS)
    return [each for each in plan.found if each.state in open_states]


def _batches(numbers: Sequence[int], opened: Opened) -> list[tuple[int, ...]]:
    """In parts of about `_AT_ONCE`; entries of one name stay together, for the second would find the first."""
    names = {
        each: (opened.backup.entries[each].service, opened.backup.entries[each].account) for each in numbers
    }
    batches: list[list[int]] = []
    for number in sorted(numbers, key=lambda each: names[each]):
        last = batches[-1] if batches else []
        if not last or (len(last) >= _AT_ONCE and names[last[-1]] != names[number]):
            batches.append([])
        batches[-1].append(number)
    return [tuple(each) for each in batches]


def _why(opened: Opened, new: int, changed: int) -> str:
    made = (
        f"Made {opened.backup.made or 'at an unknown time'} on {opened.backup.host or 'an unknown computer'}."
    )
    parts = []
    if new:
        parts.append(f"writes {new} that the keychain does not have")
    if changed:
        parts.append(f"gives {changed} the backup's value (the earlier one is kept for an undo)")
    return f"{made} It {' and '.join(parts)}." if parts else f"{made} There is nothing to do."


def _named(one: Compared) -> str:
    service = clean(one.entry.service, 100)
    return f"{one.entry.name} ({service})" if service else one.entry.name


_WORDS = {
    State.NEW: ("not in the keychain",),
    State.SAME: ("the same value",),
    State.DIFFERS: ("another value",),
    State.SEVERAL: ("several entries of this name",),
    State.UNREADABLE: ("there, but locked",),
    State.UNFIT: ("this keychain can't hold it",),
}


def _after(state: State, on_conflict: OnConflict) -> tuple[str]:
    if state is State.NEW:
        return ("restored",)
    if state is State.DIFFERS and on_conflict is OnConflict.OVERWRITE:
        return ("the backup's value",)
    if state is State.DIFFERS and on_conflict is OnConflict.FAIL:
        return ("a conflict: choose",)
    return ("stays as it is",)
