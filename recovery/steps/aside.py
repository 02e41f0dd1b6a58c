"""The step that moves a token which stands beside a config's entries, in a comment, into the keychain."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from diagnostics.configs.client_file import document_of
from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.text_edit import Edit, edited
from diagnostics.secret import MASK, Secret
from diagnostics.text import clean
from recovery.config_file import Look, clear, exchange
from recovery.edit_record import note_edits, noted_edits, take_back
from recovery.entry_writing import default, holds_already, make_sure_it_fits, matches, read_back, shown, write
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.undo_copies import forget, restore
from recovery.variable_file import look_at

_CALLED = "the token from the comment"


def is_aside(text: str, notation: str, value: Secret) -> bool:
    """Whether a value stands in comments alone: a config without it says the same."""
    try:
        return (
            document_of(edited(text, _edits(text, value, "x")), notation).data
            == document_of(text, notation).data
        )
    except SyntaxProblem:
        return False


@dataclass(frozen=True, slots=True)
class MoveOutOfComment:
    """Stores a token that a comment holds, and leaves the name of its entry there."""

    kind: ClassVar[str] = "move-out-of-comment"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    notation: str
    line: int
    """Where it stands, from 1."""
    number: int
    """Which token of that line, from 0."""
    service: str
    username: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Move the token in line {self.line} of {clean(self.path, 120)} to {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """The line, and what stands in the token's place afterwards."""
        default(world)
        now = look_at(world, self.path)
        value, _ = self._planned(world, now)
        before = "the same value" if holds_already(world, self.service, self.username, value) else "none"
        return [
            Change(shown(self.service, self.username), before, f"the token from the comment ({MASK})"),
            Change(f"{clean(self.path, 200)}: line {self.line}", MASK, self._words),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Notes the way back, stores the token, reads it back, and only then edits the file."""
        from recovery.migration import aftermath

        collection = default(world)
        now = look_at(world, self.path)
        value, edits = self._planned(world, now)
        is_there = holds_already(world, self.service, self.username, value)
        try:
            new = note_edits(world, self.undo_id, collection, now, [edits], {"value": value.reveal()})
            if not is_there:
                write(world, self.service, self.username, self.undo_id, [], value)
            read_back(world, self.service, self.username, value, _CALLED)
            exchange(now, new, self._mark, world.host.uid)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"undo_id": self.undo_id, "tell": "\n".join(aftermath((self.path,), (value,), world.host))}

    def verify(self, world: RecoveryWorld) -> None:
        """The file is as it was written, and the keychain has the token."""
        record = self._record(world)
        if record is None:
            raise RecoveryError("the token was not moved yet")
        if record["value"].reveal() in look_at(world, self.path).text():  # other tokens may have gone since
            raise RecoveryError(f"the token still stands in {clean(self.path)}")
        read_back(world, self.service, self.username, record["value"], _CALLED)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts the token back into the comment, then takes the entry out; refuses where either was changed."""
        default(world)
        record = self._record(world)
        if record is None:
            forget(world, self.undo_id)
            return
        now = look_at(world, self.path)
        clear(now.path, self._mark)
        if now.digest != record["old"]:
            read_back(world, self.service, self.username, record["value"], _CALLED)
            by_hand = f"The token stays in the keychain as {shown(self.service, self.username)}"
            take_back(now, record, self._mark, world.host.uid, by_hand)
        restore(world, self.undo_id, matches(world, self.service, self.username))
        forget(world, self.undo_id)

    def recall(self) -> Mapping[str, str]:
        """What `apply` would have returned, where a crash came before that was recorded."""
        return {"undo_id": self.undo_id}

    @property
    def _mark(self) -> str:
        return f"mcp-doctor-{self.undo_id}"

    @property
    def _words(self) -> str:
        return f"${{SECRET:{self.username}}}"

    def _planned(self, world: RecoveryWorld, now: Look) -> tuple[Secret, list[Edit]]:
        from diagnostics.plain.held import tokens_in

        text = now.text()
        held = [each.value for each in tokens_in(text) if each.line == self.line]
        if self.number >= len(held):
            raise RecoveryError(
                f"{clean(self.path)}: no token stands in line {self.line} any more: look again"
            )
        value = held[self.number]
        if not is_aside(text, self.notation, value):
            raise RecoveryError(
                f"{clean(self.path)}: line {self.line} is no comment but a setting that its program reads. By hand: store the "
                "token with `mcp-secrets set`, and take it out of the file in the program's own settings"
            )
        make_sure_it_fits(world, self.service, self.username, value)
        return value, _edits(text, value, self._words)

    def _record(self, world: RecoveryWorld) -> dict[str, Any] | None:
        record = noted_edits(world, self.undo_id)
        if record is None:
            return None
        if not isinstance(record.get("value"), str):
            raise RecoveryError("what was kept to take it back is damaged")
        return {**record, "value": Secret(record["value"])}


def _edits(text: str, value: Secret, words: str) -> list[Edit]:
    """In the place of the value, wherever it stands."""
    plain = re.escape(value.reveal())
    return [Edit(each.start(), each.end(), words) for each in re.finditer(plain, text)]


__all__ = ["MoveOutOfComment", "is_aside"]
