"""What the keychains of a user look like, put together from what the calls told. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from diagnostics.model import Session
from diagnostics.stores.macos.child import States
from diagnostics.stores.macos.parsing import Settings
from diagnostics.stores.macos.status import INVALID_KEYCHAIN, NO_SUCH_KEYCHAIN, named
from diagnostics.stores.state import BusState, CollectionState, ProviderState, StoreState

PROVIDER = "security"
"""Name of the provider in a `StoreState` of macOS: no daemon of ours to start or end."""
_HAS_SCREEN = 0x10
_REMOTE = 0x1000
_UNLOCKED = 1
_DAMAGE = {INVALID_KEYCHAIN, -26275}


@dataclass(frozen=True, slots=True)
class Keychain:
    """One keychain file."""

    path: str
    exists: bool = True
    damage: str = ""
    """What is wrong with the file, "" = nothing that shows."""
    locked: bool | None = None
    """None = could not find out."""
    settings: Settings | None = None
    """None = not told."""

    @property
    def label(self) -> str:
        """Its name as Keychain Access shows it."""
        return label_of(self.path)


@dataclass(frozen=True, slots=True)
class Picture:
    """The keychains that this user's programs work with."""

    searched: tuple[str, ...] = ()
    """Paths in which a program looks that names no keychain, in this order."""
    default: str = ""
    """Path to which new entries go, "" = none."""
    keychains: tuple[Keychain, ...] = ()
    """The searched ones, and the default one."""
    session: str = "unknown"
    """`screen` (a question could be put), `ssh`, `background` (a launchd job, cron), or `unknown`."""
    login: str = ""
    """Path where the login keychain is, whether it is searched or not."""
    trouble: str = ""
    """Why nothing could be found out, "" = it could."""

    def keychain(self, path: str) -> Keychain | None:
        """The one with this path."""
        return next((each for each in self.keychains if each.path == path), None)

    def state(self) -> StoreState:
        """As the rest of the program knows stores."""
        collections = tuple(
            CollectionState(each.path, each.label, bool(each.locked), exists=each.exists and not each.damage)
            for each in self.keychains
        )
        default = next((each for each in collections if each.path == self.default), None)
        one = self.keychain(self.default)
        unknown = one is not None and one.exists and not one.damage and one.locked is None
        not_told = "macOS did not tell whether the default keychain is locked" if unknown else ""
        return StoreState(
            bus=BusState(None, "none", has_display=self.session == "screen"),
            provider=ProviderState(installed=True, running=True, program=PROVIDER),
            default=default,
            collections=collections,
            alias=self.default or "/",
            error=self.trouble or not_told,
            searched=self.searched,
        )


def label_of(path: str) -> str:
    """`login` of `…/login.keychain-db`."""
    return PurePosixPath(path).name.removesuffix("-db").removesuffix(".keychain")


def picture_of(
    searched: Sequence[str],
    default: str,
    login: str,
    files: Mapping[str, str | None],
    states: States | None,
    settings: Mapping[str, Settings],
    session: Session,
) -> Picture:
    """Puts it together.

    In: `files` = what is wrong with each file, "" = nothing, None = it is not there; `states` = None where the framework
    told nothing; `settings` of the keychains that were asked.
    """
    paths = list(dict.fromkeys([*searched, *([default] if default else [])]))
    found = tuple(_keychain(each, files.get(each, ""), states, settings.get(each)) for each in paths)
    where = _session(states.session if states else None, session)
    return Picture(tuple(searched), default, found, where, login)


def _keychain(path: str, file: str | None, states: States | None, settings: Settings | None) -> Keychain:
    status, bits = states.keychains.get(path, (-1, 0)) if states else (-1, 0)
    if file is None or status == NO_SUCH_KEYCHAIN:
        return Keychain(path, exists=False)
    damage = file or (named(status) if status in _DAMAGE else "")
    locked = None if status or damage else not bits & _UNLOCKED
    return Keychain(path, True, damage, locked, settings)


def _session(bits: int | None, session: Session) -> str:
    if bits is None:
        return "ssh" if session is Session.SSH else "unknown"
    if bits & _HAS_SCREEN:
        return "screen"
    return "ssh" if bits & _REMOTE or session is Session.SSH else "background"
