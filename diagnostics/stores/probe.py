"""The Secret Service's state, seen without side effects: nothing is started, unlocked, asked or written.

Which calls are free of side effects was observed on gnome-keyring 42.1; the tests hold it against the daemon that
is installed. Each call has a limit of its own, and a peer that let one pass is not asked again.
"""

import contextlib
import dataclasses
import stat
from pathlib import Path

from jeepney import DBusAddress

from diagnostics.host import Host
from diagnostics.stores.activation import activation_of
from diagnostics.stores.bus import Bus, BusError, address_of, garbled, is_listening, sockets_of
from diagnostics.stores.listing import KEEPASSXC_NAME, KSECRETD_NAME, KWALLET_NAMES
from diagnostics.stores.processes import data_home_in, environment_of, kin_of, program_of, state_of
from diagnostics.stores.protocol import COLLECTION, NAME, ROOT, SERVICE_INTERFACE
from diagnostics.stores.reading import SERVICE
from diagnostics.stores.state import BusState, CollectionState, ProviderState, StoreState
from diagnostics.stores.wallet import WalletState

_PING_SECONDS = 1.0
_PROGRAMS = {
    "org.gnome.keyring": "gnome-keyring-daemon",
    KEEPASSXC_NAME: "keepassxc",
    KSECRETD_NAME: "ksecretd",
    **{each: each.rpartition(".")[2] for each in KWALLET_NAMES},
}
_MOST_COLLECTIONS = 50
"""More are counted as not loaded; nobody has that many, and each costs a call."""


def probe(host: Host) -> StoreState:
    """What stands on this host. Never raises; ends within about three seconds whatever hangs."""
    state, bus = _connect(host)
    if bus is None:
        return StoreState(bus=state, error=state.said)
    with bus:
        try:
            state = _about_bus(bus, state)
            provider = _provider(bus, state)
        except BusError as error:
            hung = dataclasses.replace(state, trouble="hung" if error.name == "timeout" else "closed")
            return StoreState(bus=hung, error=str(error))
        if not provider.running:
            elsewhere = dataclasses.replace(state, provider_elsewhere=_provider_elsewhere(state))
            return StoreState(bus=elsewhere, provider=provider, wallet=_wallet(bus, host, provider))
        if provider.hung:
            return StoreState(bus=state, provider=provider)
        try:
            seen = _collections(bus, state, provider)
            if not provider.is_kwallet:
                return seen
            return dataclasses.replace(seen, wallet=_wallet(bus, host, provider))
        except BusError as error:
            hung_later = dataclasses.replace(provider, hung=error.name == "timeout")
            return StoreState(bus=state, provider=hung_later, error=str(error))


# ── the bus ─────────────────────────────────────────────────────────────────────────────────────────────────


def _connect(host: Host) -> tuple[BusState, Bus | None]:
    """Where the environment's session bus is, and a connection to it if it answers."""
    variable = address_of(host.env)
    live = _usual_place(host, variable)
    if variable is None:
        said = "DBUS_SESSION_BUS_ADDRESS is not set"
        return BusState(None, "none", "unset", said, live_elsewhere=live), None
    if not variable.strip():
        said = "DBUS_SESSION_BUS_ADDRESS is set to nothing"
        return BusState("", "variable", "empty", said, live_elsewhere=live), None
    try:
        bus = Bus.connect(variable)
    except BusError as error:
        trouble = "hung" if error.name == "timeout" else error.name
        owner = _foreign_owner(variable, host.uid)
        if owner is not None and trouble in {"closed", "refused", "other-user"}:
            trouble = "other-user"
        said = error.said or str(error)
        return BusState(variable, "variable", trouble, said, live_elsewhere=live, owner_uid=owner), None
    return BusState(variable, "variable", live_elsewhere=live), bus


def usual_bus(host: Host) -> str | None:
    """The address of this user's live bus where logins have it, for whoever has no variable that names one."""
    return _usual_place(host, None)


def _usual_place(host: Host, variable: str | None) -> str | None:
    """The address of this user's live bus where logins have it, unless the variable leads there already.

    A host that ends at a sandbox's walls (no root) has no bus outside of them.
    """
    system = () if host.root is None else (host.root / f"run/user/{host.uid}",)
    for folder in dict.fromkeys((host.runtime_dir, *system, host.state_dir)):
        socket = folder / "bus"
        named = variable is not None and str(socket) in sockets_of(variable)
        if not named and _socket_owner(socket) == host.uid and is_listening(str(socket)):
            return f"unix:path={socket}"
    return None


