"""What the steps share that give a damaged file another name beside the old one. Nothing in it is changed or deleted."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from diagnostics.text import clean
from recovery.keyring_file import digest_of
from recovery.model import Answers, Change, RecoveryError
from recovery.ports import RecoveryWorld


@dataclass(frozen=True, slots=True)
class MovedAside:
    """A name is all that changes. Heirs say of which kind of file, and what else belongs to it."""

    path: str
    aside: str
    digest: str
    """SHA-256 of its content in hex; "" where it has none (a link that leads nowhere, a folder)."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Move {clean(Path(self.path).name)} aside"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Old name and new name."""
        self.make_sure(world)
        return [
            Change(
                self._what(), clean(self.path), f"{clean(self.aside)}; nothing in it is changed or deleted"
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Renames it, unless it was changed since it was looked at."""
        self.make_sure(world)
        world.files.rename(self.path, self.aside)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is there under its new name, byte for byte."""
        if not os.path.lexists(self.aside) or digest_of(self.aside) != self.digest:
            raise RecoveryError(f"{clean(self.aside)} is not what was moved aside")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Gives it its name back, if nothing else has it."""
        if self._is_back():
            return
        world.files.rename(self.aside, self.path)

    def _what(self) -> str:
        return "the damaged keychain's file"

    def _is_back(self) -> bool:
        """Whether it has its name already. Raises RecoveryError where it has neither."""
        if os.path.lexists(self.aside):
            return False
        if os.path.lexists(self.path):
            return True
        raise RecoveryError(f"neither {clean(self.path)} nor {clean(self.aside)} is there any more")

    def make_sure(self, world: RecoveryWorld) -> None:
        """Raises RecoveryError where it is not what was looked at."""
        if digest_of(self.path) != self.digest:
            raise RecoveryError(f"{clean(self.path)} was changed since it was looked at: look again")
