"""Counts the entries of every name before the first write of a step and after its last: no step may make a twin.

Of two entries with the same service and name a program gets one by chance, so a credential that was stored beside an
earlier one seems to come back to its old value. The runner gives every step a world whose keychain counts; nothing is
written where the entries can't be counted first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores import Entry, StoreState
from diagnostics.stores.similar import QUARANTINE_SERVICE, UNDO_SERVICE
from diagnostics.stores.windows.entry import COLLECTION as WINDOWS
from diagnostics.text import clean
from recovery.model import RecoveryError
from recovery.ports import Files, Keychain, Processes, RecoveryWorld, SessionBus

_Name = tuple[str, str, str]
"""Service, the attribute that holds the name (`username`, keytar's `account`; on Windows the library), and the name."""


@dataclass(frozen=True, slots=True)
class Census:
    """The entries of the collections that could be read."""

    collections: frozenset[str]
    """Those that were unlocked."""
    names: Mapping[_Name, Sequence[str]]
    """In which collection each entry of a name stands."""

    @classmethod
    def of(cls, keychain: Keychain) -> "Census":
        """Raises RecoveryError where the entries can't be read."""
        names: dict[_Name, list[str]] = {}
        for each in keychain.entries({}):
            if each.secret is not None and each.account_attribute and each.service not in _OURS:
                name = (each.service, _kind_of(each), each.account)
                names.setdefault(name, []).append(each.collection)
        state = keychain.state()
        unlocked = {each.path for each in state.collections if each.exists and not each.locked}
        return cls(frozenset(unlocked.union(*names.values())), names)

    def more_than(self, earlier: "Census", leaving: Sequence[str] = ()) -> list[str]:
        """What has become a twin since, in words; entries that an unlocking brought to light are none.

        In: collections that are `leaving`, whose entries do not count.
        """
        both = (self.collections & earlier.collections).difference(leaving)
        before = Counter({name: _within(both, found) for name, found in earlier.names.items()})
        return [
            f"{_within(both, found)} entries are named {clean(name[2])} ({clean(name[0])}) now, and "
            f"{before[name] or 'none'} before"
            for name, found in self.names.items()
            if _within(both, found) > max(1, before[name])
        ]


class CountingKeychain:
    """Another keychain, which is counted before anything is written to it."""

    def __init__(self, world: RecoveryWorld) -> None:
        self._world = world
        self._before: Census | None = None

    def put(
        self,
        collection: str,
        label: str,
        attributes: Mapping[str, str],
        secret: Secret,
        *,
        replace: bool = True,
    ) -> str:
        """See `recovery.ports.Keychain`."""
        return self._counted().put(collection, label, attributes, secret, replace=replace)

    def set_secret(self, entry: str, secret: Secret) -> None:
        """See `recovery.ports.Keychain`."""
        self._counted().set_secret(entry, secret)

    def delete(self, entry: str) -> None:
        """See `recovery.ports.Keychain`."""
        self._counted().delete(entry)

    def twins_made(self, leaving: Sequence[str] = ()) -> list[str]:
        """What has become a twin since the first write after the last call, in words. Raises RecoveryError."""
        before, self._before = self._before, None
        return [] if before is None else Census.of(self._world.keychain).more_than(before, leaving)

    def _counted(self) -> Keychain:
        keychain = self._world.keychain
        if self._before is None:
            self._before = Census.of(keychain)
        return keychain

    # ── what writes no entry ────────────────────────────────────────────────────────────────────────────────

    def state(self) -> StoreState:
        """See `recovery.ports.Keychain`."""
        return self._world.keychain.state()

    def start_provider(self) -> int:
        """See `recovery.ports.Keychain`."""
        return self._world.keychain.start_provider()

    def unlock(self, collection: str, password: Secret) -> None:
        """See `recovery.ports.Keychain`."""
        self._world.keychain.unlock(collection, password)

    def lock(self, collection: str) -> None:
        """See `recovery.ports.Keychain`."""
        self._world.keychain.lock(collection)

    def create(self, password: Secret, label: str = "login") -> str:
        """See `recovery.ports.Keychain`."""
        return self._world.keychain.create(password, label)

    def remove_collection(self, collection: str) -> None:
        """See `recovery.ports.Keychain`."""
        self._world.keychain.remove_collection(collection)

    def change_password(self, collection: str, old: Secret, new: Secret) -> None:
        """See `recovery.ports.Keychain`."""
        self._world.keychain.change_password(collection, old, new)

    def set_default(self, collection: str) -> None:
        """See `recovery.ports.Keychain`."""
        self._world.keychain.set_default(collection)

    def entries(self, attributes: Mapping[str, str]) -> Sequence[Entry]:
        """See `recovery.ports.Keychain`."""
        return self._world.keychain.entries(attributes)


class CountingWorld:
    """Another world, whose keychain counts."""

    def __init__(self, world: RecoveryWorld) -> None:
        self._world = world
        self.keychain = CountingKeychain(world)

    @property
    def host(self) -> Host:
        """See `recovery.ports.RecoveryWorld`."""
        return self._world.host

    @host.setter
    def host(self, host: Host) -> None:
        self._world.host = host

    @property
    def bus(self) -> SessionBus:
        """The bus."""
        return self._world.bus

    @property
    def processes(self) -> Processes:
        """The processes."""
        return self._world.processes

    @property
    def files(self) -> Files:
        """The files."""
        return self._world.files

    def use_bus(self, address: str | None) -> None:
        """See `recovery.ports.RecoveryWorld.use_bus`."""
        self._world.use_bus(address)

    def refuse_twins(self, leaving: Sequence[str] = ()) -> None:
        """Raises RecoveryError where what was written since the last call made a twin."""
        made = self.keychain.twins_made(leaving)
        if made:
            raise RecoveryError(f"{'; '.join(made)}: which one a program gets would be chance")


def _kind_of(entry: Entry) -> str:
    """What else tells entries of one name apart: on Windows each library has a place of its own for it."""
    if entry.collection == WINDOWS and entry.account_attribute == "account":
        return entry.attributes.get("application", entry.account_attribute)
    return entry.account_attribute


_OURS = frozenset({UNDO_SERVICE, QUARANTINE_SERVICE})
"""Services whose entries no program asks for."""


def _within(collections: frozenset[str], found: Sequence[str]) -> int:
    return sum(each in collections for each in found)
