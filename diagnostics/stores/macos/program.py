"""Calls of `/usr/bin/security` and `codesign`, by absolute path, with a deadline, and none that could open a window.

What may ask (reading a secret, opening a keychain) is not here: reading is `child`'s, with questions switched off.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.child import ChildTimeoutError, run_child
from diagnostics.host import Host
from diagnostics.stores.macos.access import Program, signature
from diagnostics.stores.macos.status import named, status_of_exit

SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """How a call ended."""

    code: int
    output: str = field(repr=False)
    errors: str = field(repr=False)

    @property
    def status(self) -> int | None:
        """The OSStatus, None where it went well or the code is none."""
        return status_of_exit(self.code)

    @property
    def said(self) -> str:
        """The end in words that are the same in every language."""
        status = self.status
        return f"security ended with {self.code}" + (f", {named(status)}" if status is not None else "")


class ProgramError(Exception):
    """`security` could not be run, or did not answer in time."""


def place_of(host: Host, name: str) -> Path:
    """Where one of the system's own programs is, whatever the person's PATH says."""
    return (host.root or Path("/")) / "usr" / "bin" / name


def ask_security(host: Host, *arguments: str, seconds: float | None = None) -> Told:
    """Runs `security` to its end, without a terminal.

    Raises:
        ProgramError: it is not there, or did not end within the seconds.
    """
    return _run(host, "security", arguments, seconds or SECONDS)


def this_python(host: Host) -> Program:
    """The Python that this process runs, as access lists would name it. Its signature may stay unknown."""
    executable = Path(sys.executable)
    real = executable.resolve()
    paths = [str(executable), str(real)]
    # Python of a framework (Homebrew, python.org) starts the app inside of it, and that is what gets trusted.
    inside = real.parent.parent / "Resources" / "Python.app" / "Contents" / "MacOS" / "Python"
    if inside.exists():
        paths.append(str(inside))
    try:
        told = _run(host, "codesign", ("-d", "--verbose=4", paths[-1]), SECONDS)
    except ProgramError:
        return Program(tuple(dict.fromkeys(paths)))
    return Program(tuple(dict.fromkeys(paths)), *signature(told.errors))


def _run(host: Host, name: str, arguments: tuple[str, ...], seconds: float) -> Told:
    path = place_of(host, name)
    try:
        done = run_child([str(path), *arguments], env=host.env, seconds=seconds)
    except ChildTimeoutError as error:
        raise ProgramError(f"{path} {arguments[0]}: {error}") from None
    except OSError as error:
        raise ProgramError(f"{path} can't be run: {error.strerror}") from None
    return Told(
        done.code, done.output.decode("utf-8", "surrogateescape"), done.errors.decode("utf-8", "replace")
    )
