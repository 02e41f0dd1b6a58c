"""Steps about a keychain's file that is damaged: it is moved aside, never deleted, and rebuilt beside it.

Everything that is saved is read from the file that was moved aside, and only in memory. So each step can be done again
after a crash, and taking back is a matter of names alone: the rebuilt file goes aside, the old one gets its name back.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.secret import Secret
from diagnostics.stores import CollectionState, Entry
from diagnostics.stores.keyring_file import KeyringFileError, parse_header, read_bytes, read_header
from diagnostics.stores.similar import UNDO_SERVICE, md5_of
from diagnostics.text import clean
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.salvage.clear_part import read_clear_part
from recovery.salvage.salvage import HEALING_SECONDS, Salvage, SavedItem, Verdict, salvage
from recovery.steps.keychain import PASSWORD
from recovery.undo_copies import own

DAEMON = "gnome-keyring-daemon"
DAMAGED_PASSWORD = "damaged-password"  # noqa: S105 - the name of an answer
LOGIN = "/org/freedesktop/secrets/collection/login"
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
        content = _content(self.path, self.digest)
        clear = read_clear_part(content)
        if clear is None or not clear.places:
            raise RecoveryError(f"nothing in {clean(self.path)} can be read any more, with no password")
        count = f"{len(clear.items)} entries, as far as its readable part tells"
        return [Change(f"the damaged file {clean(self.path)}", count, "read in memory; it stays as it is")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Refuses a wrong password, and a file that is whole."""
        content = _content(self.path, self.digest)
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
class MoveKeyringAside:
    """Gives a damaged keychain file another name, under which the daemon passes it over."""

    kind: ClassVar[str] = "move-keyring-aside"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

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
        self._make_sure(world)
        what = "the keychain's file"
        if Path(self.path).is_symlink():
            target = clean(str(Path(self.path).readlink()))
            what = f"the link to {target} (which stays as it is)"
        return [Change(what, clean(self.path), f"{clean(self.aside)}; nothing in it is changed or deleted")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Renames it, unless it was changed since it was looked at."""
        self._make_sure(world)
        world.files.rename(self.path, self.aside)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is there under its new name, byte for byte."""
        if not os.path.lexists(self.aside) or _digest(self.aside) != self.digest:
            raise RecoveryError(f"{clean(self.aside)} is not what was moved aside")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """The rebuilt file goes aside too, and the old one gets its name back. Nothing is deleted."""
        if not os.path.lexists(self.aside):
            if os.path.lexists(self.path):
                return
            raise RecoveryError(f"neither {clean(self.path)} nor {clean(self.aside)} is there any more")
        if os.path.lexists(self.path):
            _refuse_later_entries(self.path, self.aside)
            world.files.rename(self.path, free_name(self.path, "rebuilt"))
        world.files.rename(self.aside, self.path)

    def _make_sure(self, world: RecoveryWorld) -> None:
        if _digest(self.path) != self.digest:
            raise RecoveryError(f"{clean(self.path)} was changed since it was looked at: look again")
        if _is_legible(self.path) and not Path(self.path).is_symlink():
            from recovery.salvage.look import file_of

            for each in world.keychain.state().collections:
                mine = file_of(Path(self.path).parent, each.path).name == Path(self.path).name
                if mine and each.exists and not each.locked:
                    raise RecoveryError(
                        f"the keychain of {clean(Path(self.path).name)} is open and works, so its file is left alone"
                    )


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
        found = _salvaged(_content(self.source, self.digest), answers)
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
        if not _is_legible(self.second):
            raise RecoveryError(f"{clean(self.second)} is damaged as well, so it is left as it is")


def free_name(path: str, word: str) -> str:
    """A name beside it that nothing has, and that the daemon does not load: `login.keyring.damaged-1`."""
    number = 1
    while os.path.lexists(f"{path}.{word}-{number}"):
        number += 1
    return f"{path}.{word}-{number}"


def digest_of(path: str) -> str:
    """SHA-256 of a file's content in hex, links followed; "" where it has none that can be read."""
    return _digest(path)


def collection_named(world: RecoveryWorld, label: str) -> CollectionState | None:
    """The collection with this label; `login` also by its address, which tells while it is locked."""
    found = [each for each in world.keychain.state().collections if each.exists]
    return next(
        (each for each in found if each.label == label or (label == "login" and each.path == LOGIN)), None
    )


def _digest(path: str) -> str:
    try:
        return hashlib.sha256(read_bytes(Path(path))).hexdigest()
    except KeyringFileError:
        return ""


def _is_legible(path: str) -> bool:
    try:
        read_header(Path(path))
    except KeyringFileError:
        return False
    return True


def _content(path: str, digest: str) -> bytes:
    try:
        content = read_bytes(Path(path))
    except KeyringFileError as error:
        raise RecoveryError(f"{clean(path)} can't be read: {clean(str(error))}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise RecoveryError(f"{clean(path)} was changed since it was looked at: look again")
    return content


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
            f"the new keychain has {len(later)} entries by now that the old one did not have: they would be out of "
            "sight, so it is left as it is"
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
