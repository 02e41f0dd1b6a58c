"""What /proc says about the processes behind the names on a bus. Reads only, and says "" where it may not."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


def program_of(pid: int) -> str:
    """Base name of a process's executable, "" when unknown.

    A daemon with file capabilities hides its `exe` from its own user; its command line stays readable. NixOS calls a
    program that it has put a wrapper around `.NAME-wrapped`.
    """
    with contextlib.suppress(OSError):
        return _unwrapped((_PROC / str(pid) / "exe").readlink().name.removesuffix(" (deleted)"))
    for word in command_of(pid)[:1]:
        return _unwrapped(Path(word).name)
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _unwrapped(name: str) -> str:
    wrapped = name.startswith(".") and name.endswith("-wrapped")
    return name[1 : -len("-wrapped")] if wrapped else name


def command_of(pid: int) -> list[str]:
    """A process's command line, [] when unknown."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in raw.split(b"\0") if word]


def state_of(pid: int) -> str:
    """The scheduler's letter for a process (`T` = stopped), "" when it is gone."""
    try:
        line = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return (line.rpartition(")")[2].split() or [""])[0]


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with, {} where it can't be read."""
    try:
        raw = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (part.partition(b"=") for part in raw.split(b"\0") if b"=" in part)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def data_home_in(env: Mapping[str, str]) -> str:
    """The data directory that a process with this environment uses, "" when the environment doesn't say."""
    if env.get("XDG_DATA_HOME"):
        return env["XDG_DATA_HOME"]
    return f"{env['HOME']}/.local/share" if env.get("HOME") else ""


@dataclass(frozen=True, slots=True)
class Kin:
    """Daemons of one program and user, beside the one that owns the name."""

    strays: tuple[int, ...] = ()
    """In the owner's own session: they own nothing there, and serve nobody."""
    sharers: tuple[int, ...] = ()
    """In another session, on the same keyring files: each writes without knowing of the other."""


def kin_of(pid: int, program: str, uid: int, address: str) -> Kin:
    """The daemons like this one. In: the owner's pid, program and user, and the bus that it serves.

    A daemon whose environment can't be read is left out: it may well belong to another session.
    """
    own = environment_of(pid)
    if program != "gnome-keyring-daemon" or not own:
        return Kin()  # only gnome-keyring leaves such daemons behind (`--unlock` beside a running one)
    strays, sharers = [], []
    for other in _pids_of(program, uid):
        env = environment_of(other)
        if other == pid or not env:
            continue
        if _same_session(own, env, address):
            strays.append(other)
        elif data_home_in(env) == data_home_in(own):
            sharers.append(other)
    return Kin(tuple(sorted(strays)), tuple(sorted(sharers)))


def _same_session(own: Mapping[str, str], other: Mapping[str, str], address: str) -> bool:
    named = other.get("DBUS_SESSION_BUS_ADDRESS")
    if named:
        return _bare(named) == _bare(address)
    place = other.get("XDG_RUNTIME_DIR")
    return bool(place) and place == own.get("XDG_RUNTIME_DIR")


def _bare(address: str) -> str:
    return ",".join(part for part in address.split(",") if not part.startswith("guid="))


def _pids_of(program: str, uid: int) -> Iterator[int]:
    for folder in _PROC.iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and folder.stat().st_uid == uid:
                pid = int(folder.name)
                if program_of(pid) == program and state_of(pid) != "Z":
                    yield pid