def _about_bus(bus: Bus, state: BusState) -> BusState:
    try:
        pid = bus.pid_of("org.freedesktop.DBus")
    except BusError as error:
        if error.name in {"timeout", "closed"}:
            raise
        return state  # not every implementation of the bus answers that about itself
    env = environment_of(pid)
    return dataclasses.replace(
        state, pid=pid, has_display=bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))
    )


def _foreign_owner(address: str, uid: int) -> int | None:
    owners = [_socket_owner(Path(each)) for each in sockets_of(address)]
    return next((owner for owner in owners if owner is not None and owner != uid), None)


def _socket_owner(path: Path) -> int | None:
    try:
        info = path.stat()
    except (OSError, ValueError):
        return None
    return info.st_uid if stat.S_ISSOCK(info.st_mode) else None


# ── the provider ────────────────────────────────────────────────────────────────────────────────────────────


def _provider(bus: Bus, state: BusState) -> ProviderState:
    """Who owns the Secret Service's name on this bus, and whether it answers.

    Raises:
        BusError: the bus itself did not answer.
    """
    owner = bus.owner(NAME)
    if owner is None:
        if NAME not in bus.activatable():
            return ProviderState()
        start = activation_of(NAME, state.pid)
        return ProviderState(
            installed=True,
            activation_command=start.command,
            activation_program_missing=start.program_missing,
        )
    try:
        pid, uid = bus.pid_of(owner), bus.uid_of(owner)
    except BusError as error:
        if error.name in {"timeout", "closed"}:
            raise
        return ProviderState(installed=True)  # it left between the two questions
    program = program_of(pid) if pid else _program_by_names(bus, owner)
    kin = kin_of(pid, program, uid, bus.address)
    hung = False
    try:
        bus.call(DBusAddress(ROOT, owner, "org.freedesktop.DBus.Peer"), "Ping", seconds=_PING_SECONDS)
    except BusError as error:
        if error.name == "closed":
            raise
        hung = error.name == "timeout"
    return ProviderState(
        installed=True,
        running=True,
        program=program,
        pid=pid,
        uid=uid,
        hung=hung,
        stopped=state_of(pid) in {"T", "t"},
        data_home=data_home_in(environment_of(pid)),
        strays=kin.strays,
        sharers=kin.sharers,
    )


def _program_by_names(bus: Bus, owner: str) -> str:
    """Which program owns a name, told by its other names. "" = none that is known. Raises BusError."""
    return next((program for name, program in _PROGRAMS.items() if bus.owner(name) == owner), "")


def _provider_elsewhere(state: BusState) -> str | None:
    if state.live_elsewhere is None:
        return None
    with contextlib.suppress(BusError), Bus.connect(state.live_elsewhere, 0.5) as other:
        if other.owner(NAME) is not None:
            return program_of(other.pid_of(NAME)) or "a Secret Service"
    return None


def _wallet(bus: Bus, host: Host, provider: ProviderState) -> WalletState | None:
    """What KWallet says for itself; asked where it serves, or could."""
    from diagnostics.stores.kwallet import look

    with contextlib.suppress(BusError):
        return look(bus, host, provider.pid)
    return None


# ── its collections ─────────────────────────────────────────────────────────────────────────────────────────


def _collections(bus: Bus, state: BusState, provider: ProviderState) -> StoreState:
    body = bus.call(SERVICE, "ReadAlias", "s", ("default",))
    paths = bus.get_property(ROOT, NAME, SERVICE_INTERFACE, "Collections")
    with garbled("the list of collections"):
        alias = _object_path(body[0])
        collections = tuple(_collection(bus, _object_path(each)) for each in list(paths)[:_MOST_COLLECTIONS])
    default = None
    if alias != "/":
        listed = (each for each in collections if each.path == alias)
        default = next(listed, None) or _collection(bus, alias)
    return StoreState(state, provider, default, collections, alias=alias)


def _collection(bus: Bus, path: str) -> CollectionState:
    try:
        locked = bus.get_property(path, NAME, COLLECTION, "Locked")
        label = bus.get_property(path, NAME, COLLECTION, "Label")
        items = bus.get_property(path, NAME, COLLECTION, "Items")
    except BusError as error:
        if error.name in {"timeout", "closed", "garbled"}:
            raise
        return CollectionState(path, exists=False)
    with garbled(f"the collection {path}"):
        return CollectionState(path, str(label), bool(locked), len(items))


def _object_path(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise TypeError("not an object path")
    return value
