"""Steps about one entry of the keychain. Each keeps what it replaces or deletes until it is taken back.

An entry is written with the attributes that the keyring library itself would use, so that the library finds and
replaces it; a differently attributed entry of the same name would be a twin, and which twin answers is chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.text import clean
from recovery.entry_writing import default, make_sure_it_fits, matches, only, shown, verify_written, write
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.undo_copies import keep, own, restore

TOKEN = "token"  # noqa: S105 - the name of an answer
TWIN = "twin"


@dataclass(frozen=True, slots=True)
class SetEntry:
    """Stores a value under a name, in place of the earlier one if there is one."""

    kind: ClassVar[str] = "set-entry"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (TOKEN,)

    service: str
    username: str
    undo_id: str
    one: bool = False
    """Whether several entries of that name become this one; else they are refused."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Store {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says what is replaced. Refuses twins."""
        found = self._found(world)
        before = (
            "none" if not found else "a value" if len(found) == 1 else f"{len(found)} entries of that name"
        )
        return [
            Change(
                shown(self.service, self.username),
                before,
                "the value you give"
                + ("; the earlier one is kept in the keychain for an undo" if found else ""),
            )
        ]

    def make_sure_of(self, world: RecoveryWorld, answers: Answers) -> None:
        """Refuses a value that this system's store would not take."""
        make_sure_it_fits(world, self.service, self.username, answers.get(TOKEN) or Secret(""))

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps the old, writes the new, deletes what else had the name."""
        value = answers.get(TOKEN)
        if not value:
            raise RecoveryError("there is no value to store")
        return write(world, self.service, self.username, self.undo_id, self._found(world), value)

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds what was written."""
        verify_written(world, self.service, self.username, self.undo_id)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts the earlier value back, unless the entry was changed meanwhile."""
        restore(world, self.undo_id, matches(world, self.service, self.username))

    def _found(self, world: RecoveryWorld) -> list[Entry]:
        found = matches(world, self.service, self.username)
        if len(found) > 1 and not self.one:
            raise RecoveryError(
                f"{len(found)} entries are named {shown(self.service, self.username)}, and which one a program "
                "gets is chance: keep one of them first"
            )
        return found


@dataclass(frozen=True, slots=True)
class RepairEntry:
    """Writes the value that was meant in place of a damaged one."""

    kind: ClassVar[str] = "repair-entry"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    service: str
    username: str
    damage: str
    """What is wrong with it, in words."""
    env_name: str
    """The variable that the value is for, "" = not known; a value of the form NAME=… is told by it."""
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Repair {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says what goes away; refuses where nothing would."""
        entry = self._entry(world)
        self._repaired(entry)
        what = f"damaged: {clean(self.damage)}"
        return [
            Change(
                shown(self.service, self.username),
                what,
                "the value as it was meant; the earlier one is kept",
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps the damaged value and writes the repaired one."""
        entry = self._entry(world)
        return write(world, self.service, self.username, self.undo_id, [entry], self._repaired(entry))

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds what was written."""
        verify_written(world, self.service, self.username, self.undo_id)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts the earlier value back."""
        restore(world, self.undo_id, matches(world, self.service, self.username))

    def _entry(self, world: RecoveryWorld) -> Entry:
        return only(matches(world, self.service, self.username), shown(self.service, self.username))

    def _repaired(self, entry: Entry) -> Secret:
        from diagnostics.tokens.hygiene import repaired

        new = repaired(entry.secret, self.env_name or None) if entry.secret is not None else None
        if new is None or new == entry.secret:
            raise RecoveryError(
                f"what {shown(self.service, self.username)} should be is not certain any more"
            )
        return new


@dataclass(frozen=True, slots=True)
class CopyEntry:
    """Writes an entry's value again under the name that is looked for; the other one stays as it is."""

    kind: ClassVar[str] = "copy-entry"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    source: Mapping[str, str]
    """The attributes of the entry that is there."""
    service: str
    username: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Copy the entry to {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Refuses where the name is taken or the source is not one entry."""
        self._make_sure(world)
        return [
            Change(shown(self.service, self.username), "none", "the value of " + self._named()),
            Change(self._named(), "there", "stays as it is, for the programs that use it"),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Copies it."""
        entry = self._make_sure(world)
        if entry.secret is None:
            raise RecoveryError("the keychain is locked: unlock it first")
        return write(world, self.service, self.username, self.undo_id, [], entry.secret)

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds what was written."""
        verify_written(world, self.service, self.username, self.undo_id)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Deletes the copy, unless it was changed meanwhile."""
        restore(world, self.undo_id, matches(world, self.service, self.username))

    def _named(self) -> str:
        account = self.source.get("username", self.source.get("account", ""))
        return shown(self.source.get("service", ""), account)

    def _make_sure(self, world: RecoveryWorld) -> Entry:
        if matches(world, self.service, self.username):
            raise RecoveryError(f"{shown(self.service, self.username)} is there by now: look again")
        source = own(self.source)
        same = [each for each in world.keychain.entries(source) if own(each.attributes) == source]
        found = only(same, self._named())
        make_sure_it_fits(world, self.service, self.username, found.secret or Secret(""))
        return found


@dataclass(frozen=True, slots=True)
class DeleteEntry:
    """Deletes every entry of a name."""

    kind: ClassVar[str] = "delete-entry"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    service: str
    username: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Delete {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Refuses where there is none."""
        found = self._found(world)
        before = "one entry" if len(found) == 1 else f"{len(found)} entries"
        return [Change(shown(self.service, self.username), before, "none; kept in the keychain for an undo")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps copies, then deletes."""
        found = self._found(world)
        try:
            keep(world, self.undo_id, found)
            for entry in found:
                world.keychain.delete(entry.path)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"undo_id": self.undo_id}

    def verify(self, world: RecoveryWorld) -> None:
        """None is left."""
        if matches(world, self.service, self.username):
            raise RecoveryError(f"{shown(self.service, self.username)} is still there")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts them back, unless the name was given a new value meanwhile."""
        restore(world, self.undo_id, matches(world, self.service, self.username))

    def _found(self, world: RecoveryWorld) -> list[Entry]:
        default(world)
        found = matches(world, self.service, self.username)
        if not found:
            raise RecoveryError(f"there is no {shown(self.service, self.username)}")
        return found


@dataclass(frozen=True, slots=True)
class KeepOneTwin:
    """Of several entries of one name, keeps the one that the person chose."""

    kind: ClassVar[str] = "keep-one-twin"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (TWIN,)

    service: str
    username: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Keep one entry {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says how many go."""
        found = matches(world, self.service, self.username)
        return [
            Change(
                shown(self.service, self.username),
                f"{len(found)} entries",
                "the one you choose; the others are kept in the keychain for an undo",
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps copies of all, writes the chosen value, deletes the rest."""
        found = matches(world, self.service, self.username)
        wanted = answers.get(TWIN)
        chosen = next((each for each in found if wanted == Secret(each.path)), None)
        if chosen is None or chosen.secret is None:
            raise RecoveryError("the chosen entry is gone or can't be read: look again")
        return write(world, self.service, self.username, self.undo_id, found, chosen.secret)

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds the chosen value."""
        verify_written(world, self.service, self.username, self.undo_id)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts all of them back."""
        restore(world, self.undo_id, matches(world, self.service, self.username))
