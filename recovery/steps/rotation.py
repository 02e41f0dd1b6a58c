"""Replacing one token by another, in every entry that holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.text import clean
from recovery.entry_writing import shown
from recovery.model import Answers, Change
from recovery.ports import RecoveryWorld
from recovery.steps.entry import SetEntry


@dataclass(frozen=True, slots=True)
class RotateEntry(SetEntry):
    """Writes the new token in place of the old one, which stays in the keychain for an undo."""

    kind: ClassVar[str] = "rotate-entry"

    affected: tuple[tuple[str, str, str], ...] = ()
    """What else the preview tells: who uses the token and where else it stands; each as what, before, after."""
    afterwards: tuple[str, ...] = ()
    """Lines for the person once the token is replaced."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Replace {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """The entry, and what is touched by it. Refuses twins, as its parent does."""
        others = [Change(*(clean(each, 200) for each in line)) for line in self.affected]
        return [*SetEntry.preview(self, world), *others]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps the old, writes the new, and says what the person does now."""
        kept = SetEntry.apply(self, world, answers)
        return {**kept, "tell": "\n".join(self.afterwards)} if self.afterwards else kept
