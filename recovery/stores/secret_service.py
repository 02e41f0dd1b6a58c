"""The Secret Service as recovery touches it: gnome-keyring's own unlock, create and change over D-Bus, no prompt.

The interface that takes a password is the daemon's internal one (it is how its own tools do it); the password
crosses the bus encrypted and goes to the daemon alone. What the calls answer was observed on gnome-keyring 42.1,
and the tests hold it against the daemon that is installed. Its traps: unlocking an unlocked collection accepts
any password, an empty password writes the file in plain text, and only the label `login` becomes the default.
KWallet and KeePassXC don't know that interface; wallets are opened by `recovery.stores.kwallet`.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics.secret import Secret
from diagnostics.stores import Entry, StoreState
from diagnostics.stores.bus import Bus, BusError
from recovery.model import RecoveryError, UnavailableError

if TYPE_CHECKING:
    from recovery.ports import RecoveryWorld

ROOT = "/org/freedesktop/secrets"
NAME = "org.freedesktop.secrets"
LOGIN = f"{ROOT}/collection/login"
DEFAULT = f"{ROOT}/aliases/default"
_INTERNAL = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
_SERVICE = "org.freedesktop.Secret.Service"
_COLLECTION = "org.freedesktop.Secret.Collection"
_ITEM = "org.freedesktop.Secret.Item"
DENIED = "org.gnome.keyring.Error.Denied"
_START_SECONDS = 10.0
_WRITE_SECONDS = 10.0
_AGREE_SECONDS = 15.0
"""For the person to answer a window of the provider's own, where it shows one."""


