"""The step that moves a credential out of a config into the keychain.

One step, because its two halves are worth nothing alone: a config without its value, or a value beside the config.
The credential is at any instant in the config or in the keychain; what an undo needs is noted inside the keychain
before anything is changed, so no copy of the old file ever lies on the disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from diagnostics.catalog.clients import client
from diagnostics.configs.edit import EditError, Planned, plan
from diagnostics.secret import MASK, Secret
from diagnostics.text import clean
from recovery.config_file import Look, clear, exchange, look
from recovery.edit_record import note_edits, noted_edits, take_back
from recovery.entry_writing import default, make_sure_it_fits, matches, read_back, shown, write
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.undo_copies import forget, restore

NAME = "name"
"""The question whether the entry of that name is replaced, where it holds another value."""
REPLACE = "replace"
BESIDE = "beside"

_CALLED = "the value that stood in the config"


@dataclass(frozen=True, slots=True)
class MoveToKeychain:
    """Stores a config's credential in the keychain and puts a reference in its place."""

    kind: ClassVar[str] = "move-to-keychain"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    notation: str
    client: str
    entry: tuple[str, ...]
    """The way to the server's entry in the config."""
    server: str
    """The id that discovery gave the server."""
    field: str
    service: str
    username: str
    launcher: tuple[str, ...]
    """What starts the launcher, up to `--`; () = the entry starts it already."""
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Move {clean(self.field, 60)} from the config to {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Names the places, never the values."""
        default(world)
        _, planned, value = self._planned(world, self.username)
        here = clean(self.path, 200)
        changes = [self._stored(world, value)]
        changes += [Change(f"{here}: {clean(each, 80)}", MASK, self._reference()) for each in planned.fields]
        if planned.wraps:
            words = " ".join(self.launcher)
            changes.append(
                Change(
                    f"{here}: the command", "the server's own", f"{clean(words)} and then the server's own"
                )
            )
        return changes

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Notes what an undo needs, stores the value, reads it back, and only then edits the config."""
        return self._apply(world, self.username, replaces=False)

    def verify(self, world: RecoveryWorld) -> None:
        """The config is as it was written, and the keychain gives the value that stood in it."""
        record = self._record(world)
        if record is None:
            raise RecoveryError("the credential was not moved yet")
        if self._look(world).digest != record["new"]:
            raise RecoveryError(f"{clean(self.path)} is not as it was written")
        read_back(world, self.service, record["name"], Secret(record["value"]), _CALLED)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Gives the config its old content back to the byte, then the keychain; refuses where either was changed."""
        default(world)
        record = self._record(world)
        if record is None:  # the note comes before any change and goes after every other thing
            if kept and self._is_referred_to(world):
                raise RecoveryError("what is needed to take it back is no longer in the keychain")
            forget(world, self.undo_id)
            return
        now = self._look(world)
        clear(now.path, self._mark)
        if now.digest != record["old"] and not self._never_edited(now, record):
            found = matches(world, self.service, record["name"])
            if any(each.secret != Secret(record["value"]) for each in found):
                raise RecoveryError(
                    f"{shown(self.service, record['name'])} was given another value since, so the config goes on "
                    "referring to it"
                )
            take_back(
                now,
                record,
                self._mark,
                world.host.uid,
                "The entry that it refers to stays too. By hand: put the value of "
                f"{shown(self.service, record['name'])} back in its place in the file",
            )
        restore(world, self.undo_id, matches(world, self.service, record["name"]))
        forget(world, self.undo_id)

    def recall(self) -> Mapping[str, str]:
        """What `apply` would have returned, where a crash came before that was recorded."""
        return {"undo_id": self.undo_id}

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _mark(self) -> str:
        return f"mcp-doctor-{self.undo_id}"

    def _look(self, world: RecoveryWorld) -> Look:
        found = look(self.path, world.host.uid)
        world.files.mode(found.path)  # a world that holds some files only refuses the others
        return found

    def _reference(self, name: str = "") -> str:
        return f"${{SECRET:{name or self.username}}}"

    def _stored(self, world: RecoveryWorld, value: Secret) -> Change:
        found = matches(world, self.service, self.username)
        before = "none" if not found else "the same value" if found[0].secret == value else "another value"
        return Change(shown(self.service, self.username), before, f"the value from the config ({MASK})")

    def _planned(self, world: RecoveryWorld, name: str) -> tuple[Look, Planned, Secret]:
        from diagnostics.configs.variable_edit import server_at
        from recovery.migration import check_launch, literal_at

        before = self._look(world)
        try:
            text = before.text()
            one = client(self.client)
            check_launch(server_at(text, self.notation, one, self.entry, world.host))
            value = literal_at(text, self.notation, one, self.entry, self.field, world.host)
            planned = plan(text, self.notation, one, self.entry, value, self._reference(name), self.launcher)
        except EditError as error:
            raise RecoveryError(f"{clean(self.path)}: {error}") from error
        make_sure_it_fits(world, self.service, name or self.username, value)
        return before, planned, value

    def _apply(self, world: RecoveryWorld, name: str, *, replaces: bool) -> Mapping[str, str]:
        collection = default(world)
        before, planned, value = self._planned(world, name)
        found = matches(world, self.service, name)
        if len(found) > 1:
            raise RecoveryError(
                f"{len(found)} entries are named {shown(self.service, name)}: keep one of them first"
            )
        is_there = bool(found) and found[0].secret == value
        if found and not is_there and not replaces:
            raise RecoveryError(f"{shown(self.service, name)} holds another value by now: look again")
        more = {"name": name, "value": value.reveal()}
        try:
            new = note_edits(world, self.undo_id, collection, before, [planned.edits], more)
            if not is_there:
                write(world, self.service, name, self.undo_id, found, value)
            read_back(world, self.service, name, value, _CALLED)
            exchange(before, new, self._mark, world.host.uid)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"undo_id": self.undo_id, "tell": "\n".join(self._told(world, value))}

    def _record(self, world: RecoveryWorld) -> dict[str, Any] | None:
        record = noted_edits(world, self.undo_id)
        if record is not None and not {"name", "value"} <= record.keys():
            raise RecoveryError("what was kept to take it back is damaged")
        return record

    def _never_edited(self, now: Look, record: Mapping[str, Any]) -> bool:
        """Whether another program's content stands there, with the value still in it and no word of ours."""
        text = now.text()
        return self._reference(record["name"]) not in text and record["value"] in text

    def _is_referred_to(self, world: RecoveryWorld) -> bool:
        text = self._look(world).text()
        return any(
            self._reference(each) in text for each in (self.username, getattr(self, "other", "")) if each
        )

    def _told(self, world: RecoveryWorld, value: Secret) -> list[str]:
        from recovery.migration import aftermath, see_it_start

        start = see_it_start((self.server.partition(":")[2],))
        return [clean(client(self.client).reload), *start, *aftermath((self.path,), (value,), world.host)]


@dataclass(frozen=True, slots=True)
class MoveBesideOrReplace(MoveToKeychain):
    """The same where the name is taken by another value: the person says whether that is replaced."""

    kind: ClassVar[str] = "move-to-keychain-asking"
    needs: ClassVar[tuple[str, ...]] = (NAME,)

    other: str = ""
    """The free name."""

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """As chosen; what is replaced is kept for an undo."""
        if answers.get(NAME) == Secret(REPLACE):
            return self._apply(world, self.username, replaces=True)
        return self._apply(world, self.other, replaces=False)


__all__ = ["BESIDE", "NAME", "REPLACE", "MoveBesideOrReplace", "MoveToKeychain"]
