"""The step about the encrypted store for hosts without a keychain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.text import clean
from recovery.model import Answers, Change, RecoveryError, Risk
from recovery.ports import RecoveryWorld


@dataclass(frozen=True, slots=True)
class CreateFileStore:
    """Makes the encrypted file that the person chose, and its key where there is none."""

    kind: ClassVar[str] = "create-file-store"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    file: str
    identity: str
    mark: str
    """Is written into a new key's file, so that an undo knows it again after a crash."""
    makes_key: bool

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Create the encrypted store" + (" and its key" if self.makes_key else "")

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        key = [Change(f"the key {clean(self.identity)}", "none", "a new one, readable for you alone")]
        store = Change(f"the store {clean(self.file)}", "none", "an empty one, encrypted for the key")
        return [*(key if self.makes_key else ()), store]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Makes them. Neither replaces anything."""
        from recovery.stores.file_store import create_store

        create_store(world.host, self.mark)
        return {"tell": f"Keep a copy of {clean(self.identity)}: without it nobody can open the store"}

    def verify(self, world: RecoveryWorld) -> None:
        """The key opens the store."""
        error = world.keychain.state().error
        if error:
            raise RecoveryError(f"the store was made and can't be opened: {error}")
        world.keychain.entries({})

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Takes both away again as long as the store is empty."""
        from recovery.stores.file_store import take_away_store

        take_away_store(world.host, self.mark if self.makes_key else "")
