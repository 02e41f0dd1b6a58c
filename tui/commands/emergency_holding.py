"""`emergency start` where the kernel can't hold the token: this process stays, and holds it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diagnostics.emergency import OpenIncident, left_in_words, open_incidents
from tui import terminal
from tui.session import DoctorSession

if TYPE_CHECKING:
    import subprocess

    from recovery.emergency.target import Target
    from recovery.steps.emergency import HoldToken

_STOPPED = 130
_TURN = 0.2
"""Seconds between two looks at what was started."""


def stay(step: "HoldToken", target: "Target", launch: Sequence[str], session: DoctorSession) -> int:
    """Holds the token until its time is up, it is taken away, or this process is ended.

    In: `launch` = a command that this process starts, () = it only holds. Out: the exit code, of the command where
    there is one.
    """
    from recovery.emergency import holder

    opened = next(each for each in open_incidents(session.host) if each.id == step.incident)
    try:
        if launch:
            return _with_command(opened, target, launch, session)
        terminal.say(
            "This process holds the token. Leave it running: when it ends, the token is gone. Ctrl+C takes it away.",
            "Restart the server in its client meanwhile. When the keychain works again, in another window:",
            f"$ mcp-doctor emergency close {opened.id}",
        )
        holder.wait_for_end(opened.key_name)
        _say_why(opened, session)
        return 0
    except KeyboardInterrupt:
        terminal.say(
            "",
            "The token is taken away. The incident stays open until it is closed:",
            f"$ mcp-doctor emergency close {opened.id}",
        )
        return _STOPPED
    finally:
        holder.let_go(opened.key_name, opened.socket)


def _with_command(
    opened: OpenIncident, target: "Target", launch: Sequence[str], session: DoctorSession
) -> int:
    from recovery.emergency import own_start
    from recovery.model import RecoveryError

    terminal.say(
        f"This process starts {launch[0]} with the token, and ends it when the time is up, in "
        f"{left_in_words(opened.seconds_left())}."
    )
    try:
        child = own_start.start(target.servers[0], launch, session.host, session.options.provider_urls)
    except RecoveryError as error:
        terminal.say(f"  {error}")
        _close_later(opened)
        return 1
    try:
        code = _until_end(child, opened)
    finally:
        own_start.end(child)
    if code is None:
        terminal.say("The time is up: the command was ended, and the token is gone.")
    _close_later(opened)
    return code if code is not None else 1


def _until_end(child: "subprocess.Popen[bytes]", opened: OpenIncident) -> int | None:
    """The command's exit code; None = the token's time was over first."""
    from recovery.emergency import holder

    while (code := child.poll()) is None:
        if holder.wait_for_end(opened.key_name, _TURN):
            return None
    return code


def _say_why(opened: OpenIncident, session: DoctorSession) -> None:
    terminal.say("The token is gone: its time is up, or it was taken away.")
    if any(each.id == opened.id for each in open_incidents(session.host)):
        _close_later(opened)


def _close_later(opened: OpenIncident) -> None:
    terminal.say("An incident stays open until it is closed:", f"$ mcp-doctor emergency close {opened.id}")
