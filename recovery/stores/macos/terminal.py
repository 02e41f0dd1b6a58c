"""Runs a program that asks for a password at its terminal, and answers it there.

`security` reads a password from /dev/tty (getpass), or from its arguments, where every user of the Mac could see it. So
it gets a terminal of its own. Its prompts are in the language of the system: that it asks is told by the terminal, which
stops to echo. What is typed before that is thrown away, so nothing is.
"""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from diagnostics.secret import Secret
from recovery.model import RecoveryError

SECONDS = 20.0

# The program must lead a session whose terminal is ours; done in a process of its own, where no threads are.
_LAUNCH = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def answer_at_terminal(
    command: Sequence[str], answers: Sequence[Secret], env: Mapping[str, str], seconds: float = SECONDS
) -> int:
    """Runs a command to its end, giving one answer each time it asks. Out: its exit code.

    Raises:
        RecoveryError: an answer can't be typed, the command can't be run, asks for more, or does not end in time.
    """
    if sys.platform == "win32":
        raise RecoveryError("a Mac's keychain can only be opened on a Mac")
    typed = [_line(each) for each in answers]
    import pty

    master, slave = pty.openpty()
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", _LAUNCH, *command],
            env=dict(env),
            stdin=slave,
            stdout=subprocess.DEVNULL,
            stderr=slave,
            start_new_session=True,
        )
        try:
            _converse(child, master, slave, typed, time.monotonic() + seconds)
            return child.wait(1)
        except subprocess.TimeoutExpired:
            raise RecoveryError("it did not end in time") from None
        finally:
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, 9)
                child.wait(5)
    except OSError as error:
        raise RecoveryError(f"{command[0]} can't be run: {error.strerror}") from None
    finally:
        os.close(master)
        os.close(slave)


def _converse(
    child: subprocess.Popen[bytes], master: int, slave: int, typed: list[bytes], until: float
) -> None:
    if sys.platform == "win32":
        return
    import termios

    asked = False
    while child.poll() is None:
        if time.monotonic() > until:
            raise RecoveryError("it did not end in time")
        if select.select([master], [], [], 0.02)[0]:
            asked |= bool(os.read(master, 4096).strip())
        hidden = not termios.tcgetattr(slave)[3] & termios.ECHO
        if not (asked and hidden):
            continue
        if not typed:
            raise RecoveryError("it asks again: what was given was not accepted")
        os.write(master, typed.pop(0))
        asked = False  # the next question shows itself by its own words


def _line(answer: Secret) -> bytes:
    raw = answer.reveal().encode("utf-8", "surrogateescape")
    if not raw:
        raise RecoveryError("an empty password is never sent")
    if any(each < 0x20 or each == 0x7F for each in raw) or len(raw) > 500:
        raise RecoveryError("this password has characters that can't be typed at a terminal, or is too long")
    return raw + b"\n"
