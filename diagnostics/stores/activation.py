"""What a bus would run to start a service: its service file, found as the bus finds it. Reads files only."""

import contextlib
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diagnostics.host import Host
from diagnostics.stores.processes import command_of, environment_of

_LARGEST_FILE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Activation:
    """A service file's command."""

    command: str = ""
    program_missing: bool = False


def activation_of(name: str, bus_pid: int) -> Activation:
    """The command for a service name, all empty where no file was found.

    In: the bus's process id; its environment and arguments say which folders it looks in (dbus-daemon(1)).
    """
    for folder in _folders(bus_pid):
        with contextlib.suppress(OSError):
            for path in sorted(folder.glob("*.service")):
                command = _command(path, name)
                if command:
                    return Activation(command, _is_missing(command))
    return Activation()


def can_start_keychain(host: Host) -> bool:
    """Whether this host has what it takes: a program for a session bus, and one that keeps secrets on it."""
    if shutil.which("dbus-daemon", path=host.env.get("PATH", "")) is None:
        return False
    found = activation_of("org.freedesktop.secrets", 0)
    return bool(found.command) and not found.program_missing


def _folders(bus_pid: int) -> Iterator[Path]:
    env = environment_of(bus_pid)
    for word in command_of(bus_pid):
        if word.startswith("--config-file="):
            yield from map(Path, re.findall(r"<servicedir>([^<]+)</servicedir>", _read(Path(word[14:]))))
            return
    if env.get("XDG_RUNTIME_DIR"):
        yield Path(env["XDG_RUNTIME_DIR"]) / "dbus-1/services"
    home = env.get("XDG_DATA_HOME") or (f"{env['HOME']}/.local/share" if env.get("HOME") else "")
    shared = (env.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    for folder in (home, *shared):
        if folder:
            yield Path(folder) / "dbus-1/services"


def _command(path: Path, name: str) -> str:
    rows = dict(re.findall(r"(?m)^\s*(Name|Exec)\s*=\s*(.*?)\s*$", _read(path)))
    return rows.get("Exec", "") if rows.get("Name") == name else ""


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE).decode("utf-8", "replace")
    except OSError:
        return ""


def _is_missing(command: str) -> bool:
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return bool(words) and shutil.which(words[0]) is None
