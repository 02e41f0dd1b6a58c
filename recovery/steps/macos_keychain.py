"""Steps about the keychains of macOS as files: the search list, a new one, a damaged one.

A keychain's file is copied and renamed, never deleted: the key of its entries is in it and nowhere else.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.stores.macos.looking import damage_of
from diagnostics.stores.macos.parsing import items
from diagnostics.stores.macos.picture import label_of
from diagnostics.stores.macos.program import ProgramError, ask_security
from diagnostics.stores.similar import UNDO_SERVICE
from diagnostics.text import clean
from recovery.files import sweep
from recovery.keyring_file import content_of, digest_of, free_name
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.steps.keychain import PASSWORD
from recovery.steps.moved_aside import MovedAside
from recovery.stores.macos.keychain import default_path, search_list, set_search_list


@dataclass(frozen=True, slots=True)
class SetSearchList:
    """Makes the search list hold what it lacks. Everything that is on it stays, in its order."""

    kind: ClassVar[str] = "set-mac-search-list"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def title(self) -> str:
        """See `Step`."""
        added = ", ".join(clean(label_of(each)) for each in self.after if each not in self.before)
        return f"Put {added or 'the keychains'} on the search list"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Both lists."""
        before = ", ".join(map(clean, self.before)) or "none"
        return [Change("keychains that programs look in", before, ", ".join(map(clean, self.after)))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Refuses where someone changed the list meanwhile: setting it replaces the whole of it."""
        now = tuple(search_list(world.host))
        if now not in {self.before, self.after}:
            raise RecoveryError("the search list was changed since it was looked at: look again")
        set_search_list(world.host, self.after)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is as it was meant."""
        if tuple(search_list(world.host)) != self.after:
            raise RecoveryError("the search list is not as it was set")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts the earlier list back."""
        now = tuple(search_list(world.host))
        if now == self.before:
            return
        if now != self.after:
            raise RecoveryError(
                "the search list was changed by someone else meanwhile, so it is left as it is"
            )
        if not self.before:
            raise RecoveryError(
                "the search list was empty, which would hide every keychain: it is left as it is"
            )
        set_search_list(world.host, self.before)


@dataclass(frozen=True, slots=True)
class MoveMacKeychainAside(MovedAside):
    """Gives a damaged keychain file another name, once a copy of it is on the disk.

    A program that has the old file open goes on writing into it under its new name; the copy stays what was found.
    """

    kind: ClassVar[str] = "move-mac-keychain-aside"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    @property
    def copy(self) -> str:
        """Where the copy is. It stays, also when the step is taken back."""
        return f"{self.aside}.copy"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Both names, and the copy."""
        copied = Change("a copy of the damaged keychain's file", "none", clean(self.copy))
        return [copied, *MovedAside.preview(self, world)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Copies, compares, and only then renames."""
        self.make_sure(world)
        sweep(Path(self.copy))
        if digest_of(self.copy) != self.digest:
            if os.path.lexists(self.copy):
                raise RecoveryError(f"{clean(self.copy)} is there already, and is another file: look again")
            world.files.write(self.copy, content_of(self.path, self.digest))
            if digest_of(self.copy) != self.digest:
                raise RecoveryError(f"the copy {clean(self.copy)} is not what was copied: nothing was moved")
        return MovedAside.apply(self, world, {})

    def verify(self, world: RecoveryWorld) -> None:
        """It is there under its new name, and so is its copy, byte for byte."""
        MovedAside.verify(self, world)
        if digest_of(self.copy) != self.digest:
            raise RecoveryError(f"{clean(self.copy)} is not a copy of what was moved aside")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Gives it its name back, if nothing else has it."""
        sweep(Path(self.copy))
        MovedAside.undo(self, world, kept)

    def make_sure(self, world: RecoveryWorld) -> None:
        """See `MovedAside`."""
        MovedAside.make_sure(self, world)
        if not self.digest or Path(self.path).is_symlink():
            raise RecoveryError(f"{clean(self.path)} is a link, or can't be read: it is left as it is")


@dataclass(frozen=True, slots=True)
class CreateMacKeychain:
    """Creates a keychain where there is none of that name, and keeps the search list otherwise as it is."""

    kind: ClassVar[str] = "create-mac-keychain"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

    path: str
    searched: tuple[str, ...]
    """The search list before."""
    default: str
    """The default keychain before, "" = none."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Create the keychain “{clean(label_of(self.path))}”"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """What is made, and where programs look afterwards."""
        made = Change(f"the keychain “{clean(label_of(self.path))}”", "none", "a new, empty one, unlocked")
        if self.path in self.searched:
            return [made]
        after = ", ".join(map(clean, (*self.searched, self.path)))
        return [made, Change("keychains that programs look in", ", ".join(map(clean, self.searched)), after)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Creates it; one that a crash left behind is refused, and taken back by `undo`."""
        password = answers.get(PASSWORD)
        if not password:
            raise RecoveryError("the new keychain's password is needed for this")
        if os.path.lexists(self.path):
            raise RecoveryError(f"{clean(self.path)} is there already: it is never written over")
        try:
            world.keychain.create(password, label_of(self.path))
            set_search_list(world.host, self._after())
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is there, unlocked, and on the search list with all the others."""
        one = next((each for each in world.keychain.state().collections if each.path == self.path), None)
        if one is None or not one.exists or one.locked:
            raise RecoveryError(f"the keychain “{clean(label_of(self.path))}” is not there, or locked")
        if not set(self._after()) <= set(search_list(world.host)):
            raise RecoveryError("the search list lost a keychain")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Moves it aside again as long as nothing was stored in it; search list and default are what they were."""
        if os.path.lexists(self.path):
            held = _entries_in(world, self.path)
            if held:
                raise RecoveryError(f"the new keychain holds {held} entries by now, so it is left as it is")
            world.files.rename(self.path, free_name(self.path, "unused"))
        now = tuple(search_list(world.host))
        if self.searched and now != self.searched and set(now) <= {*self.searched, self.path}:
            set_search_list(world.host, self.searched)
        if default_path(world.host) == self.path and self.default != self.path:
            world.keychain.set_default(self.default or "/")

    def _after(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.searched, self.path)))


def _entries_in(world: RecoveryWorld, path: str) -> int:
    """How many entries of other programs, or of ours that are no copies for an undo, a keychain holds."""
    if damage_of(Path(path)):
        return 0
    try:
        told = ask_security(world.host, "dump-keychain", path)
    except ProgramError as error:
        raise RecoveryError(clean(str(error))) from None
    if told.code:
        raise RecoveryError(f"what the new keychain holds could not be found out: {told.said}")
    return sum(each.service != UNDO_SERVICE for each in items(told.output))
