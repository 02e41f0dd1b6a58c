"""What opens or locks a backup, as the call says it or a person at the terminal does."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.secret import Secret
from tui import terminal
from tui.arguments import Call
from tui.usage import UsageError

if TYPE_CHECKING:
    from recovery.backups.key import Key, Lock

_LONGEST = 4096
"""Bytes of a passphrase from a pipe."""


def key_of(call: Call, *, asks: bool, name: str) -> "Key":
    """What opens the backup `name`. In: `asks` = a passphrase does. Raises UsageError and BackupError."""
    from recovery.backups.key import identities, usable_passphrase

    if call.extra["identity"] and call.extra["passphrase_stdin"]:
        raise UsageError("--identity and --passphrase-stdin exclude each other")
    if call.extra["identity"]:
        return identities([Path(each).expanduser() for each in call.extra["identity"]])
    if call.extra["passphrase_stdin"]:
        return usable_passphrase(_piped())
    if not asks:
        raise UsageError(f"{name} is encrypted for a private key: name its file with --identity")
    return usable_passphrase(terminal.hidden(f"Passphrase of {name} (hidden): "))


def lock_of(call: Call) -> "Lock":
    """What a new backup is encrypted with. Raises UsageError and BackupError."""
    from recovery.backups.error import BackupError
    from recovery.backups.key import SHORTEST, new_passphrase, recipients

    if call.extra["recipient"]:
        return recipients(call.extra["recipient"])
    if call.extra["passphrase_stdin"]:
        return new_passphrase(_piped())
    if not terminal.can_ask():
        raise UsageError("there is no terminal to ask for a passphrase at: --passphrase-stdin or --recipient")
    terminal.say(
        f"Choose a passphrase of at least {SHORTEST} characters. Without it nobody can open the backup."
    )
    for _ in range(3):
        first = terminal.hidden("Passphrase (hidden): ")
        try:
            new_passphrase(first)
        except BackupError as error:
            terminal.say(f"  {error}.")
            continue
        if terminal.hidden("The same again: ") == first:
            return first
        terminal.say("  The two differ.")
    raise UsageError("no passphrase was agreed on; nothing was done")


def _piped() -> Secret:
    raw = sys.stdin.buffer.read(_LONGEST + 1)
    text = raw.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
    if not text or len(raw) > _LONGEST:
        raise UsageError("--passphrase-stdin: expected one line, the passphrase, on standard input")
    return Secret(text)
