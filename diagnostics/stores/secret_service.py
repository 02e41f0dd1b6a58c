"""The freedesktop Secret Service (gnome-keyring, KWallet, KeePassXC) as a store."""

import threading
from collections.abc import Sequence

from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.stores.bus import Bus, BusError
from diagnostics.stores.probe import probe
from diagnostics.stores.protocol import (
    COLLECTION,
    ITEM,
    LOGIN_COLLECTION,
    NAME,
    ROOT,
    SERVICE_INTERFACE,
    SESSION_COLLECTION,
)
from diagnostics.stores.reading import (
    SERVICE,
    open_session,
    read_everything,
    read_for_diagnosis,
    read_secret,
    with_details,
)
from diagnostics.stores.state import Entry, StoreError, StoreState

__all__ = [
    "COLLECTION",
    "ITEM",
    "LOGIN_COLLECTION",
    "NAME",
    "ROOT",
    "SERVICE",
    "SERVICE_INTERFACE",
    "SESSION_COLLECTION",
    "SecretService",
    "open_session",
    "probe",
    "read_everything",
    "read_secret",
    "with_details",
]


class SecretService:
    """The Secret Service that this host's environment leads to. Safe to ask from several threads."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._state: StoreState | None = None
        self._entries: Sequence[Entry] | StoreError | None = None

    @property
    def subject(self) -> Store:
        """The store as a subject of checks."""
        return Store("secret-service")

    def state(self) -> StoreState:
        """The probe's picture, taken once."""
        with self._lock:
            if self._state is None:
                self._state = probe(self._host)
            return self._state

    def entries(self) -> Sequence[Entry]:
        """Every item of every collection in one pass, taken once; those of the default collection come first.

        Raises:
            StoreError: no service answers, or it broke off while answering.
        """
        state = self.state()
        with self._lock:
            if self._entries is None:
                self._entries = _read(state)
        if isinstance(self._entries, StoreError):
            raise self._entries
        return self._entries


def _read(state: StoreState) -> Sequence[Entry] | StoreError:
    if state.bus.trouble or not state.bus.address:
        return StoreError("dbus_no_session_bus", state.bus.said)
    if not state.provider.running:
        return StoreError("secret_service_not_running", "no program that keeps secrets is running")
    if state.provider.hung:
        return StoreError("secret_service_unresponsive", "the program that keeps secrets does not answer")
    try:
        with Bus.connect(state.bus.address) as bus:
            found = read_for_diagnosis(bus)
    except BusError as error:
        return StoreError("secret_service_unresponsive", str(error))
    default = state.default.path if state.default else ""
    return sorted(found, key=lambda entry: entry.collection != default)
