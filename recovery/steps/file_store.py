"""The step about the encrypted store for hosts without a keychain."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.stores.choice import choice_of, settings_text
from diagnostics.stores.file_store import store_path
from diagnostics.text import clean
from recovery.files import failed, sweep, sync_folder
from recovery.model import Answers, Change, RecoveryError, Risk
from recovery.ports import RecoveryWorld


@dataclass(frozen=True, slots=True)
class ChooseFileStore:
    """Writes the settings file that chooses the encrypted file as the store, also for clients without a shell."""

    kind: ClassVar[str] = "choose-file-store"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    settings: str
    identity: str
    makes_store: bool = True
    """Whether the same remedy makes the store: then an undo must not put entries that came later out of sight."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Choose the encrypted file store"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says what every program gets from then on."""
        self._make_sure(world)
        return [
            Change(
                "where credentials are looked up",
                "in the system's keychain",
                "in the encrypted store, and only there",
            ),
            Change(f"the settings file {clean(self.settings)}", "none", "says so, and where the key is"),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Writes it; one that a crash left behind is gone on with."""
        if not self._stands():
            self._make_sure(world)
            folder = Path(self.settings).parent
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise failed("made", clean(str(folder)), error) from error
            sweep(Path(self.settings))
            world.files.write(self.settings, settings_text(self.identity).encode())
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """The choice is seen."""
        choice = choice_of(world.host)
        if choice is None or choice.trouble or choice.identity != self.identity:
            raise RecoveryError(choice.trouble if choice and choice.trouble else "the choice is not seen")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Deletes the settings file, unless it was changed meanwhile."""
        sweep(Path(self.settings))  # the trail lets one operation run at a time
        if not os.path.lexists(self.settings):
            return
        if not self._stands():
            raise RecoveryError(f"{clean(self.settings)} was changed meanwhile, so it is left as it is")
        if self.makes_store and os.path.lexists(store_path(world.host)):
            raise RecoveryError(
                "the encrypted store is still there, and would be out of sight: its choice stays"
            )
        try:
            Path(self.settings).unlink()
            sync_folder(Path(self.settings).parent)
        except OSError as error:
            raise failed("deleted", clean(self.settings), error) from error

    def _stands(self) -> bool:
        try:
            return Path(self.settings).read_bytes() == settings_text(self.identity).encode()
        except OSError:
            return False

    def _make_sure(self, world: RecoveryWorld) -> None:
        choice = choice_of(world.host)
        if choice is not None:
            raise RecoveryError(f"a store was chosen already, by {choice.by}")
        if os.path.lexists(self.settings):
            raise RecoveryError(f"{clean(self.settings)} is there already")


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
