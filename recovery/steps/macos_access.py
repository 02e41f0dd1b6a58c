"""The step that lets this Python read an entry of a keychain of macOS again."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.secret import Secret
from diagnostics.stores import StoreError
from diagnostics.stores.macos.child import Read, Refused, values_of
from diagnostics.stores.macos.looking import look
from diagnostics.stores.macos.parsing import partitions
from diagnostics.stores.macos.program import this_python
from diagnostics.stores.macos.status import named
from diagnostics.stores.macos.store import rights
from diagnostics.text import clean
from recovery.entry_writing import shown
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk, UnavailableError
from recovery.ports import RecoveryWorld
from recovery.steps.keychain import PASSWORD
from recovery.stores.macos.keychain import MacKeychain


@dataclass(frozen=True, slots=True)
class AllowPython:
    """Puts the signature of this Python on the partition list of an entry. All others stay on it."""

    kind: ClassVar[str] = "allow-python"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)
    undo_needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

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
        """Sets the list, then reads the entry with questions switched off; where that is refused, `undo` puts it back."""
        password = answers.get(PASSWORD)
        if not password:
            raise RecoveryError("the keychain's password is needed for this")
        if partition_list(world, self.keychain, self.service, self.username) != self.before:
            raise RecoveryError("who may read the entry was changed since it was looked at: look again")
        self._set(world, (*self.before, self.partition), password)
        try:
            found = _read(world, self.service, self.username)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        if isinstance(found, Refused):
            raise HalfDoneError(
                f"macOS still refuses ({named(found.status)}): in Keychain Access, open the entry, choose Access "
                f"Control and add {clean(this_python(world.host).paths[-1])}"
            )
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """This Python is given the entry without a question."""
        if not isinstance(_read(world, self.service, self.username), Secret):
            raise RecoveryError(f"{shown(self.service, self.username)} is still not given to this Python")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Only with the password, where the list is still as we left it."""
        self.undo_with(world, kept, {})

    def undo_with(self, world: RecoveryWorld, kept: Mapping[str, str], answers: Answers) -> None:
        """Puts the earlier list back."""
        now = partition_list(world, self.keychain, self.service, self.username)
        if now == self.before:
            return
        if now != (*self.before, self.partition):
            raise RecoveryError(
                "who may read the entry was changed by someone else meanwhile: it is left as it is"
            )
        password = answers.get(PASSWORD)
        if not password:
            words = ("-S", ",".join(self.before), "-s", self.service, "-a", self.username, self.keychain)
            command = clean(shlex.join(("security", "set-generic-password-partition-list", *words)))
            raise UnavailableError(
                "putting the earlier list back takes the keychain's password, which `mcp-doctor undo` asks for; "
                f"by hand: {command}"
            )
        try:
            self._set(world, self.before, password)
        except RecoveryError as error:
            # A password that was mistyped must not be the end of it: it is asked for again.
            raise UnavailableError(str(error)) from error
        if partition_list(world, self.keychain, self.service, self.username) != self.before:
            raise RecoveryError("macOS did not put the earlier list back")

    def _set(self, world: RecoveryWorld, wanted: tuple[str, ...], password: Secret) -> None:
        MacKeychain(world).allow(self.keychain, self.service, self.username, wanted, password)


def _read(world: RecoveryWorld, service: str, username: str) -> Read:
    try:
        (found,) = values_of(world.host, [(service, username)])
    except StoreError as error:
        raise UnavailableError(clean(str(error))) from error
    return found


def partition_list(world: RecoveryWorld, keychain: str, service: str, username: str) -> tuple[str, ...]:
    """The partition list of an entry. A keychain that is not open is not asked: it would ask back, in a window.

    Raises:
        UnavailableError: its keychain is locked, or does not tell whether it is.
        RecoveryError: it has none, or can't be read.
    """
    state = look(world.host).keychain(keychain)
    if state is None or state.locked is not False:
        raise UnavailableError("the keychain that holds it is locked: `mcp-doctor unlock` unlocks it")
    _, one = rights(world.host, keychain, service, username, this_python(world.host))
    found = partitions(one.access) if one is not None and one.access is not None else None
    if found is None:
        raise RecoveryError(f"who may read {shown(service, username)} could not be found out")
    return found
