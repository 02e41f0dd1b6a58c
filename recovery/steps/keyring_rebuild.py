"""Steps that rebuild a keychain from its damaged file, which was moved aside.

Everything that is saved is read from that file, and only in memory, so each step can be done again after a crash.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.stores.keyring_file import KeyringFileError, parse_header
from diagnostics.stores.similar import UNDO_SERVICE, md5_of
from diagnostics.text import clean, entry_count
from recovery.keyring_file import collection_named, content_of
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.salvage.clear_part import read_clear_part
from recovery.salvage.salvage import HEALING_SECONDS, Salvage, SavedItem, Verdict, salvage
from recovery.steps.keychain import PASSWORD
from recovery.undo_copies import own

DAMAGED_PASSWORD = "damaged-password"  # noqa: S105 - the name of an answer
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class TrySalvage:
    """Reads the damaged file with its password, in memory, before anything is touched."""

    kind: ClassVar[str] = "try-salvage"
    risk: ClassVar[Risk] = Risk.SAFE
    needs: ClassVar[tuple[str, ...]] = (DAMAGED_PASSWORD,)

    path: str
    digest: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Read what can be saved of {clean(Path(self.path).name)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says how many entries it held."""
        content = content_of(self.path, self.digest)
        clear = read_clear_part(content)
        if clear is None or not clear.places:
            raise RecoveryError(f"nothing in {clean(self.path)} can be read any more, with no password")
        count = f"{entry_count(len(clear.items))}, as far as its readable part tells"
        return [Change(f"the damaged file {clean(self.path)}", count, "read in memory; it stays as it is")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Refuses a wrong password, and a file that is whole."""
        content = content_of(self.path, self.digest)
        found = _salvaged(content, answers, seconds=0.0)
        if found.verdict is Verdict.WHOLE:
            try:
                parse_header(content)
            except KeyringFileError:
                return {}
            raise RecoveryError("the file is whole and the password is right: there is nothing to rebuild")
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """Nothing was changed."""

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Nothing was changed."""


@dataclass(frozen=True, slots=True)
class CreateNamed:
    """Creates a keychain in the place of one whose file was moved aside."""

    kind: ClassVar[str] = "create-named-keychain"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

    label: str
    answer: str = PASSWORD
    """Which answer is its password."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Create the keychain “{clean(self.label)}”"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says that nothing is ended."""
        provider = world.keychain.state().provider
        whose = "the same password" if self.answer == DAMAGED_PASSWORD else "the password you choose"
        said = Change(f"the keychain “{clean(self.label)}”", "damaged", f"a new one, unlocked, with {whose}")
        runs = "runs on: no other keychain is locked by this"
        return [said, Change(f"{clean(provider.program)}, process {provider.pid}", "running", runs)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Creates it; one that a crash left behind is gone on with."""
        password = answers.get(self.answer)
        if not password:
            raise RecoveryError("the keychain's password is needed for this")
        there = collection_named(world, self.label)
        if there is None:
            return {"collection": world.keychain.create(password, self.label)}
        world.keychain.unlock(there.path, password)
        return {"collection": there.path}

    def verify(self, world: RecoveryWorld) -> None:
        """It is there and unlocked."""
        there = collection_named(world, self.label)
        if there is None or there.locked:
            raise RecoveryError(f"the keychain “{clean(self.label)}” is not there, or locked")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Its file is moved aside when the old one gets its name back."""


@dataclass(frozen=True, slots=True)
class CreateLike(CreateNamed):
    """As `CreateNamed`, with the password of the damaged file."""

    kind: ClassVar[str] = "create-like-damaged"
    needs: ClassVar[tuple[str, ...]] = (DAMAGED_PASSWORD,)

    answer: str = DAMAGED_PASSWORD


@dataclass(frozen=True, slots=True)
class ImportSalvaged:
    """Writes what can be saved of a damaged file into the new keychain: every program's entries, as they were."""

    kind: ClassVar[str] = "import-salvaged"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    brings_back: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = (DAMAGED_PASSWORD,)

    source: str
    """The damaged file, where it is now."""
    digest: str
    label: str
    """The keychain's."""
    undo_id: str
    known: tuple[str, ...] = ()
    """Names that the configs refer to: a lost entry of one of them is recognised by its digest."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Write what could be saved into the new keychain"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """In words; how many is known when the password is."""
        return [
            Change(
                f"entries of “{clean(self.label)}”",
                "in the damaged file",
                "those that prove to be whole are written with their labels and attributes; the others are named",
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """What is there already (a crash came before) is not written twice; a newer value of the same entry stays."""
        found = _salvaged(content_of(self.source, self.digest), answers)
        there = collection_named(world, self.label)
        if there is None or there.locked:
            raise RecoveryError(f"the keychain “{clean(self.label)}” is not there, or locked")
        try:
            newer = _import(world, there.path, found.saved)
            self._mark(world, there.path)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"tell": "\n".join(_told(found, newer, self.source, self.known))}

    def verify(self, world: RecoveryWorld) -> None:
        """The mark that is written last is there."""
        if not world.keychain.entries(self._mark_attributes()):
            raise RecoveryError("not everything that could be saved is in the new keychain")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """The whole keychain is moved aside when the old file gets its name back."""

    def _mark(self, world: RecoveryWorld, collection: str) -> None:
        if not world.keychain.entries(self._mark_attributes()):
            attributes = self._mark_attributes() | {"application": "mcp-doctor"}
            world.keychain.put(
                collection, "mcp-doctor saved the entries of a damaged file", attributes, Secret("done")
            )

    def _mark_attributes(self) -> dict[str, str]:
        return {"service": UNDO_SERVICE, "username": f"{self.undo_id}/imported"}


def _salvaged(content: bytes, answers: Answers, seconds: float = HEALING_SECONDS) -> Salvage:
    password = answers.get(DAMAGED_PASSWORD)
    if not password:
        raise RecoveryError("the password of the damaged keychain is needed for this")
    found = salvage(content, password, seconds)
    if not found.password_fits:
        raise RecoveryError(
            "the password is not the right one for this file, or so much of it is damaged that nothing can be saved"
        )
    return found


def _import(world: RecoveryWorld, collection: str, saved: Sequence[SavedItem]) -> list[SavedItem]:
    """Out: those of which the keychain holds another value, which stays. What was written is read back."""
    there = Counter(_key(each.attributes, each.secret) for each in _in(world, collection))
    ours = {_key(each.attributes, each.secret) for each in saved}
    taken = {attributes for attributes, secret in there if (attributes, secret) not in ours}
    newer: list[SavedItem] = []
    for each in saved:
        key = _key(each.attributes, each.secret)
        if there[key]:
            there[key] -= 1
        elif key[0] in taken:
            newer.append(each)
        else:
            world.keychain.put(collection, each.label, each.attributes, each.secret, replace=False)
    now = Counter(_key(each.attributes, each.secret) for each in _in(world, collection))
    wanted = Counter(_key(each.attributes, each.secret) for each in saved if each not in newer)
    if wanted - now:
        raise RecoveryError(f"{(wanted - now).total()} entries that were written can't be read back")
    return newer


def _in(world: RecoveryWorld, collection: str) -> list[Entry]:
    return [each for each in world.keychain.entries({}) if each.collection == collection]


_Key = tuple[tuple[tuple[str, str], ...], Secret | None]


def _key(attributes: Mapping[str, str], secret: Secret | None) -> _Key:
    return tuple(sorted(own(attributes).items())), secret


def _told(found: Salvage, newer: Sequence[SavedItem], source: str, known: Sequence[str]) -> list[str]:
    written = len(found.saved) - len(newer)
    lines = [f"{written} {'entry was' if written == 1 else 'entries were'} saved and read back."]
    if newer:
        lines.append(f"{len(newer)} stayed as they are: the keychain has a newer value of them.")
    if found.lost:
        digests = {md5_of(name): name for name in known}
        lost = [digests.get(each.attributes.get("username", ""), "") for each in found.lost]
        both = dict.fromkeys([*filter(None, lost), *found.lost_names])
        named = [clean(each, 80) for each in both][:_MOST_NAMED]
        lines.append(
            f"{len(found.lost)} could not be saved{': ' + ', '.join(named) if named else ''}. "
            "Bring them back from a backup, if there is one, or store them anew:"
        )
        lines += ["$ mcp-doctor backup list", "$ mcp-doctor fix"]
    lines.append(f"The damaged file is kept: {clean(source)}")
    return lines
