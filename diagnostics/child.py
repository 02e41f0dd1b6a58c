"""A child process that cannot outlive its deadline: for libraries and programs that know none themselves."""

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diagnostics.child_group import ChildGroup, of_its_own


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
    return RunningChild(command, env=env).result(seconds, given)


class RunningChild:
    """A command that runs while its starter does something else. Whoever starts one asks for its result or ends it.

    Raises:
        OSError: the command could not be started.
    """

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str]) -> None:
        self._child = subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **of_its_own(),
        )
        self._group = ChildGroup(self._child)

    def result(self, seconds: float, given: bytes = b"") -> ChildResult:
        """Its end, waited for at most these seconds from now.

        Raises:
            ChildTimeoutError: the seconds were over; nothing of it is left.
        """
        try:
            output, errors = self._child.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise ChildTimeoutError(f"no end within {seconds:g} s") from None
        except BaseException:
            self.end()
            raise
        return ChildResult(self._child.returncode, output, errors)

    def end(self) -> None:
        """Ends it and its group, where it has not ended by itself."""
        if self._child.returncode is None:
            self._group.end()
            _let_go(self._child)


def _let_go(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(1)
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
