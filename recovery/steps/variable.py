"""The steps that move what an env file or a profile sets into the keychain.

First the value is stored, then the entries refer to it (`variable_reference`), and only then the line goes; taken back
in the other order. At any instant the value is in the file or in the keychain, and every step refuses to be taken back
while what it would go back to is not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from diagnostics.secret import MASK, Secret
from diagnostics.text import clean
from recovery.config_file import clear, exchange
from recovery.edit_record import note_edits, noted_edits, take_back
from recovery.entry_writing import default, holds_already, make_sure_it_fits, matches, read_back, shown, write
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.undo_copies import forget, note, noted, restore
from recovery.variable_file import edits_out, lines_of, look_at, value_in

_NOTE = "variable"
_CALLED = "the value from the file"


@dataclass(frozen=True, slots=True)
class StoreVariable:
    """Stores what a file sets a variable to, under a name that is free or holds the same value already."""

    kind: ClassVar[str] = "store-variable"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    dialect: str
    variable: str
    service: str
    username: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Store {clean(self.variable, 60)} as {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Where the value comes from, never the value."""
        default(world)
        value = value_in(world, self.path, self.variable, self.dialect)
        make_sure_it_fits(world, self.service, self.username, value)
        before = "the same value" if holds_already(world, self.service, self.username, value) else "none"
        return [
            Change(
                shown(self.service, self.username), before, f"the value from {clean(self.path, 200)} ({MASK})"
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Notes the value, stores it, and reads it back."""
        collection = default(world)
        value = value_in(world, self.path, self.variable, self.dialect)
        make_sure_it_fits(world, self.service, self.username, value)
        is_there = holds_already(world, self.service, self.username, value)
        try:
            note(world, self.undo_id, collection, _NOTE, value)
            if not is_there:
                write(world, self.service, self.username, self.undo_id, [], value)
            read_back(world, self.service, self.username, value, _CALLED)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"undo_id": self.undo_id}

    def verify(self, world: RecoveryWorld) -> None:
        """The keychain gives the value that was found in the file."""
        value = noted(world, self.undo_id, _NOTE)
        if value is None:
            raise RecoveryError("the value was not stored yet")
        read_back(world, self.service, self.username, value, _CALLED)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Takes the entry out again; refuses unless the file sets the variable to the value as before."""
        default(world)
        value = noted(world, self.undo_id, _NOTE)
        if value is not None:
            if value_in(world, self.path, self.variable, self.dialect) != value:
                raise RecoveryError(f"{clean(self.path)} holds another value by now, so this one is kept")
            restore(world, self.undo_id, matches(world, self.service, self.username))
        forget(world, self.undo_id)

    def recall(self) -> Mapping[str, str]:
        """What `apply` would have returned, where a crash came before that was recorded."""
        return {"undo_id": self.undo_id}


@dataclass(frozen=True, slots=True)
class TakeOutVariables:
    """Takes the lines that set variables out of a file, once the keychain has the values."""

    kind: ClassVar[str] = "take-out-variables"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    dialect: str
    variables: tuple[str, ...]
    usernames: tuple[str, ...]
    service: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Take {clean(', '.join(self.variables), 120)} out of {clean(self.path, 120)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Each line, its value masked."""
        now = look_at(world, self.path)
        edits_out(now, self._named(), self.dialect)
        return [
            Change(
                f"{clean(self.path, 200)}: line {line.number}",
                f"{clean(variable, 60)}={MASK}",
                f"a comment: it is in the keychain as {clean(username, 60)}",
            )
            for variable, username in self._named().items()
            for line in lines_of(now, variable, self.dialect)
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Holds the keychain against the file, notes the way back, edits the file."""
        from recovery.migration import aftermath

        collection = default(world)
        now = look_at(world, self.path)
        values = {each: lines_of(now, each, self.dialect)[0].value for each in self.variables}
        self._kept(world, values)
        edits = edits_out(now, self._named(), self.dialect)
        said = {"values": {name: value.reveal() for name, value in values.items()}}
        try:
            new = note_edits(world, self.undo_id, collection, now, [edits], said)
            exchange(now, new, self._mark, world.host.uid)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        told = [*self._told(world), *aftermath((self.path,), tuple(values.values()), world.host)]
        return {"undo_id": self.undo_id, "tell": "\n".join(told)}

    def verify(self, world: RecoveryWorld) -> None:
        """The file is as it was written, and the keychain has what stood in it."""
        record = self._record(world)
        if record is None:
            raise RecoveryError("the lines were not taken out yet")
        if look_at(world, self.path).digest != record["new"]:
            raise RecoveryError(f"{clean(self.path)} is not as it was written")
        self._kept(world, record["values"])

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts the lines back, to the byte; refuses where the file or the value was changed since."""
        default(world)
        record = self._record(world)
        if record is None:
            forget(world, self.undo_id)
            return
        now = look_at(world, self.path)
        clear(now.path, self._mark)
        if now.digest != record["old"] and not self._never_edited(world, record):
            self._kept(world, record["values"])
            named = ", ".join(shown(self.service, each) for each in self.usernames)
            by_hand = f"The values stay in the keychain as {named}. By hand: set the variables there again"
            take_back(now, record, self._mark, world.host.uid, by_hand)
        forget(world, self.undo_id)

    def recall(self) -> Mapping[str, str]:
        """What `apply` would have returned, where a crash came before that was recorded."""
        return {"undo_id": self.undo_id}

    @property
    def _mark(self) -> str:
        return f"mcp-doctor-{self.undo_id}"

    def _named(self) -> dict[str, str]:
        return dict(zip(self.variables, self.usernames, strict=True))

    def _record(self, world: RecoveryWorld) -> dict[str, Any] | None:
        record = noted_edits(world, self.undo_id)
        if record is None:
            return None
        said = record.get("values")
        if not isinstance(said, dict) or set(said) != set(self.variables):
            raise RecoveryError("what was kept to take it back is damaged")
        return {**record, "values": {name: Secret(str(value)) for name, value in said.items()}}

    def _never_edited(self, world: RecoveryWorld, record: Mapping[str, Any]) -> bool:
        """Whether another program's content stands there, in which the variables are set as before."""
        try:
            found = {each: value_in(world, self.path, each, self.dialect) for each in self.variables}
        except RecoveryError:
            return False
        return bool(found == record["values"])

    def _kept(self, world: RecoveryWorld, values: Mapping[str, Secret]) -> None:
        for variable, username in self._named().items():
            found = matches(world, self.service, username)
            if len(found) != 1 or found[0].secret != values[variable]:
                raise RecoveryError(
                    f"{shown(self.service, username)} holds another value than {clean(self.path)} did, so the file is "
                    "left as it is"
                )

    def _told(self, world: RecoveryWorld) -> list[str]:
        still = [each for each in self.variables if world.host.env.get(each)]
        if not still:
            return []
        named = clean(", ".join(still))
        where = "in this session and in the programs that it started"
        return [f"{named} is still set {where}: it is gone from them when you log out and in again."]


__all__ = ["StoreVariable", "TakeOutVariables"]
