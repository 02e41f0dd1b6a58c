"""Starting a session bus that outlives the login, and ending one of ours.

A second bus on the socket of a live one would take it over and cut every program off, so the socket is tried
first, under a lock, and only `refused` or `not there` counts as free.
"""

import contextlib
import os
import signal
import socket as sockets
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.stores.bus import Bus, BusError, is_listening
from recovery.lock import LockError, locked
from recovery.model import RecoveryError
from recovery.processes import LocalProcesses

if TYPE_CHECKING:
    from recovery.ports import RecoveryWorld

_START_SECONDS = 8.0
_LONGEST_SOCKET = 100
"""Bytes; the kernel's limit for a socket's path is 107, and the daemon adds to it while binding."""
_KEPT = (
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "XDG_RUNTIME_DIR",
    "XDG_DATA_HOME",
)
_KEPT_PREFIXES = ("LC_", "XDG_DATA_", "XDG_CONFIG_", "XDG_CACHE_", "XDG_STATE_")
BUS = "org.freedesktop.DBus"


class LocalSessionBus:
    """The `dbus-daemon` of this machine."""

    def __init__(self, world: "RecoveryWorld") -> None:
        self._world = world

    def is_live(self, socket: str) -> bool:
        """See `recovery.world.SessionBus`."""
        return is_listening(socket)

    def start(self, socket: str) -> int:
        """See `recovery.world.SessionBus`. Raises RecoveryError where someone listens, or it does not come up."""
        path = Path(socket)
        host = self._world.host
        if len(os.fsencode(socket)) > _LONGEST_SOCKET:
            raise RecoveryError(
                f"{socket} is too long for a socket's path: set XDG_RUNTIME_DIR to a short one"
            )
        try:
            if path.is_relative_to(host.state_dir) or path.is_relative_to(host.home):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.parent.stat().st_uid != host.uid:
                raise RecoveryError(f"{path.parent} belongs to another user: no bus of yours can live there")
            with locked(path.with_name(path.name + ".starting"), 3.0):
                _make_sure_it_is_free(path, host.uid)
                return _spawn(socket, bus_environment(host.env))
        except LockError as error:
            raise RecoveryError("another process is starting a bus there right now: look again") from error
        except OSError as error:
            raise RecoveryError(f"no bus can be started on {socket}: {error.strerror or error}") from error

    def stop(self, socket: str) -> None:
        """See `recovery.world.SessionBus`."""
        if not is_listening(socket):
            return
        processes = LocalProcesses(self._world.host.uid)
        try:
            with Bus.connect(f"unix:path={socket}") as bus:
                pid = bus.pid_of(BUS)
                others = _others(bus, {pid, os.getpid()})
        except BusError as error:
            raise RecoveryError(f"the bus on {socket} does not answer: {error}") from error
        if others:
            named = ", ".join(f"{name} (process {number})" for number, name in sorted(others.items())[:5])
            raise RecoveryError(f"the bus on {socket} is still used by {named}")
        if f"--address=unix:path={socket}" not in _arguments(pid):
            raise RecoveryError(f"the bus on {socket} was not started by mcp-doctor, so it is left alone")
        processes.end(pid, "dbus-daemon")
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(Path(socket).lstat().st_mode):
                Path(socket).unlink()


def bus_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What a bus is started with: no display (so that no daemon of it can prompt), and no credentials."""
    return {name: value for name, value in env.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}


def _make_sure_it_is_free(path: Path, uid: int) -> None:
    try:
        info = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(info.st_mode) or info.st_uid != uid:
        raise RecoveryError(f"{path} is there and is no socket of yours: move it aside first")
    if sys.platform == "win32":
        raise RecoveryError("a session bus can only be started on Linux")
    with sockets.socket(sockets.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
        except OSError as error:
            raise RecoveryError(f"whether a bus lives on {path} could not be found out: {error}") from error
    raise RecoveryError(
        f"a bus is alive on {path}: a second one would cut every program off from it. Use the live one"
    )


def _arguments(pid: int) -> list[str]:
    try:
        return [os.fsdecode(each) for each in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    except OSError:
        return []


def _spawn(socket: str, env: dict[str, str]) -> int:
    command = ["dbus-daemon", "--session", "--fork", "--print-pid=1", f"--address=unix:path={socket}"]
    try:
        started = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a bus of the login's session would end with it
            cwd="/",
        )
    except FileNotFoundError as error:
        raise RecoveryError(
            "dbus-daemon is not installed. On Debian and Ubuntu: sudo apt install dbus"
        ) from error
    try:
        out, err = started.communicate(timeout=_START_SECONDS)
    except subprocess.TimeoutExpired as error:
        with contextlib.suppress(OSError):
            if sys.platform != "win32":
                os.killpg(started.pid, signal.SIGKILL)
        started.communicate()
        raise RecoveryError(f"dbus-daemon did not come up within {_START_SECONDS:g} s") from error
    if started.returncode != 0 or not out.split():
        last = err.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise RecoveryError(f"dbus-daemon did not start: {last[0]}")
    return int(out.split()[0])


def _others(bus: Bus, ours: set[int]) -> dict[int, str]:
    """Programs on the bus but for itself, us and the keychain's daemon, which ends with its bus by itself."""
    from jeepney.bus_messages import message_bus

    found: dict[int, str] = {}
    for name in bus.call(message_bus, "ListNames")[0]:
        if not str(name).startswith(":"):
            continue
        try:
            pid = bus.pid_of(str(name))
        except BusError:
            continue  # it left meanwhile
        program = "a program"
        with contextlib.suppress(OSError):
            program = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
        if pid not in ours and program[:13] != "gnome-keyring":
            found[pid] = program
    return found
