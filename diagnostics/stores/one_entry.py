"""One entry of the store by its exact name, for the launcher: no catalogue, no probe, no prompt, seconds at most."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.secret import Secret
from diagnostics.stores.choice import uses_file_store
from diagnostics.stores.state import StoreError

SERVICE = "mcp-secrets"
"""As `diagnostics.context.SERVICE`; repeated so that the launcher needs no context."""
SECONDS = 2.5
"""Limit for everything together: connect, search, read."""


@dataclass(frozen=True, slots=True)
class OneEntry:
    """What was found. `twins` counts further entries of the same name; the newest was taken."""

    secret: Secret = field(repr=False)
    twins: int = 0


class Entries:
    """Reads single entries over one connection. Use as a context manager; nothing is opened before the first read."""

    def __init__(
        self, host: Host, seconds: float = SECONDS, *, hand_out: Callable[[Any, str], bool] | None = None
    ) -> None:
        """In: `hand_out`, asked for a locked collection whether it can be opened without a password or a window."""
        self._host = host
        self._seconds = seconds
        self._hand_out = hand_out
        self._bus: Any = None
        self._session: Any = None
        self._collection = ""

    def __enter__(self) -> "Entries":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bus is not None:
            self._bus.close()

    def read(self, name: str) -> OneEntry | None:
        """The entry that `${SECRET:name}` means, None when the store works and has none.

        Raises:
            StoreError: with the cause; a locked keychain is one (`keyring_locked`) and is never unlocked here.
        """
        if uses_file_store(self._host):
            return _in_file(self._host, {"service": SERVICE, "username": name})
        if self._host.platform is not Platform.LINUX:
            return _by_keyring(name, self._host)
        from diagnostics.stores.bus import BusError

        try:
            return self._read(name)
        except BusError as error:
            raise StoreError(_cause_of(error), str(error)) from error

    def _read(self, name: str) -> OneEntry | None:
        from jeepney import DBusAddress

        from diagnostics.stores.protocol import COLLECTION, NAME

        bus = self._open()
        if not self._collection:
            self._collection = self._default(bus)
        wanted = {"service": SERVICE, "username": name}
        found = bus.call(
            DBusAddress(self._collection, NAME, COLLECTION),
            "SearchItems",
            "a{ss}",
            (wanted,),
            seconds=self._seconds,
        )[0]
        if not found:
            return None
        return self._newest(bus, found)

    def find(self, attributes: Mapping[str, str]) -> OneEntry | None:
        """The entry with (at least) these attributes, in whichever collection, None when there is none. Linux alone.

        Raises:
            StoreError: as `read`.
        """
        if uses_file_store(self._host):
            return _in_file(self._host, attributes)
        from diagnostics.stores.bus import BusError

        try:
            from diagnostics.stores.listing import KEEPASSXC_NAME, is_served_by
            from diagnostics.stores.reading import SERVICE as SERVICE_OBJECT

            bus = self._open()
            if is_served_by(bus, KEEPASSXC_NAME):
                self._default(bus)  # a locked KeePassXC answers a search with a window
            wanted = (dict(attributes),)
            unlocked, locked = bus.call(SERVICE_OBJECT, "SearchItems", "a{ss}", wanted, seconds=self._seconds)
            if unlocked:
                return self._newest(bus, unlocked)
        except BusError as error:
            raise StoreError(_cause_of(error), str(error)) from error
        if locked:
            raise StoreError("keyring_locked", "the keychain that holds it is locked")
        return None

    def _newest(self, bus: Any, found: Sequence[str]) -> OneEntry:
        from jeepney import DBusAddress

        from diagnostics.stores.protocol import ITEM, NAME
        from diagnostics.stores.reading import open_session, read_secret

        if len(found) > 1:
            found = sorted(found, key=lambda path: -int(bus.get_property(path, NAME, ITEM, "Modified")))
        if self._session is None:
            self._session = open_session(bus)
        answer = bus.call(
            DBusAddress(found[0], NAME, ITEM),
            "GetSecret",
            "o",
            (self._session.object_path,),
            seconds=self._seconds,
        )
        return OneEntry(read_secret(self._session, answer[0]), len(found) - 1)

    def _open(self) -> Any:
        if self._bus is None:
            from diagnostics.stores.bus import Bus

            self._bus = Bus.connect(_address(self._host), self._seconds)
        return self._bus

    def _default(self, bus: Any) -> str:
        from diagnostics.stores.protocol import COLLECTION, NAME
        from diagnostics.stores.reading import SERVICE as SERVICE_OBJECT

        path = str(bus.call(SERVICE_OBJECT, "ReadAlias", "s", ("default",), seconds=self._seconds)[0])
        if path == "/":
            raise StoreError("keyring_collection_missing", "there is no default keychain")
        locked = bool(bus.get_property(path, NAME, COLLECTION, "Locked", self._seconds))
        if locked and not (self._hand_out is not None and self._hand_out(bus, path)):
            raise StoreError("keyring_locked", "the default keychain is locked")
        return path


def _address(host: Host) -> str:
    """The variable's address; where it is unset, the place where a login's bus has its socket.

    Raises:
        StoreError: `dbus_no_session_bus`.
    """
    given = host.env.get("DBUS_SESSION_BUS_ADDRESS")
    if given:
        return given
    usual = host.runtime_dir / "bus"
    with contextlib.suppress(OSError):
        if given is None and usual.is_socket() and usual.stat().st_uid == host.uid:
            return f"unix:path={usual}"
    raise StoreError("dbus_no_session_bus", "this session has no D-Bus session bus")


def _cause_of(error: Any) -> str:
    if error.name in {"no-socket", "refused", "invalid", "empty"}:
        return "dbus_no_session_bus"
    if error.name == "other-user":
        return "wrong_user_context"
    if error.name in {"timeout", "closed", "org.freedesktop.DBus.Error.NoReply"}:
        return "secret_service_unresponsive"
    if error.name.endswith(("ServiceUnknown", "NameHasNoOwner")):
        return "secret_service_not_provided"
    if error.name.endswith("IsLocked"):
        return "keyring_locked"
    if error.name.endswith(("UnknownObject", "UnknownMethod", "NoSuchObject")):
        return "keyring_collection_missing"
    return "secret_service_unresponsive"


def _in_file(host: Host, attributes: Mapping[str, str]) -> OneEntry | None:
    """From the encrypted file that was chosen; it is small and read as a whole."""
    from diagnostics.stores.file_store import read_store

    found = [each for each in read_store(host) if attributes.items() <= each.attributes.items()]
    if not found:
        return None
    newest = max(found, key=lambda each: each.modified)
    return None if newest.secret is None else OneEntry(newest.secret, len(found) - 1)


def _by_keyring(name: str, host: Host) -> OneEntry | None:
    """Elsewhere than on Linux the keyring library is asked, in a child, because it has no limit of its own."""
    if host.platform is Platform.MACOS and host.root is not None:
        from diagnostics.stores.macos.store import read_one

        value = read_one(host, SERVICE, name)
        return None if value is None else OneEntry(value)
    if host.platform is Platform.WINDOWS:
        from diagnostics.stores.windows.calls import open_calls

        calls = open_calls()
        if calls is not None:
            from diagnostics.stores.windows.credential_manager import read_one as read_credential

            value = read_credential(calls, SERVICE, name, SECONDS)
            return None if value is None else OneEntry(value)
    from diagnostics.stores.keyring_library import KeyringLibrary

    library = KeyringLibrary(host)
    library.expect([name])
    secret = next((each.secret for each in library.entries() if each.account == name), None)
    return None if secret is None else OneEntry(secret)
