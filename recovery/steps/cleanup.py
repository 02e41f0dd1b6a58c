"""Steps that clean up entries where they stand: mended in place, set aside, or made one of several.

An entry is found by its attributes and place, and its value is read anew when a step is done: nothing of a value is in
the journal. What is replaced or deleted is kept in the same keychain before anything is written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.text import clean
from recovery.entry_writing import shown, verify_written, write
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.quarantine import mark, quarantined
from recovery.steps.entry import TWIN
from recovery.undo_copies import copies, forget, is_sealed, keep, make_sure_it_shows, own, restore, seal


@dataclass(frozen=True, slots=True)
class MendEntry:
    """Writes the value that was meant in place of a damaged one; attributes, label and place stay as they are."""

    kind: ClassVar[str] = "mend-entry"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    attributes: Mapping[str, str]
    damage: str
    """What is wrong with it, in words."""
    env_name: str
    """The variable that the value is for, "" = not known."""
    same: int
    """How many entries have its name: neither more nor fewer afterwards."""
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Repair {_named(self.attributes)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says what goes away; refuses where nothing would."""
        self._repaired(self._entry(world))
        return [
            Change(_named(self.attributes), clean(self.damage), "as it was meant; the earlier value is kept")
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps the damaged value and gives the entry the repaired one."""
        entry = self._entry(world)
        new = self._repaired(entry)
        self._count(world)
        try:
            keep(world, self.undo_id, [entry])
            seal(world, self.undo_id, entry.collection, new)
            world.keychain.set_secret(entry.path, new)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"undo_id": self.undo_id}

    def verify(self, world: RecoveryWorld) -> None:
        """It holds what was written, and no other entry came or went."""
        if not is_sealed(world, self.undo_id, self._entry(world).secret):
            raise RecoveryError(f"{_named(self.attributes)} does not hold what was written")
        self._count(world)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Gives it its earlier value back, unless it was changed meanwhile."""
        before = copies(world, self.undo_id)
        if before:
            entry = self._entry(world)
            if entry.secret != before[0].secret:
                if not is_sealed(world, self.undo_id, entry.secret):
                    raise RecoveryError(
                        "the entry was changed by someone else meanwhile, so it is left as it is"
                    )
                world.keychain.set_secret(entry.path, before[0].secret)
        forget(world, self.undo_id)

    def _entry(self, world: RecoveryWorld) -> Entry:
        return _found(world, self.path, self.attributes)

    def _count(self, world: RecoveryWorld) -> None:
        now = sum(
            _name_of(each.attributes) == _name_of(self.attributes) for each in world.keychain.entries({})
        )
        if now != self.same:
            raise RecoveryError(f"{now} entries are named {_named(self.attributes)} by now: look again")

    def _repaired(self, entry: Entry) -> Secret:
        from diagnostics.tokens.hygiene import repaired

        new = repaired(entry.secret, self.env_name or None) if entry.secret is not None else None
        if new is None or new == entry.secret:
            raise RecoveryError(f"what {_named(self.attributes)} should be is not certain any more")
        return new


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """Sets a damaged entry aside inside the keychain, where no program finds it, with why and when."""

    kind: ClassVar[str] = "quarantine-entry"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    attributes: Mapping[str, str]
    why: str
    quarantine_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Set {_named(self.attributes)} aside"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says where it goes."""
        self._entry(world)
        after = "set aside in the keychain, where no program finds it; it can be brought back"
        return [Change(_named(self.attributes), clean(self.why), after)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Writes the copy, reads it back, then deletes the original."""
        entry = self._entry(world)
        if entry.secret is None:
            raise RecoveryError("the keychain is locked: unlock it first")
        label, attributes = quarantined(self.quarantine_id, entry.label, entry.attributes, self.why)
        try:
            if not self._aside(world):
                world.keychain.put(entry.collection, label, attributes, entry.secret)
            if [each.secret for each in self._aside(world)] != [entry.secret]:
                raise RecoveryError("what was set aside can't be read back, so nothing was deleted")
            world.keychain.delete(entry.path)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"quarantine_id": self.quarantine_id}

    def verify(self, world: RecoveryWorld) -> None:
        """It is aside, and no longer where it was."""
        if len(self._aside(world)) != 1:
            raise RecoveryError(f"{_named(self.attributes)} was not set aside")
        if any(each.path == self.path and _is(each, self.attributes) for each in world.keychain.entries({})):
            raise RecoveryError(f"{_named(self.attributes)} is still where it was")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts it back as it was, unless its name was given a new value meanwhile."""
        aside = self._aside(world)
        make_sure_it_shows(world, aside)
        if not aside:
            return
        there = [each for each in world.keychain.entries({}) if _is(each, self.attributes)]
        like = [each for each in there if each.secret == aside[0].secret]
        if there and not like:
            raise RecoveryError(
                f"{_named(self.attributes)} was stored anew meanwhile, so it is left as it is"
            )
        if not like:
            try:
                original = json.loads(aside[0].attributes["original"])
                label, attributes = str(original["label"]), dict(original["attributes"])
            except (KeyError, ValueError, TypeError) as error:
                raise RecoveryError("what was set aside is not what mcp-doctor wrote") from error
            secret = aside[0].secret
            if secret is None:
                raise RecoveryError("the keychain is locked: unlock it first")
            world.keychain.put(aside[0].collection, label, attributes, secret, replace=False)
        for each in aside:
            world.keychain.delete(each.path)

    def _entry(self, world: RecoveryWorld) -> Entry:
        return _found(world, self.path, self.attributes)

    def _aside(self, world: RecoveryWorld) -> list[Entry]:
        return list(world.keychain.entries(mark(self.quarantine_id)))


@dataclass(frozen=True, slots=True)
class MergeAlike:
    """Makes one entry of several that have the same name and the same value."""

    kind: ClassVar[str] = "merge-alike"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    service: str
    username: str
    count: int
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        if self.count == 1:
            return f"Write {shown(self.service, self.username)} anew, as the keyring library does"
        return f"Make one entry of {self.count} {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Refuses where they differ by now."""
        self._alike(world)
        if self.count == 1:
            named = shown(self.service, self.username)
            return [
                Change(
                    named,
                    "bytes of another library",
                    "the same value; the earlier bytes are kept for an undo",
                )
            ]
        after = "one, written so that every program finds it; the others are kept for an undo"
        return [Change(shown(self.service, self.username), f"{self.count} entries, all alike", after)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps copies of all, writes the value once, deletes the rest."""
        found = self._alike(world)
        value = found[0].secret
        if value is None:
            raise RecoveryError("the keychain is locked: unlock it first")
        return write(world, self.service, self.username, self.undo_id, found, value)

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds the value."""
        verify_written(world, self.service, self.username, self.undo_id)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts all of them back."""
        restore(world, self.undo_id, self._all(world))

    def _alike(self, world: RecoveryWorld) -> list[Entry]:
        found = self._all(world)
        if len(found) != self.count or len({each.secret for each in found}) != 1:
            raise RecoveryError(f"the entries {shown(self.service, self.username)} were changed: look again")
        return found

    def _all(self, world: RecoveryWorld) -> list[Entry]:
        return list(world.keychain.entries({"service": self.service, "username": self.username}))


@dataclass(frozen=True, slots=True)
class KeepOneOf:
    """Of several entries of one name, under whichever attribute, keeps the one that was chosen."""

    kind: ClassVar[str] = "keep-one-of"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (TWIN,)

    service: str
    username: str
    count: int
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Keep one of {self.count} entries {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says how many go."""
        found = self._all(world)
        if len(found) != self.count:
            raise RecoveryError(
                f"{len(found)} entries are named {shown(self.service, self.username)} by now: look again"
            )
        after = "the one you choose; the others are kept in the keychain for an undo"
        return [Change(shown(self.service, self.username), f"{len(found)} entries", after)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps copies of all, writes the chosen value, deletes the rest."""
        found = self._all(world)
        wanted = answers.get(TWIN)
        chosen = next((each for each in found if wanted == Secret(each.path)), None)
        if chosen is None or chosen.secret is None or len(found) != self.count:
            raise RecoveryError("the entries were changed, or can't be read: look again")
        return write(world, self.service, self.username, self.undo_id, found, chosen.secret)

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds the chosen value."""
        verify_written(world, self.service, self.username, self.undo_id)
        if len(self._all(world)) != 1:
            raise RecoveryError(f"several entries are still named {shown(self.service, self.username)}")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts all of them back."""
        restore(world, self.undo_id, self._all(world))

    def _all(self, world: RecoveryWorld) -> list[Entry]:
        of_service = world.keychain.entries({"service": self.service})
        return [each for each in of_service if each.account == self.username]


def _found(world: RecoveryWorld, path: str, attributes: Mapping[str, str]) -> Entry:
    """The entry at its place, or the only one with its attributes (another daemon may number differently)."""
    same = [each for each in world.keychain.entries({}) if _is(each, attributes)]
    there = [each for each in same if each.path == path] or same
    if len(there) != 1:
        count = "no entry is" if not there else f"{len(there)} entries are"
        raise RecoveryError(f"{count} named {_named(attributes)} by now: look again")
    return there[0]


def _is(entry: Entry, attributes: Mapping[str, str]) -> bool:
    return own(entry.attributes) == own(attributes)


def _name_of(attributes: Mapping[str, str]) -> tuple[str, str]:
    return attributes.get("service", ""), attributes.get("username", attributes.get("account", ""))


def _named(attributes: Mapping[str, str]) -> str:
    service, account = _name_of(attributes)
    return shown(service, account)
