"""Steps about the keychain itself: unlock it, create it, choose the default one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.secret import Secret
from diagnostics.stores import CollectionState
from diagnostics.text import clean
from recovery.model import Answers, Change, RecoveryError, Risk, UnavailableError
from recovery.ports import RecoveryWorld

PASSWORD = "password"  # noqa: S105 - the name of an answer


@dataclass(frozen=True, slots=True)
class Unlock:
    """Unlocks the default keychain with the password that was given."""

    kind: ClassVar[str] = "unlock"
    risk: ClassVar[Risk] = Risk.SAFE
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

    collection: str = ""
    """Its address; "" = whichever is the default when the step is done."""
    label: str = "login"

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Unlock the keychain “{clean(self.label)}”"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [
            Change(
                f"the keychain “{clean(self.label)}”", "locked", "unlocked until you log out or it is locked"
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Unlocks it; one that is unlocked already takes no password (the daemon would not check it)."""
        found = self._target(world)
        if not found.locked:
            return {"collection": found.path, "was": "unlocked"}
        world.keychain.unlock(found.path, _password(answers))
        return {"collection": found.path, "was": "locked"}

    def verify(self, world: RecoveryWorld) -> None:
        """It is unlocked."""
        if self._target(world).locked:
            raise RecoveryError("the keychain is still locked")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Locks it again, if it was us who unlocked it."""
        if kept.get("was") == "locked":
            world.keychain.lock(kept["collection"])

    def _target(self, world: RecoveryWorld) -> CollectionState:
        state = world.keychain.state()
        found = state.default
        if self.collection:
            found = next((each for each in state.collections if each.path == self.collection), found)
        if found is None or not found.exists or (self.collection and found.path != self.collection):
            raise RecoveryError(f"there is no keychain “{clean(self.label)}” to unlock" + _why(state.error))
        return found


@dataclass(frozen=True, slots=True)
class Create:
    """Creates the keychain `login` with a password of the person's choice; it becomes the default by its name."""

    kind: ClassVar[str] = "create-keychain"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Create the keychain “login”"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [Change("the keychain “login”", "none", "a new, empty one, unlocked, with your password")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Creates it; refuses where one, or a file of one, is there."""
        return {"collection": world.keychain.create(_password(answers))}

    def verify(self, world: RecoveryWorld) -> None:
        """It is there and unlocked."""
        state = world.keychain.state()
        if not any(each.exists and not each.locked and each.label == "login" for each in state.collections):
            raise RecoveryError("the keychain was created but is not there" + _why(state.error))

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Takes it away again as long as it is empty; after a crash, the one of that name, which there was none of."""
        state = world.keychain.state()
        if not state.provider.running:
            raise UnavailableError("no keyring daemon runs that could take it away")
        there = [each.path for each in state.collections if each.exists and each.label == "login"]
        for each in there:
            if each == kept.get("collection", each):
                world.keychain.remove_collection(each)


@dataclass(frozen=True, slots=True)
class SetDefault:
    """Makes an existing keychain the one that programs use."""

    kind: ClassVar[str] = "set-default"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    collection: str
    label: str
    previous: str
    """Address that was the default, "/" = none."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Make “{clean(self.label)}” the default keychain"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        before = "none" if self.previous == "/" else clean(self.previous.rpartition("/")[2])
        return [Change("the default keychain", before, clean(self.label))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Sets the alias."""
        world.keychain.set_default(self.collection)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """The alias names it and it is there."""
        found = world.keychain.state().default
        if found is None or found.path != self.collection or not found.exists:
            raise RecoveryError("the default keychain is not the chosen one")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Names the earlier one again, unless someone chose a third meanwhile."""
        found = world.keychain.state().default
        if found is not None and found.path == self.previous:
            return
        if found is not None and found.path != self.collection:
            raise RecoveryError("another keychain was made the default meanwhile")
        world.keychain.set_default(self.previous)


def _password(answers: Answers) -> Secret:
    if PASSWORD not in answers:
        raise RecoveryError("the keychain's password is needed for this")
    return answers[PASSWORD]


def _why(error: str) -> str:
    return f" ({clean(error)})" if error else ""
