"""The freedesktop Secret Service over D-Bus: a probe without side effects and a bulk read.

Which calls are safe (no prompt, no activation, nothing written) was observed on gnome-keyring 42.1; the tests
hold it against the daemon that is installed.
"""

import contextlib
import os
import stat
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jeepney import DBusAddress

from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.secret import Secret
from diagnostics.stores import BusState, CollectionState, Entry, ProviderState, StoreError, StoreState
from diagnostics.stores.bus import Bus, BusError, address_of, is_listening, socket_of

NAME = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
SERVICE_INTERFACE = "org.freedesktop.Secret.Service"
COLLECTION = "org.freedesktop.Secret.Collection"
ITEM = "org.freedesktop.Secret.Item"
SERVICE = DBusAddress(ROOT, NAME, SERVICE_INTERFACE)
SESSION_COLLECTION = f"{ROOT}/collection/session"
"""gnome-keyring's collection in memory: always unlocked, gone when the daemon ends."""
BULK_SECONDS = 10.0


class SecretService:
    """The Secret Service that this host's environment leads to."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def subject(self) -> Store:
        """The store as a subject of checks."""
        return Store("secret-service")

    @cached_property
    def _state(self) -> StoreState:
        return probe(self._host)

    def state(self) -> StoreState:
        """The probe's picture, taken once."""
        return self._state

    @cached_property
    def _entries(self) -> Sequence[Entry] | StoreError:
        state = self.state()
        if state.bus.trouble or not state.provider.running or state.provider.hung or not state.bus.address:
            return StoreError("secret_service_not_provided", state.error or "no Secret Service answers")
        try:
            with Bus.connect(state.bus.address) as bus:
                return read_everything(bus)
        except BusError as error:
            cause = (
                "secret_service_unresponsive"
                if error.name in {"timeout", "closed"}
                else "credential_corrupted"
            )
            return StoreError(cause, str(error))

    def entries(self) -> Sequence[Entry]:
        """Every item of every collection in one pass, taken once.

        Raises:
            StoreError: no service answers, or it broke off while answering.
        """
        found = self._entries
        if isinstance(found, StoreError):
            raise found
        return found


# ── the probe ───────────────────────────────────────────────────────────────────────────────────────────────


def probe(host: Host) -> StoreState:
    """What stands on this host, without starting, asking or writing anything. Never raises."""
    bus_state = probe_bus(host)
    if bus_state.trouble or bus_state.address is None:
        return StoreState(bus=bus_state, error=bus_state.said)
    try:
        with Bus.connect(bus_state.address) as bus:
            provider = probe_provider(bus)
            if not provider.running:
                elsewhere = _provider_elsewhere(bus_state)
                moved = bus_state if elsewhere is None else _with(bus_state, provider_elsewhere=elsewhere)
                return StoreState(bus=moved, provider=provider)
            if provider.hung:
                return StoreState(bus=bus_state, provider=provider)
            return _collections(bus, bus_state, provider)
    except BusError as error:
        return StoreState(bus=bus_state, error=str(error))


def probe_bus(host: Host) -> BusState:
    """Where the environment's session bus is and whether it answers."""
    variable = address_of(host.env)
    usual = host.runtime_dir / "bus"
    usual_address = f"unix:path={usual}"
    if variable is None:
        live = usual_address if _is_ours(usual, host) and is_listening(str(usual)) else None
        return BusState(None, "none", "unset", "DBUS_SESSION_BUS_ADDRESS is not set", live_elsewhere=live)
    live = None
    if socket_of(variable) != str(usual) and _is_ours(usual, host) and is_listening(str(usual)):
        live = usual_address
    if variable == "":
        return BusState("", "variable", "empty", "DBUS_SESSION_BUS_ADDRESS is empty", live_elsewhere=live)
    try:
        Bus.connect(variable).close()
    except BusError as error:
        trouble = "hung" if error.name == "timeout" else error.name
        owner = _owner(socket_of(variable))
        foreign = owner if owner is not None and owner != host.uid else None
        if foreign is not None and trouble in {"invalid", "closed", "refused"}:
            trouble = "other-user"
        return BusState(variable, "variable", trouble, str(error), live_elsewhere=live, owner_uid=foreign)
    return BusState(variable, "variable", live_elsewhere=live)


def probe_provider(bus: Bus) -> ProviderState:
    """Who owns the Secret Service's name on this bus, and whether it answers.

    Raises:
        BusError: the bus itself did not answer.
    """
    owner = bus.owner(NAME)
    installed = owner is not None or NAME in bus.activatable()
    if owner is None:
        return ProviderState(installed=installed)
    pid, uid = bus.pid_of(NAME), bus.uid_of(NAME)
    program = _program(pid)
    try:
        bus.call(DBusAddress(ROOT, NAME, "org.freedesktop.DBus.Peer"), "Ping", seconds=1.0)
        hung = False
    except BusError as error:
        hung = error.name == "timeout"
    return ProviderState(
        installed=True,
        running=True,
        program=program,
        pid=pid,
        uid=uid,
        hung=hung,
        stopped=_process_state(pid) == "T",
        data_home=_data_home(pid),
        strays=_strays(program, pid, uid),
    )


def _collections(bus: Bus, bus_state: BusState, provider: ProviderState) -> StoreState:
    default_path = str(bus.call(SERVICE, "ReadAlias", "s", ("default",))[0])
    paths = [str(path) for path in bus.get_property(ROOT, NAME, SERVICE_INTERFACE, "Collections")]
    collections = tuple(_collection(bus, path) for path in paths)
    default = None
    if default_path != "/":
        default = next((each for each in collections if each.path == default_path), None) or _collection(
            bus, default_path
        )
    return StoreState(bus=bus_state, provider=provider, default=default, collections=collections)


