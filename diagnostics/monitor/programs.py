"""Asking the programs of timers (`systemctl`, `crontab`, `launchctl`, `schtasks`), each within a deadline."""

import shutil

from diagnostics.child import ChildResult, ChildTimeoutError, run_child
from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.text import clean

SECONDS = 15.0


class ProgramError(Exception):
    """A program is not there, did not answer, or said no; in words that are safe to show."""


def ask(host: Host, *words: str, given: bytes = b"", seconds: float = SECONDS) -> ChildResult:
    """Runs one, whatever it says. Its output is raw.

    Raises:
        ProgramError: it could not be started, or did not end in time.
    """
    env = {**host.env, "LC_ALL": "C"}
    if host.platform is Platform.LINUX:
        env.setdefault("XDG_RUNTIME_DIR", str(host.runtime_dir))
    try:
        return run_child(words, env=env, seconds=seconds, given=given)
    except ChildTimeoutError:
        raise ProgramError(f"{words[0]} did not answer within {seconds:g} seconds") from None
    except OSError as error:
        raise ProgramError(f"{words[0]} can't be run: {error.strerror}") from error


def told(host: Host, *words: str, given: bytes = b"") -> str:
    """Its standard output, where it says yes.

    Raises:
        ProgramError: as `ask`; or it ended with another code than 0.
    """
    done = ask(host, *words, given=given)
    if done.code != 0:
        raise ProgramError(f"{words[0]} {words[1] if len(words) > 1 else ''} said: {said_by(done)}")
    return done.output.decode("utf-8", "replace")


def said_by(done: ChildResult) -> str:
    """What it said, in one line: what is wrong is in the last one."""
    lines = [
        line for line in (done.errors or done.output).decode("utf-8", "replace").splitlines() if line.strip()
    ]
    return clean(lines[-1], 200) if lines else f"nothing, and ended with {done.code}"


def on_path(host: Host, program: str) -> bool:
    """Whether the PATH has it."""
    return shutil.which(program, path=host.env.get("PATH", "")) is not None


def crontab_of(host: Host) -> bytes | None:
    """This user's crontab, byte for byte; None where there is none.

    Raises:
        ProgramError: it can't be read.
    """
    done = ask(host, "crontab", "-l")
    if done.code == 0:
        return done.output
    said = said_by(done)
    if "no crontab for" in said or ("can't open" in said and "No such file" in said):
        return None
    raise ProgramError(f"crontab said: {said}")
