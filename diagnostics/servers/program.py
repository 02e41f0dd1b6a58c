"""Whether a command can be started, and why not, without starting it."""

import os
import platform
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from diagnostics.catalog import read
from diagnostics.host import Host
from diagnostics.model import Platform

_ELF_MACHINES = {
    "x86_64": 0x3E,
    "amd64": 0x3E,
    "aarch64": 0xB7,
    "arm64": 0xB7,
    "i686": 0x03,
    "armv7l": 0x28,
    "riscv64": 0xF3,
}


class ProgramState(StrEnum):
    """What the file system says about a command."""

    READY = "ready"
    MISSING = "missing"
    NOT_EXECUTABLE = "not-executable"
    NO_INTERPRETER = "no-interpreter"
    WRONG_FORMAT = "wrong-format"


@dataclass(frozen=True, slots=True)
class Program:
    """A command as the system would find it."""

    command: str
    state: ProgramState
    path: Path | None = None
    """The file that would be started, or the one that can't be."""
    searched: str = ""
    """The PATH that was looked through; "" for a command with a folder in it."""
    elsewhere: tuple[Path, ...] = ()
    """Where the command stands outside that PATH."""
    interpreter: str = ""
    """What the file's first line asks for."""
    crlf: bool = False
    """The first line ends as on Windows, so that the interpreter's name has an invisible character at its end."""


def look_up(command: str, env: Mapping[str, str], cwd: Path, host: Host) -> Program:
    """How the system would find this command in this environment. Never raises, starts nothing."""
    path = env.get("PATH", os.defpath)
    if not command.strip() or "\0" in command:
        return Program(command, ProgramState.MISSING)
    if host.platform is Platform.WINDOWS:
        return _on_windows(command, env, cwd, host)
    has_folder = "/" in command
    if has_folder:
        file = cwd / Path(command)
        if not _is_file(file):
            return Program(command, ProgramState.MISSING, file)
        found: Path | None = file
    else:
        hit = shutil.which(command, path=path)
        found = Path(hit) if hit else None
    if found is None:
        shadow = _not_executable(command, path)
        if shadow is not None:
            return Program(command, ProgramState.NOT_EXECUTABLE, shadow, path)
        return Program(command, ProgramState.MISSING, None, path, _elsewhere(command, path, host))
    if not os.access(found, os.X_OK):
        return Program(command, ProgramState.NOT_EXECUTABLE, found, "" if has_folder else path)
    return _inside(command, found, env, host)


def _on_windows(command: str, env: Mapping[str, str], cwd: Path, host: Host) -> Program:
    from diagnostics.servers.windows_program import find_program, folders_of, variable

    if "/" in command or "\\" in command:
        whole = cwd / Path(command.replace("\\", "/") if os.sep == "/" else command)
        file = find_program(whole.name, [whole.parent], env)
        return Program(command, ProgramState.READY if file else ProgramState.MISSING, file or whole)
    path = variable(env, "PATH") or ""
    found = find_program(command, folders_of(path), env)
    if found is not None:
        return Program(command, ProgramState.READY, found)
    places = _catalogue()["places"]["windows"]
    outside: list[str | Path] = [
        *folders_of(variable(host.env, "PATH") or ""),
        *(each for one in places for each in _folders(one, host.home)),
    ]
    hits = (find_program(command, [each], env) for each in outside)
    elsewhere = dict.fromkeys(each for each in hits if each is not None)
    return Program(command, ProgramState.MISSING, None, path, tuple(elsewhere)[:5])


def install_hint(command: str, system: Platform) -> str:
    """How people get this program on a system, in words; "" for one that is not known."""
    rows = {**_catalogue()["install"], **_catalogue().get(f"install_{system.value}", {})}
    return str(rows.get(command.casefold().removesuffix(".exe").removesuffix(".cmd"), ""))


def is_on_a_shells_path_only(program: PurePath) -> bool:
    """Whether it lies where only a shell's start-up files put it on the PATH."""
    return any(part in program.as_posix() for part in _catalogue()["shell_only"])


@cache
def _catalogue() -> Mapping[str, Any]:
    return read("programs.toml")


def _inside(command: str, found: Path, env: Mapping[str, str], host: Host) -> Program:
    ready = Program(command, ProgramState.READY, found)
    try:
        with found.open("rb") as file:
            start = file.read(512)
    except OSError:
        return ready  # may be executed without being readable
    if start.startswith(b"#!"):
        line = start.split(b"\n", 1)[0][2:]
        crlf = line.endswith(b"\r")
        words = line.decode("utf-8", "replace").split()
        interpreter = words[0] if words else ""
        if Path(interpreter).name == "env":
            named = [each for each in words[1:] if not each.startswith("-") and "=" not in each]
            interpreter = named[0] if named else interpreter
        missing = shutil.which(interpreter, path=env.get("PATH", os.defpath)) is None if interpreter else True
        if missing or crlf:
            elsewhere = () if crlf else _elsewhere(interpreter, env.get("PATH", ""), host)
            return Program(
                command, ProgramState.NO_INTERPRETER, found, env.get("PATH", ""), elsewhere, interpreter, crlf
            )
        return ready
    if host.platform is Platform.LINUX and not _runs_here(start):
        return Program(command, ProgramState.WRONG_FORMAT, found)
    return ready


def _runs_here(start: bytes) -> bool:
    """Whether Linux would execute a file that begins like this (without binfmt's help)."""
    if not start.startswith(b"\x7fELF"):
        return False
    wanted = _ELF_MACHINES.get(platform.machine())
    if wanted is None or len(start) < 20:
        return True
    order = "<" if start[5] == 1 else ">"
    machine = struct.unpack(f"{order}H", start[18:20])[0]
    return machine == wanted or (wanted == 0x3E and machine == 0x03)


def _not_executable(command: str, path: str) -> Path | None:
    candidates = (Path(folder) / command for folder in path.split(os.pathsep) if folder)
    return next((each for each in candidates if _is_file(each)), None)


def _elsewhere(command: str, path: str, host: Host) -> tuple[Path, ...]:
    """Places outside the PATH where people's programs are: version managers, package managers, our own PATH."""
    searched = set(path.split(os.pathsep))
    if not command or "/" in command:
        return ()
    own = [each for each in host.env.get("PATH", "").split(os.pathsep) if each]
    found: list[Path] = []
    for place in [*own, *_catalogue()["places"][host.platform.value]]:
        for folder in _folders(place, host.home):
            file = folder / command
            if (
                str(folder) not in searched
                and file not in found
                and _is_file(file)
                and os.access(file, os.X_OK)
            ):
                found.append(file)
    return tuple(found[:5])


def _folders(place: str, home: Path) -> list[Path]:
    full = str(home) + place[1:] if place.startswith("~/") else place
    if "*" not in full:
        return [Path(full)]
    root, _, pattern = full.partition("/*")
    try:
        return sorted(Path(root).glob("*" + pattern), reverse=True)[:20]
    except OSError:
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