class SecretServiceKeychain:
    """The keychain behind the bus that the world's host names; each call opens a connection of its own."""

    def __init__(self, world: "RecoveryWorld") -> None:
        self._world = world

    def state(self) -> StoreState:
        """See `recovery.world.Keychain`."""
        from diagnostics.stores.secret_service import probe

        return probe(self._world.host)

    def start_provider(self) -> int:
        """See `recovery.world.Keychain`. Waits at most ten seconds for the daemon."""
        from jeepney.bus_messages import message_bus

        with self._bus() as bus, _said("the keyring daemon could not be started"):
            bus.call(
                message_bus, "StartServiceByName", "su", (NAME, 0), seconds=_START_SECONDS, may_start=True
            )
            return bus.pid_of(NAME)

    def unlock(self, collection: str, password: Secret) -> None:
        """See `recovery.world.Keychain`."""
        _refuse_empty(password)
        with self._bus() as bus:
            if not _is_locked(bus, collection):
                return  # the daemon would accept any password here
            if _is_kwallet(bus):
                self._open_wallet(bus, collection, password)
                return
            body = (collection, _wrapped(bus, password))
            try:
                with _said("the keychain was not unlocked"):
                    self._internal(bus, "UnlockWithMasterPassword", "o(oayays)", body)
            except RecoveryError as error:
                raise self._refused(collection, password, error) from error
            if _is_locked(bus, collection):
                raise RecoveryError("the keychain is still locked although the daemon took the password")

    @staticmethod
    def _open_wallet(bus: Bus, collection: str, password: Secret) -> None:
        from recovery.stores.kwallet import KWallet

        with _said("the wallet was not opened"):
            kwallet = KWallet(bus)
            wallet = _label(bus, collection)
            kwallet.open(wallet, password)
            kwallet.announce(wallet)

    def _refused(self, collection: str, password: Secret, error: RecoveryError) -> RecoveryError:
        """The daemon says the same of a wrong password and of a damaged file: the file itself tells them apart."""
        cause = error.__cause__
        if not isinstance(cause, BusError) or cause.name != DENIED:
            return error
        from recovery.salvage.look import why_refused

        data_home = Path(self.state().provider.data_home or self._world.host.data_home)
        why = why_refused(data_home / "keyrings", collection, password)
        return RecoveryError(f"the keychain was not unlocked: {why}") if why else error

    def lock(self, collection: str) -> None:
        """See `recovery.world.Keychain`."""
        with self._bus() as bus, _said("the keychain was not locked"):
            bus.call(_address(ROOT, _SERVICE), "Lock", "ao", ([collection],))

    def create(self, password: Secret, label: str = "login") -> str:
        """See `recovery.world.Keychain`."""
        _refuse_empty(password)
        state = self.state()
        if any(label == each.label and each.exists for each in state.collections):
            raise RecoveryError(f"there is a keychain `{label}` already: unlock that one")
        data_home = Path(state.provider.data_home or self._world.host.data_home)
        _refuse_unseen_files(data_home / "keyrings", label)
        with self._bus() as bus, _said("the keychain was not created"):
            body = ({f"{_COLLECTION}.Label": ("s", label)}, _wrapped(bus, password))
            path = str(self._internal(bus, "CreateWithMasterPassword", "a{sv}(oayays)", body)[0])
        if label == "login" and path != LOGIN:
            raise RecoveryError(f"the daemon made the keychain as {path}, not as `login`")
        return path

    def remove_collection(self, collection: str) -> None:
        """See `recovery.world.Keychain`."""
        with self._bus() as bus, _said("the keychain was not taken away"):
            if bus.get_property(collection, NAME, _COLLECTION, "Items"):
                raise RecoveryError("the keychain holds entries by now, so it is not taken away")
            prompt = str(bus.call(_address(collection, _COLLECTION), "Delete")[0])
            if prompt != "/":
                raise RecoveryError("the daemon wants to ask on a screen before it takes the keychain away")

    def change_password(self, collection: str, old: Secret, new: Secret) -> None:
        """See `recovery.world.Keychain`."""
        _refuse_empty(old)
        _refuse_empty(new)
        with self._bus() as bus, _said("the keychain's password was not changed"):
            body = (collection, _wrapped(bus, old), _wrapped(bus, new))
            self._internal(bus, "ChangeWithMasterPassword", "o(oayays)(oayays)", body)

    def set_default(self, collection: str) -> None:
        """See `recovery.world.Keychain`."""
        with self._bus() as bus, _said("the default keychain was not changed"):
            bus.call(_address(ROOT, _SERVICE), "SetAlias", "so", ("default", collection))

    def entries(self, attributes: Mapping[str, str]) -> Sequence[Entry]:
        """See `recovery.world.Keychain`. Locked ones have hashed attributes and no secret."""
        from diagnostics.stores.secret_service import read_everything, with_details

        with self._bus() as bus, _said("the keychain could not be read"):
            wanted = attributes.items()
            found = [each for each in read_everything(bus) if wanted <= each.attributes.items()]
            return with_details(bus, found)  # an undo must bring the label back too

    def put(
        self,
        collection: str,
        label: str,
        attributes: Mapping[str, str],
        secret: Secret,
        *,
        replace: bool = True,
    ) -> str:
        """See `recovery.world.Keychain`. The daemon compares all attributes; the secret's bytes stay as they are."""
        with self._bus() as bus, _said("the entry was not written"):
            if _is_locked(bus, collection):
                raise UnavailableError("the keychain is locked: unlock it first")
            same = _same_in_keepassxc(bus, collection, attributes) if replace else ""
            if same:
                changed = (_wrapped(bus, secret),)
                bus.call(_address(same, _ITEM), "SetSecret", "(oayays)", changed, seconds=_WRITE_SECONDS)
                return same
            properties = {
                f"{_ITEM}.Label": ("s", label),
                f"{_ITEM}.Attributes": ("a{ss}", dict(attributes)),
            }
            body = (properties, _wrapped(bus, secret), replace)
            made = bus.call(
                _address(collection, _COLLECTION),
                "CreateItem",
                "a{sv}(oayays)b",
                body,
                seconds=_WRITE_SECONDS,
            )
            if made[0] == "/":
                return str(_agreed(bus, made[1], "writes the entry")[1])
            _save(bus, collection)
            return str(made[0])

    def set_secret(self, entry: str, secret: Secret) -> None:
        """See `recovery.world.Keychain`. The daemon writes the whole file anew and renames it: it happens or it doesn't."""
        with self._bus() as bus, _said("the entry was not changed"):
            body = (_wrapped(bus, secret),)
            bus.call(_address(entry, _ITEM), "SetSecret", "(oayays)", body, seconds=_WRITE_SECONDS)
            _save(bus, entry.rpartition("/")[0])

    def delete(self, entry: str) -> None:
        """See `recovery.world.Keychain`."""
        with self._bus() as bus, _said("the entry was not deleted"):
            prompt = str(bus.call(_address(entry, _ITEM), "Delete", seconds=_WRITE_SECONDS)[0])
            if prompt != "/":
                _agreed(bus, prompt, "deletes the entry")
            _save(bus, entry.rpartition("/")[0])

    @contextlib.contextmanager
    def _bus(self) -> Iterator[Bus]:
        address = self._world.host.env.get("DBUS_SESSION_BUS_ADDRESS")
        if not address:
            raise UnavailableError(
                "no session bus is known in this session, so the keychain can't be reached: "
                "`mcp-doctor unlock` finds the way to it"
            )
        with _said("the session bus does not answer"):
            bus = Bus.connect(address)
        with bus:
            yield bus

    @staticmethod
    def _internal(bus: Bus, method: str, signature: str, body: tuple[Any, ...]) -> tuple[Any, ...]:
        return bus.call(_address(ROOT, _INTERNAL), method, signature, body, seconds=_WRITE_SECONDS)


