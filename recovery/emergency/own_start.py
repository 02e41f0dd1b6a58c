"""What the guiding process starts itself: the one way to a token that no other process can be given."""

import dataclasses
import subprocess
from collections.abc import Mapping, Sequence

from diagnostics.host import Host
from diagnostics.model import Server
from diagnostics.secret import Secret
from diagnostics.servers.resolve import UnresolvedError
from recovery.launcher import launch_of
from recovery.launching.failure import LaunchError
from recovery.model import RecoveryError

_SECONDS_TO_END = 5.0


def start(
    server: Server, command: Sequence[str], host: Host, agreed: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Starts a command with the variables of an entry, on this process's own input and output.

    The entry's references get their values as `mcp-doctor run` gets them, so it is on record too.

    Raises:
        RecoveryError: a reference has no value, or the command can't be started.
    """
    entry = dataclasses.replace(
        server,
        command=command[0],
        args=tuple(map(Secret, command[1:])),
        references=tuple(each for each in server.references if each.field.startswith("env.")),
    )
    try:
        launch = launch_of(entry, host, agreed)
    except UnresolvedError as error:
        raise RecoveryError(f"{error.reference.field} {error.reference.shown} {error}") from error
    except LaunchError as error:
        raise RecoveryError(str(error)) from error
    try:
        return subprocess.Popen([launch.command, *launch.args], env=dict(launch.env), cwd=launch.cwd)
    except OSError as error:
        raise RecoveryError(f"{command[0]!r} can't be started: {error.strerror}") from error


def end(child: "subprocess.Popen[bytes]") -> int:
    """Ends it, with force where it does not end by itself. Out: its exit code."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()
