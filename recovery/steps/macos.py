"""Steps about the keychains of macOS: search list, new and damaged keychain files, and who may read an entry.

A keychain's file is renamed and never deleted: the key of its entries is in it and nowhere else.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.secret import Secret
from diagnostics.stores.macos.child import Refused, values_of
from diagnostics.stores.macos.looking import damage_of
from diagnostics.stores.macos.parsing import items, partitions
from diagnostics.stores.macos.picture import label_of
from diagnostics.stores.macos.program import ProgramError, ask_security, this_python
from diagnostics.stores.macos.status import named
from diagnostics.stores.macos.store import rights
from diagnostics.stores.similar import UNDO_SERVICE
from diagnostics.text import clean
from recovery.entry_writing import matches, only, shown, verify_written, write
from recovery.keyring_file import free_name
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.steps.keychain import PASSWORD
from recovery.stores.macos.keychain import MacKeychain, default_path, search_list, set_search_list
from recovery.undo_copies import restore


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
class MoveMacKeychainAside:
    """Gives a damaged keychain file another name beside the old one."""

    kind: ClassVar[str] = "move-mac-keychain-aside"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    aside: str
    digest: str
    """SHA-256 of its content in hex."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Move {clean(Path(self.path).name)} aside"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Old name and new name."""
        self._make_sure()
        after = f"{clean(self.aside)}; nothing in it is changed or deleted"
        return [Change("the damaged keychain's file", clean(self.path), after)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Renames it, unless it was changed since it was looked at."""
        self._make_sure()
        world.files.rename(self.path, self.aside)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is there under its new name, byte for byte."""
        if digest_of(self.aside) != self.digest:
            raise RecoveryError(f"{clean(self.aside)} is not what was moved aside")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Gives it its name back, if nothing else has it."""
        if not os.path.lexists(self.aside):
            if os.path.lexists(self.path):
                return
            raise RecoveryError(f"neither {clean(self.path)} nor {clean(self.aside)} is there any more")
        world.files.rename(self.aside, self.path)

    def _make_sure(self) -> None:
        if digest_of(self.path) != self.digest:
            raise RecoveryError(f"{clean(self.path)} was changed since it was looked at: look again")


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


@dataclass(frozen=True, slots=True)
class AllowPython:
    """Puts the signature of this Python on the partition list of an entry. All others stay on it."""

    kind: ClassVar[str] = "allow-python"
    risk: ClassVar[Risk] = Risk.FINAL
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

    keychain: str
    service: str
    username: str
    before: tuple[str, ...]
    partition: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Let this Python read {shown(self.service, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Both lists."""
        what = f"signatures that may read {shown(self.service, self.username)}"
        return [Change(what, ", ".join(map(clean, self.before)), f"these and {clean(self.partition)}")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Sets the list, then reads the entry with questions switched off; where that is refused, puts it back."""
        password = answers.get(PASSWORD)
        if not password:
            raise RecoveryError("the keychain's password is needed for this")
        if partition_list(world, self.keychain, self.service, self.username) != self.before:
            raise RecoveryError("who may read the entry was changed since it was looked at: look again")
        self._set(world, (*self.before, self.partition), password)
        (found,) = values_of(world.host, [(self.service, self.username)])
        if isinstance(found, Refused):
            self._set(world, self.before, password)
            raise RecoveryError(
                f"macOS still refuses ({named(found.status)}): in Keychain Access, open the entry, choose Access "
                f"Control and add {clean(this_python(world.host).paths[-1])}"
            )
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """This Python is given the entry without a question."""
        (found,) = values_of(world.host, [(self.service, self.username)])
        if not isinstance(found, Secret):
            raise RecoveryError(f"{shown(self.service, self.username)} is still not given to this Python")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Can't: the list takes the keychain's password. Says how it is done by hand, where it is still as we left it."""
        now = partition_list(world, self.keychain, self.service, self.username)
        if now != (*self.before, self.partition):
            return
        raise RecoveryError(
            "this Python may read the entry from now on; to take that back: security "
            f"set-generic-password-partition-list -S '{clean(','.join(self.before))}' -s '{clean(self.service)}' "
            f"-a '{clean(self.username)}' {clean(self.keychain)}"
        )

    def _set(self, world: RecoveryWorld, wanted: tuple[str, ...], password: Secret) -> None:
        MacKeychain(world).allow(self.keychain, self.service, self.username, wanted, password)


@dataclass(frozen=True, slots=True)
class RewriteEntry:
    """Stores an entry's own value again, so that macOS takes this Python for its maker."""

    kind: ClassVar[str] = "rewrite-entry"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    service: str
    username: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Store {shown(self.service, self.username)} again from this Python"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """The value stays."""
        what = shown(self.service, self.username)
        return [Change(what, "stored by another program", "the same value, stored by this Python")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps a copy in the keychain, writes, and reads back."""
        entry = only(matches(world, self.service, self.username), shown(self.service, self.username))
        if entry.secret is None:
            raise RecoveryError(
                "macOS does not give the entry's value to this Python, so it is left as it is"
            )
        return write(world, self.service, self.username, self.undo_id, [entry], entry.secret)

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds what was written."""
        verify_written(world, self.service, self.username, self.undo_id)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Makes sure that the value is there, and lets the copy go."""
        restore(world, self.undo_id, matches(world, self.service, self.username))


def partition_list(world: RecoveryWorld, keychain: str, service: str, username: str) -> tuple[str, ...]:
    """The partition list of an entry in an open keychain. Raises RecoveryError where it has none, or can't be read."""
    _, one = rights(world.host, keychain, service, username, this_python(world.host))
    found = partitions(one.access) if one is not None and one.access is not None else None
    if found is None:
        raise RecoveryError(f"who may read {shown(service, username)} could not be found out")
    return found


def digest_of(path: str) -> str:
    """SHA-256 of a file in hex, "" where it can't be read or is no plain file."""
    if Path(path).is_symlink():
        return ""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


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