_REASONS = {
    DENIED: "the password is not the right one, or the keychain's file is damaged",
    "org.freedesktop.Secret.Error.NoSuchObject": "the daemon knows no such keychain or entry",
    "org.freedesktop.Secret.Error.IsLocked": "the keychain is locked",
    "org.freedesktop.DBus.Error.UnknownInterface": "this keyring program can only be unlocked in its own window",
    "org.freedesktop.DBus.Error.UnknownMethod": "this keyring program can't do that, or what is named is gone",
    "org.freedesktop.DBus.Error.UnknownObject": "the daemon knows no such keychain or entry",
    "org.freedesktop.DBus.Error.ServiceUnknown": (
        "no keyring program is installed. On Debian and Ubuntu: sudo apt install gnome-keyring"
    ),
    "org.freedesktop.DBus.Error.NameHasNoOwner": "no keyring program is running",
    "org.freedesktop.DBus.Error.TimedOut": "the keyring program was started and never came up",
    "timeout": "the keyring daemon did not answer in time; it may be hung",
    "closed": "the keyring daemon or its bus ended meanwhile",
    "no-socket": "nobody has the bus's socket: it is gone",
    "refused": "nobody listens on the bus's socket: the bus has ended",
    "other-user": "the bus belongs to another user",
}


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    """A D-Bus error as words. The error's own text is the daemon's and holds no secret."""
    try:
        yield
    except BusError as error:
        reason = _REASONS.get(error.name)
        if reason is None and error.name.startswith("org.freedesktop.DBus.Error.Spawn"):
            reason = f"its program could not be run ({error.said})"
        if reason is None and "Couldn't create" in error.said:
            reason = "its folder can't be written, or the disk is full"
        raise UnavailableError(f"{what}: {reason or error}") from error


def _refuse_empty(password: Secret) -> None:
    if not password:
        raise RecoveryError(
            "an empty password is refused: the daemon would write every credential to the disk in plain text"
        )


def _refuse_unseen_files(folder: Path, label: str) -> None:
    """A file that the daemon did not load must be mended, not passed over: a new keychain would hide it."""
    try:
        names = {each.name for each in folder.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecoveryError(
            f"the folder {folder} can't be read ({error.strerror}): make it yours again first"
        ) from error
    if f"{label}.keyring" in names:
        raise RecoveryError(
            f"{folder / label}.keyring is there, but the daemon could not read it: it may hold your entries. "
            "Mend or move that file first; a new keychain beside it would be lost at the next start"
        )


def _is_locked(bus: Bus, collection: str) -> bool:
    with _said("the keychain could not be found"):
        return bool(bus.get_property(collection, NAME, _COLLECTION, "Locked"))


def _agreed(bus: Bus, prompt: str, what: str) -> Any:
    """What came of a provider's question. KeePassXC answers some itself; others it shows, and the person must agree.

    Raises RecoveryError where nobody did in time; the question is then taken back.
    """
    window = _address(prompt, "org.freedesktop.Secret.Prompt")
    asked = f"the program that keeps the secrets asks in its own window before it {what}"
    try:
        dismissed, result = bus.call_and_hear(window, "Prompt", "s", ("",), "Completed", _AGREE_SECONDS)
    except BusError as error:
        if error.name != "timeout":
            raise
        with contextlib.suppress(BusError):
            bus.call(window, "Dismiss")
        raise UnavailableError(f"{asked}, and nobody agreed within {_AGREE_SECONDS:g} s") from error
    if dismissed:
        raise RecoveryError(f"{asked}, and the answer was no")
    return result


def _same_in_keepassxc(bus: Bus, collection: str, attributes: Mapping[str, str]) -> str:
    """KeePassXC's entry with exactly these attributes, "" = none, or another program's store.

    Told to replace an entry it shows a window; told to change that very entry it does not.
    """
    from diagnostics.stores.listing import KEEPASSXC_NAME, is_served_by, own_attributes

    if not is_served_by(bus, KEEPASSXC_NAME):
        return ""
    found = bus.call(_address(collection, _COLLECTION), "SearchItems", "a{ss}", (dict(attributes),))[0]
    for path in found:
        if own_attributes(bus.get_property(path, NAME, _ITEM, "Attributes")) == dict(attributes):
            return str(path)
    return ""


def _is_kwallet(bus: Bus) -> bool:
    from recovery.stores.kwallet import is_kwallet

    with _said("who keeps the secrets could not be found out"):
        return is_kwallet(bus)


def _label(bus: Bus, collection: str) -> str:
    return str(bus.get_property(collection, NAME, _COLLECTION, "Label"))


def _save(bus: Bus, collection: str) -> None:
    """KWallet keeps what it was given in memory for seconds; gnome-keyring has written it when it answers."""
    if _is_kwallet(bus):
        from recovery.stores.kwallet import KWallet

        KWallet(bus).save(_label(bus, collection))
        return
    from diagnostics.stores.listing import KSECRETD_NAME, is_served_by

    with _said("who keeps the secrets could not be found out"):
        ksecretd = is_served_by(bus, KSECRETD_NAME)
    if ksecretd:
        from recovery.stores.ksecretd import wait_until_saved

        wait_until_saved(bus, _label(bus, collection))


def _wrapped(bus: Bus, secret: Secret) -> Any:
    from secretstorage.util import format_secret

    from diagnostics.stores.secret_service import open_session

    raw = secret.reveal().encode("utf-8", "surrogateescape")
    return format_secret(open_session(bus), raw, "text/plain")


def _address(path: str, interface: str) -> Any:
    from jeepney import DBusAddress

    return DBusAddress(path, NAME, interface)
