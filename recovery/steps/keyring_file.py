"""Steps that give a keychain's file another name: a damaged one is moved aside, never deleted, and a second one takes
its place. Taking back is a matter of names alone: what stands there goes aside, the old file gets its name back.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.stores import CollectionState, StoreState
from diagnostics.stores.keyring_file import KeyringFileError, read_bytes, read_header
from diagnostics.stores.similar import UNDO_SERVICE, md5_of
from diagnostics.text import clean, entry_count
from recovery.keyring_file import DAEMON, LOGIN, free_name, is_legible
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk, UnavailableError
from recovery.ports import RecoveryWorld
from recovery.salvage.clear_part import read_clear_part
from recovery.steps.moved_aside import MovedAside


@dataclass(frozen=True, slots=True)
class MoveKeyringAside(MovedAside):
    """Gives a damaged keychain file another name, under which the daemon passes it over."""

    kind: ClassVar[str] = "move-keyring-aside"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """The rebuilt file goes aside too, and the old one gets its name back. Nothing is deleted.

        The daemon still holds the rebuilt keychain under that name, and the next write by any program would put it in
        place of the old file. It is locked first: then the daemon takes no write, and unlocking reads the old file.
        """
        if self._is_back():
            return self._forget_rebuilt(world)
        if os.path.lexists(self.path):
            _refuse_later_entries(self.path, self.aside)
            self._lock_rebuilt(world)
            world.files.rename(self.path, free_name(self.path, "rebuilt"))
        world.files.rename(self.aside, self.path)
        return self._forget_rebuilt(world)

    def _what(self) -> str:
        if Path(self.path).is_symlink():
            target = clean(str(Path(self.path).readlink()))
            return f"the link to {target} (which stays as it is)"
        return "the keychain's file"

    def make_sure(self, world: RecoveryWorld) -> None:
        """See `MovedAside`."""
        MovedAside.make_sure(self, world)
        if is_legible(self.path) and not Path(self.path).is_symlink():
            for _ in self._open_collections(world):
                raise RecoveryError(
                    f"the keychain of {clean(Path(self.path).name)} is open and works, so its file is left alone"
                )

    def _lock_rebuilt(self, world: RecoveryWorld) -> None:
        for each in self._open_collections(world):
            world.keychain.lock(each.path)
        if self._open_collections(world):
            name = clean(Path(self.path).name)
            raise UnavailableError(f"the keychain of {name} does not lock, so its file is left as it is")

    def _forget_rebuilt(self, world: RecoveryWorld) -> None:
        """A daemon goes on showing a keychain whose file it can't read: unlocking it fails, and so would rebuilding."""
        state = world.keychain.state()
        shown = any(each.exists for each in self._collections(state))
        if shown and not is_legible(self.path) and state.provider.program == DAEMON:
            _end(world)
            world.keychain.start_provider()

    def _open_collections(self, world: RecoveryWorld) -> list[CollectionState]:
        """Those of this file that the daemon would write to."""
        found = self._collections(world.keychain.state())
        return [each for each in found if each.exists and not each.locked]

    def _collections(self, state: StoreState) -> list[CollectionState]:
        from recovery.salvage.look import file_of

        folder, name = Path(self.path).parent, Path(self.path).name
        return [each for each in state.collections if file_of(folder, each.path).name == name]


@dataclass(frozen=True, slots=True)
class PromoteKeyring:
    """A keychain that got the file `login_1` because `login` was taken gets its proper name; the daemon reads anew."""

    kind: ClassVar[str] = "promote-keyring"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    second: str
    path: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Give {clean(Path(self.second).name)} its proper name"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Names the process that ends, both names, and what it means for others."""
        provider = world.keychain.state().provider
        self._make_sure(world)
        return [
            Change(
                f"{clean(provider.program)}, process {provider.pid}",
                "running",
                "ended; a fresh one is started",
            ),
            Change("the keychain's file", clean(self.second), clean(self.path)),
            Change("keychains of every other program", "as they are", "locked until they are unlocked again"),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Ends the daemon, renames, starts; whoever starts the daemon meanwhile (the bus does on demand) is outwaited."""
        self._make_sure(world)
        _end(world)
        try:
            world.files.rename(self.second, self.path)
            _start_with_login(world)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """The file has its name, and the daemon has read it."""
        if os.path.lexists(self.second) or not os.path.lexists(self.path):
            raise RecoveryError(f"{clean(self.second)} does not have its proper name")
        if not _has_login(world):
            raise RecoveryError("the keyring daemon has not read the keychain")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Gives it back its other name, the daemon ended meanwhile."""
        if os.path.lexists(self.second) or not os.path.lexists(self.path):
            return
        _end(world)
        world.files.rename(self.path, self.second)
        world.keychain.start_provider()

    def _make_sure(self, world: RecoveryWorld) -> None:
        state = world.keychain.state()
        if state.provider.running and state.provider.program != DAEMON:
            raise RecoveryError(f"{clean(state.provider.program)} keeps the keychain, not {DAEMON}")
        if state.provider.sharers:
            pids = ", ".join(map(str, state.provider.sharers))
            raise RecoveryError(
                f"another session's keyring daemon (process {pids}) uses the same files: log out there"
            )
        if not is_legible(self.second):
            raise RecoveryError(f"{clean(self.second)} is damaged as well, so it is left as it is")


def _refuse_later_entries(path: str, aside: str) -> None:
    """What was stored since would be out of sight."""
    try:
        now = read_header(Path(path)).items
    except KeyringFileError:
        return
    try:
        clear = read_clear_part(read_bytes(Path(aside)))
    except KeyringFileError:
        clear = None
    before = [dict(each.attributes) for each in clear.items] if clear else []
    mine = md5_of(UNDO_SERVICE)
    later = [
        each
        for each in now
        if each.attributes.get("service") != mine and _plain(each.attributes) not in map(_plain, before)
    ]
    if later:
        raise RecoveryError(
            f"the new keychain has {entry_count(len(later))} by now that the old one did not have, and that would be out "
            "of sight, so it is left as it is"
        )


def _plain(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if name != "xdg:schema"}


def _end(world: RecoveryWorld) -> None:
    provider = world.keychain.state().provider
    if provider.running and provider.pid:
        world.processes.end(provider.pid, DAEMON)


def _start_with_login(world: RecoveryWorld) -> None:
    """A daemon that the bus started before the file had its name has not read it."""
    for _ in range(3):
        world.keychain.start_provider()
        if _has_login(world):
            return
        _end(world)
    raise RecoveryError("the keyring daemon does not load the keychain")


def _has_login(world: RecoveryWorld) -> bool:
    return any(each.path == LOGIN and each.exists for each in world.keychain.state().collections)
