"""The demo's keychain: in memory, and it shows the same picture as a Secret Service would."""

import dataclasses
import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from diagnostics.context import SERVICE
from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.secret import Secret
from diagnostics.stores import BusState, CollectionState, Entry, ProviderState, StoreError, StoreState

ROOT = "/org/freedesktop/secrets/collection"
LOGIN = f"{ROOT}/login"
PROGRAM = "gnome-keyring-daemon"


class Stand(StrEnum):
    """How far the stand-in has come up."""

    NOT_RUNNING = "not-running"
    MISSING = "missing"
    LOCKED = "locked"
    UNLOCKED = "unlocked"


@dataclass
class Keychain:
    """One keychain named `login`, and the buses it may be reached over. Methods may be called from any thread."""

    stand: Stand
    password: Secret = field(repr=False)
    live: set[str] = field(default_factory=set)
    """Sockets of the buses that are up, in the scene. Nothing really listens there."""
    entries: dict[str, Entry] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1), repr=False)

    def state(self, host: Host) -> StoreState:
        """What a probe would see now from that host."""
        with self._lock:
            bus = self._bus(host)
            if bus.trouble:
                return StoreState(bus, error=bus.said)
            if self.stand is Stand.NOT_RUNNING:
                return StoreState(bus, ProviderState(installed=True))
            provider = ProviderState(installed=True, running=True, program=PROGRAM, uid=host.uid)
            if self.stand is Stand.MISSING:
                return StoreState(bus, provider)
            login = CollectionState(LOGIN, "login", self.stand is Stand.LOCKED, len(self.entries))
            return StoreState(bus, provider, login, (login,))

    def _bus(self, host: Host) -> BusState:
        address = host.env.get("DBUS_SESSION_BUS_ADDRESS")
        usual = str(host.runtime_dir / "bus")
        elsewhere = f"unix:path={usual}" if usual in self.live and address != f"unix:path={usual}" else None
        if address is None:
            said = "DBUS_SESSION_BUS_ADDRESS is not set"
            return BusState(None, "none", "unset", said, live_elsewhere=elsewhere)
        if address.removeprefix("unix:path=") not in self.live:
            said = "nothing listens at the address"
            return BusState(address, "variable", "no-socket", said, live_elsewhere=elsewhere)
        return BusState(address, "variable")

    def read(self) -> Sequence[Entry]:
        """Every entry; without its secret while the keychain is locked.

        Raises:
            StoreError: nothing answers.
        """
        with self._lock:
            if self.stand is Stand.NOT_RUNNING:
                raise StoreError("secret_service_not_provided", "no Secret Service answers")
            if self.stand is Stand.MISSING:
                return ()
            if self.stand is Stand.LOCKED:
                return tuple(
                    dataclasses.replace(each, secret=None, locked=True) for each in self.entries.values()
                )
            return tuple(self.entries.values())

    def unlock(self, password: Secret) -> bool:
        """Whether the keychain is open now: it was, or the password is right."""
        with self._lock:
            if self.stand is Stand.LOCKED and password == self.password:
                self.stand = Stand.UNLOCKED
            return self.stand is Stand.UNLOCKED

    def lock(self) -> None:
        """Closes an open keychain."""
        with self._lock:
            if self.stand is Stand.UNLOCKED:
                self.stand = Stand.LOCKED

    def start(self) -> None:
        """Starts the provider where it is not running."""
        with self._lock:
            if self.stand is Stand.NOT_RUNNING:
                self.stand = Stand.LOCKED if self.entries else Stand.MISSING

    def create(self, password: Secret) -> str:
        """Makes the keychain `login`, open. Out: its path."""
        with self._lock:
            self.password = password
            self.stand = Stand.UNLOCKED
            return LOGIN

    def discard(self) -> bool:
        """Whether the keychain was empty; then it is gone."""
        with self._lock:
            if self.entries:
                return False
            self.stand = Stand.MISSING
            return True

    def put(self, attributes: Mapping[str, str], label: str, secret: Secret, *, replace: bool = True) -> str:
        """Adds an entry, with `replace` in place of the one with exactly these attributes. Out: its path."""
        with self._lock:
            now = int(time.time())
            for path, entry in self.entries.items():
                if replace and dict(entry.attributes) == dict(attributes):
                    self.entries[path] = dataclasses.replace(entry, secret=secret, label=label, modified=now)
                    return path
            path = f"{LOGIN}/{next(self._numbers)}"
            self.entries[path] = Entry(path, LOGIN, label, dict(attributes), secret, False, now, now)
            return path

    def change(self, path: str, secret: Secret) -> bool:
        """Whether there is an entry at this path; now it has this value."""
        with self._lock:
            if path in self.entries:
                now = int(time.time())
                self.entries[path] = dataclasses.replace(self.entries[path], secret=secret, modified=now)
            return path in self.entries

    def remove(self, path: str) -> bool:
        """Whether there was an entry at this path; now there is none."""
        with self._lock:
            return self.entries.pop(path, None) is not None


def keyring_attributes(name: str) -> dict[str, str]:
    """The attributes under which the keyring library files the entry of a secret's name."""
    return {"service": SERVICE, "username": name, "application": "Python keyring library"}


class StandInStore:
    """The keychain as checks see it: one look, remembered, like the real adapter."""

    def __init__(self, keychain: Keychain, host: Host) -> None:
        self._keychain = keychain
        self._state = keychain.state(host)
        try:
            if self._state.bus.trouble:
                raise StoreError("dbus_no_session_bus", self._state.error)
            self._entries: Sequence[Entry] | StoreError = keychain.read()
        except StoreError as error:
            self._entries = error

    @property
    def subject(self) -> Store:
        """The store as a subject of checks. Its kind keeps those out that would look at this computer instead."""
        return Store("stand-in")

    def state(self) -> StoreState:
        """What a probe saw when this was made."""
        return self._state

    def state_from(self, host: Host) -> StoreState:
        """What a probe from that host would see now."""
        return self._keychain.state(host)

    def entries(self) -> Sequence[Entry]:
        """Every entry as it was when this was made.

        Raises:
            StoreError: nothing answered.
        """
        if isinstance(self._entries, StoreError):
            raise self._entries
        return self._entries