def _collection(bus: Bus, path: str) -> CollectionState:
    try:
        locked = bool(bus.get_property(path, NAME, COLLECTION, "Locked"))
        label = str(bus.get_property(path, NAME, COLLECTION, "Label"))
        items = len(bus.get_property(path, NAME, COLLECTION, "Items"))
    except BusError as error:
        if error.name in {"timeout", "closed"}:
            raise
        return CollectionState(path, exists=False)
    return CollectionState(path, label, locked, items)


def _provider_elsewhere(bus_state: BusState) -> str | None:
    if bus_state.live_elsewhere is None:
        return None
    with contextlib.suppress(BusError), Bus.connect(bus_state.live_elsewhere) as other:
        if other.owner(NAME) is not None:
            return _program(other.pid_of(NAME)) or "a Secret Service"
    return None


def _with(state: BusState, *, provider_elsewhere: str) -> BusState:
    return BusState(
        state.address,
        state.source,
        state.trouble,
        state.said,
        state.live_elsewhere,
        provider_elsewhere,
        state.owner_uid,
    )


# ── the bulk read ───────────────────────────────────────────────────────────────────────────────────────────


def open_session(bus: Bus) -> Any:
    """An encrypted transport session on this connection (secretstorage's Diffie-Hellman), for secrets both ways.

    Raises:
        BusError: as `Bus.call`.
    """
    from secretstorage.defines import ALGORITHM_DH
    from secretstorage.dhcrypto import Session

    session = Session()
    key = session.my_public_key.to_bytes(128, "big")
    output, path = bus.call(SERVICE, "OpenSession", "sv", (ALGORITHM_DH, ("ay", key)))
    session.set_server_public_key(int.from_bytes(output[1], "big"))
    session.object_path = path
    return session


def read_everything(bus: Bus) -> list[Entry]:
    """All items: one search, one bulk read of the unlocked ones, attributes pipelined.

    Raises:
        BusError: a call failed; an item that vanished meanwhile is left out.
    """
    unlocked, locked = bus.call(SERVICE, "SearchItems", "a{ss}", ({},), seconds=BULK_SECONDS)
    secrets: Mapping[str, Any] = {}
    session = None
    if unlocked:
        session = open_session(bus)
        secrets = bus.call(
            SERVICE, "GetSecrets", "aoo", (unlocked, session.object_path), seconds=BULK_SECONDS
        )[0]
    paths = [*unlocked, *locked]
    calls: list[tuple[DBusAddress, str, str | None, tuple[Any, ...]]] = [
        (DBusAddress(path, NAME, "org.freedesktop.DBus.Properties"), "GetAll", "s", (ITEM,)) for path in paths
    ]
    entries = []
    for path, answer in zip(paths, bus.call_all(calls, seconds=BULK_SECONDS), strict=True):
        if isinstance(answer, BusError):
            continue
        found = {name: value[1] for name, value in answer[0].items()}
        raw = secrets.get(path)
        entries.append(
            Entry(
                path=path,
                collection=path.rpartition("/")[0],
                label=str(found.get("Label", "")),
                attributes=dict(found.get("Attributes", {})),
                secret=None
                if raw is None
                else Secret(_decrypt(session, raw).decode("utf-8", "surrogateescape")),
                locked=bool(found.get("Locked", False)),
                created=int(found.get("Created", 0)),
                modified=int(found.get("Modified", 0)),
            )
        )
    return entries


def read_secret(session: Any, answer: Any) -> Secret:
    """The secret in one answer of GetSecret or GetSecrets, read with the session it was asked with."""
    return Secret(_decrypt(session, answer).decode("utf-8", "surrogateescape"))


def _decrypt(session: Any, secret: Any) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(session.aes_key), modes.CBC(bytes(secret[1]))).decryptor()
    padded = decryptor.update(bytes(secret[2])) + decryptor.finalize()
    return bytes(padded[: -padded[-1]])


# ── processes ───────────────────────────────────────────────────────────────────────────────────────────────


def _program(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _process_state(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return line.rpartition(")")[2].split()[0]


def environment_of(pid: int) -> dict[str, str]:
    """The environment a process of ours was started with, {} where it can't be read."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (part.partition(b"=") for part in raw.split(b"\0") if b"=" in part)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def _data_home(pid: int) -> str:
    env = environment_of(pid)
    if env.get("XDG_DATA_HOME"):
        return env["XDG_DATA_HOME"]
    return f"{env['HOME']}/.local/share" if env.get("HOME") else ""


def _strays(program: str, owner: int, uid: int) -> tuple[int, ...]:
    """Further daemons of the same program and user. Only gnome-keyring leaves these behind (`--unlock`)."""
    if program != "gnome-keyring-daemon":
        return ()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != owner and _program(int(folder.name)) == program:
            with contextlib.suppress(OSError):
                if folder.stat().st_uid == uid:
                    found.append(int(folder.name))
    return tuple(sorted(found))


def _is_ours(path: Path, host: Host) -> bool:
    return _owner(str(path)) == host.uid


def _owner(path: str | None) -> int | None:
    if path is None:
        return None
    try:
        info = Path(path).stat()
    except OSError:
        return None
    return info.st_uid if stat.S_ISSOCK(info.st_mode) else None
