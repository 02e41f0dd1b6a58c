"""Steps about files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.text import clean
from recovery.model import Answers, Change, RecoveryError, Risk
from recovery.ports import RecoveryWorld


@dataclass(frozen=True, slots=True)
class SetMode:
    """Gives a file or folder of this user the permissions it needs."""

    kind: ClassVar[str] = "set-mode"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    mode: int
    previous: int

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Set the permissions of {clean(self.path)} to {self.mode:04o}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [Change(f"permissions of {clean(self.path)}", f"{self.previous:04o}", f"{self.mode:04o}")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Changes them."""
        world.files.chmod(self.path, self.mode)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """They are so."""
        if world.files.mode(self.path) != self.mode:
            raise RecoveryError(f"the permissions of {clean(self.path)} did not change")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Changes them back, unless someone else set others meanwhile."""
        now = world.files.mode(self.path)
        if now == self.previous:
            return
        if now != self.mode:
            raise RecoveryError(
                f"the permissions of {clean(self.path)} were changed by someone else meanwhile"
            )
        world.files.chmod(self.path, self.previous)
