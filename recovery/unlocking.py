"""From whatever state the store is in to an unlocked keychain: which steps, and what must be asked for them.

One guide leads the whole way: a person without a bus wants the keychain open, not a bus.
"""

import contextlib
import dataclasses
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from diagnostics.host import Host
from diagnostics.stores import StoreState
from diagnostics.stores.bus import is_listening, sockets_of
from diagnostics.text import clean
from recovery.model import Ask, AskKind, RecoveryError, Step
from recovery.steps.bus import VARIABLE, StartBus, UseBus
from recovery.steps.file import SetMode
from recovery.steps.keychain import PASSWORD, Create, SetDefault, Unlock
from recovery.steps.provider import ContinueProvider, RestartProvider, StartProvider
from recovery.wallet_way import from_kwallet, from_nobody, refuse_keepassxc, refuse_to_end

Look = Callable[[Host], StoreState]
"""Looks at the store of a host without side effects (`diagnostics.stores.secret_service.probe`)."""

LOGIN = "/org/freedesktop/secrets/collection/login"

_NO_BUS = {"unset", "empty", "invalid", "unsupported", "no-socket", "refused", "closed", "other-user"}
_BINARY = b"GnomeKeyring\n\r\0\n"
_TEXT = b"[keyring]"


@dataclass(frozen=True, slots=True)
class Way:
    """How to get to an unlocked keychain from here. No steps = it is unlocked already."""

    steps: tuple[Step, ...] = ()
    asks: tuple[Ask, ...] = ()

    def after(self, *steps: Step) -> "Way":
        """The same way with these steps before it; files are mended first, for a daemon reads them as it starts."""
        modes = [step for step in self.steps if isinstance(step, SetMode)]
        rest = [step for step in self.steps if not isinstance(step, SetMode)]
        return Way((*modes, *steps, *rest), self.asks)


def way_to_unlocked(state: StoreState, host: Host, look: Look | None) -> Way:
    """The steps from a state to an unlocked default keychain. Only looks.

    In: `look` = None where nothing beyond the state may be looked at (the demo's stand-in): the way then ends where
    the next state is not known yet.

    Raises:
        RecoveryError: none of our steps leads there; the text says what only the person can do.
    """
    bus = state.bus
    if bus.trouble is None:
        return _from_provider(state, host, look)
    if bus.trouble not in _NO_BUS:
        raise RecoveryError(
            f"the session bus does not answer ({clean(bus.trouble)}): log out and in again, or end the process "
            f"of the bus{f' ({bus.pid})' if bus.pid else ''}"
        )
    if host.env.get("SUDO_UID") and host.uid == 0:
        raise RecoveryError("as root there is no way to another user's keychain: run this without sudo")
    socket = _socket_for(state, host)
    address = bus.live_elsewhere or (f"unix:path={socket}" if is_listening(socket) else None)
    if address is not None:
        return _on(address, host, look)
    way = Way() if look is None else _from_files(host.data_home / "keyrings", host)
    return way.after(StartBus(socket, bus.address), StartProvider())


def _on(address: str, host: Host, look: Look | None) -> Way:
    """From a bus that lives but is not the one that the variable leads to."""
    if look is None:
        return Way((UseBus(address, host.env.get(VARIABLE)),))
    there = dataclasses.replace(host, env={**host.env, VARIABLE: address})
    seen = look(there)
    if seen.bus.trouble is not None:
        raise RecoveryError(f"the bus at {clean(address)} does not answer: {clean(seen.bus.said)}")
    use = UseBus(address, host.env.get(VARIABLE))
    settled = dataclasses.replace(seen.bus, live_elsewhere=None, provider_elsewhere=None)
    return _from_provider(dataclasses.replace(seen, bus=settled), there, look).after(use)


def _from_provider(state: StoreState, host: Host, look: Look | None) -> Way:
    provider = state.provider
    if not provider.running:
        if state.bus.provider_elsewhere and state.bus.live_elsewhere:
            return _on(state.bus.live_elsewhere, host, look)
        other = from_nobody(state)
        if other is not None:
            return Way(*other)
        if not provider.installed or provider.activation_program_missing:
            raise RecoveryError(
                "no keyring program is installed. On Debian and Ubuntu: sudo apt install gnome-keyring"
            )
        way = Way() if look is None else _from_files(_keyrings(state, host), host)
        return way.after(StartProvider())
    if provider.hung:
        if provider.uid not in {host.uid, -1}:
            raise RecoveryError("the keyring daemon hangs and belongs to another user")
        if not provider.pid:
            raise RecoveryError(
                "the keyring daemon hangs, and runs outside of this container or sandbox: end it there, and look again"
            )
        refuse_to_end(provider)
        mend: Step = RestartProvider(provider.pid, provider.program, force=True)
        if provider.stopped:
            mend = ContinueProvider(provider.pid, provider.program)
        if provider.is_ksecretd or provider.program == "keepassxc":
            return Way((mend,))  # both open in their own windows only, if they are closed
        return Way((mend, Unlock()), (_ask_password("login"),))
    if provider.is_kwallet:
        return Way(*from_kwallet(state))
    if provider.program == "keepassxc":
        refuse_keepassxc(state)
        return Way()
    return _from_collections(state, host)


