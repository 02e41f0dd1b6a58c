"""A child process that cannot outlive its deadline: for libraries and programs that know none themselves."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ChildResult:
    """How a child ended. Its output is raw: clean it before showing, it may hold secrets."""

    code: int
    """Exit code; negative = the signal that ended it."""
    output: bytes = field(repr=False)
    errors: bytes = field(repr=False)


class ChildTimeoutError(Exception):
    """The child did not end within its seconds; it and its process group have been killed."""


def run_child(
    command: Sequence[str], *, env: Mapping[str, str], seconds: float, given: bytes = b""
) -> ChildResult:
    """Runs a command to its end, without a terminal and in a process group of its own.

    In: `given` goes to its standard input (a secret goes there, never into the arguments).

    Raises:
        ChildTimeoutError: the seconds were over; nothing of it is left.
        OSError: the command could not be started.
    """
    child = subprocess.Popen(
        command,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, errors = child.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired:
        _end_group(child)
        raise ChildTimeoutError(f"no end within {seconds:g} s") from None
    except BaseException:
        _end_group(child)
        raise
    return ChildResult(child.returncode, output, errors)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and its group. It has not been waited for yet, so its id can't be anybody else's by now."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(1)
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