def _from_collections(state: StoreState, host: Host) -> Way:
    provider, default = state.provider, state.default
    if default is not None and default.exists:
        if not default.locked:
            return Way()
        return Way((Unlock(default.path, default.label),), (_ask_password(default.label),))
    folder = _keyrings(state, host)
    alias = state.alias or (default.path if default is not None else "/")
    if alias not in {"", "/"} and _is_keyring(folder / f"{alias.rpartition('/')[2]}.keyring"):
        label = alias.rpartition("/")[
            2
        ]  # the file is there, the daemon has the name, and no object: it must read anew
        restart = RestartProvider(provider.pid, provider.program)
        return Way((restart, Unlock("", label)), (_ask_password(label),))
    lasting = [each for each in state.collections if each.exists and not each.path.endswith("/session")]
    if lasting:
        best = max(lasting, key=lambda each: (each.label == "login", each.items))
        way = Way((SetDefault(best.path, best.label, alias or "/"),))
        if not best.locked:
            return way
        return Way((*way.steps, Unlock(best.path, best.label)), (_ask_password(best.label),))
    way = _from_files(folder, host)
    if any(isinstance(step, Create) for step in way.steps):
        if _chosen(folder) in {"", "login"}:
            return way
        return Way((*way.steps, SetDefault(LOGIN, "login", "/")), way.asks)  # the file names one that is gone
    # A file is there that the running daemon has not read.
    return way.after(RestartProvider(provider.pid, provider.program))


def _from_files(folder: Path, host: Host) -> Way:
    """What a daemon will make of its files once it starts: a keychain to unlock, or none."""
    modes = [each for each in modes_to_mend(folder, host) if each.previous & each.mode != each.mode]
    if modes:
        return Way((*modes, Unlock()), (_ask_password("login"),))
    login = folder / "login.keyring"
    chosen = _chosen(folder)
    if chosen and _is_keyring(folder / f"{chosen}.keyring"):
        return Way((Unlock("", chosen),), (_ask_password(chosen),))
    if os.path.lexists(login):
        if not _is_keyring(login):
            raise RecoveryError(
                f"{login} is damaged: the daemon will not read it, and a new keychain beside it would be lost. "
                "`mcp-doctor fix permission.keyring-files` saves what can be saved of it"
            )
        return Way((Unlock(),), (_ask_password("login"),))
    ask = Ask(
        PASSWORD,
        AskKind.NEW_PASSWORD,
        "Password for the new keychain",
        "Use your login password where it should be unlocked at login. It can't be recovered if it is forgotten.",
    )
    return Way((Create(),), (ask,))


def modes_to_mend(folder: Path, host: Host) -> list[SetMode]:
    """Permissions that keep the daemon from its files, or let others read them. In: the keyrings folder."""
    found = [(folder, 0o700)]
    with contextlib.suppress(OSError):
        found += [(each, 0o600) for each in sorted(folder.iterdir()) if each.name.endswith(".keyring")]
    steps = []
    for path, wanted in found:
        try:
            info = path.lstat()
        except OSError:
            continue
        mode = stat.S_IMODE(info.st_mode)
        lacks = (mode & wanted) != wanted or mode & 0o077
        if info.st_uid == host.uid and not stat.S_ISLNK(info.st_mode) and lacks:
            steps.append(SetMode(str(path), wanted, mode))
    return steps


def _keyrings(state: StoreState, host: Host) -> Path:
    """The folder that the daemon, or the one this bus would start, has its files in."""
    if state.provider.data_home:
        return Path(state.provider.data_home) / "keyrings"
    from diagnostics.stores.processes import data_home_in, environment_of

    of_bus = data_home_in(environment_of(state.bus.pid)) if state.bus.pid else ""
    return Path(of_bus or host.data_home) / "keyrings"


def _socket_for(state: StoreState, host: Host) -> str:
    """The path the variable names, if a socket of ours can be there, so that every shell with it works again."""
    from recovery.world import own_socket

    named = next(iter(sockets_of(state.bus.address or "")), "")
    if named and state.bus.trouble in {"no-socket", "refused"}:
        folder = Path(named).parent
        try:
            if folder.stat().st_uid == host.uid and os.access(folder, os.W_OK):
                return named
        except OSError:
            pass
    return str(own_socket(host))


def _chosen(folder: Path) -> str:
    """The keychain that the file `default` names, "" = none."""
    try:
        name = (folder / "default").read_text(encoding="utf-8", errors="replace")[:200].strip()
    except OSError:
        return ""
    return "" if "/" in name else name


def _is_keyring(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(len(_BINARY))
    except OSError:
        return False
    return start == _BINARY or start.startswith(_TEXT)


def _ask_password(label: str) -> Ask:
    return Ask(
        PASSWORD,
        AskKind.PASSWORD,
        f"Password of the keychain “{clean(label or 'login')}”",
        "Often your login password. It goes to the keyring daemon only, and is written nowhere.",
    )
