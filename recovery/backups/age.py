"""Encrypts and decrypts in the age format, with pyrage, in a child process.

A child, because a passphrase's key takes seconds and up to gigabytes by design, which the library spends without
letting other threads run, and because it ends the process where the memory can't be had. Everything passes through
pipes; nothing is ever in a file, an argument or a variable.
"""

import base64
import json
import sys

from diagnostics.child import ChildTimeoutError, run_child
from diagnostics.host import Host
from diagnostics.secret import Secret
from recovery.backups.error import BackupError, Reason
from recovery.backups.header import Header, header_of, unarmored
from recovery.backups.key import Key, Lock, Recipients, usable_passphrase
from recovery.backups.library import pyrage

LARGEST = 32 * 1024 * 1024
"""Bytes of a backup. Ten thousand entries take a tenth of it."""
_SECONDS = 120.0
"""For the child. The largest work factor that is accepted takes about twenty seconds on a slow core."""

_PROGRAM = """
import base64, json, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
import pyrage
given = json.loads(sys.stdin.buffer.read())
data = base64.b64decode(given["data"])
try:
    if given["do"] == "encrypt":
        if "passphrase" in given:
            out = pyrage.passphrase.encrypt(data, given["passphrase"])
        else:
            out = pyrage.encrypt(data, [
                (pyrage.ssh if each.startswith("ssh-") else pyrage.x25519).Recipient.from_str(each)
                for each in given["recipients"]
            ])
    elif "passphrase" in given:
        out = pyrage.passphrase.decrypt(data, given["passphrase"])
    else:
        out = pyrage.decrypt(data, [
            pyrage.x25519.Identity.from_str(each) if each.startswith("AGE-") or each.startswith("age-")
            else pyrage.ssh.Identity.from_buffer(each.encode())
            for each in given["identities"]
        ])
except Exception as error:
    sys.stdout.buffer.write(b"!" + (type(error).__name__ + ": " + str(error)).encode("utf-8", "replace"))
else:
    sys.stdout.buffer.write(b"=" + out)
sys.stdout.buffer.flush()
"""


def encrypt(content: Secret, lock: Lock, host: Host) -> bytes:
    """The age file of a text. Takes seconds where the lock is a passphrase.

    Raises:
        BackupError: TOO_LARGE, BAD_PASSPHRASE, NO_LIBRARY or UNWRITABLE (the library failed).
    """
    raw = content.reveal().encode("utf-8")
    if len(raw) > LARGEST:
        raise BackupError(
            Reason.TOO_LARGE, f"that is more than {LARGEST >> 20} MiB: back up chosen entries instead"
        )
    with_what: dict[str, object] = (
        {"recipients": list(lock.keys)}
        if isinstance(lock, Recipients)
        else {"passphrase": usable_passphrase(lock).reveal()}
    )
    good, out = _ask({"do": "encrypt", **with_what}, raw, host)
    if not good:
        raise BackupError(
            Reason.UNWRITABLE, f"it could not be encrypted ({out.decode('utf-8', 'replace')[:200]})"
        )
    return out


def decrypt(sealed: bytes, key: Key, host: Host) -> bytes:
    """The content of an age file, plain or armored. Takes seconds where the key is a passphrase.

    Raises:
        BackupError: NOT_AGE, NEWER_AGE, DAMAGED, TOO_LARGE, TOO_MUCH_WORK, NEEDS_PASSPHRASE, NEEDS_IDENTITY,
            WRONG_PASSPHRASE, WRONG_IDENTITY, BAD_PASSPHRASE or NO_LIBRARY.
    """
    if len(sealed) > LARGEST + (1 << 20):
        raise BackupError(Reason.TOO_LARGE, "the file is too large for a backup that mcp-doctor made")
    binary = unarmored(sealed)
    header = header_of(binary)
    if isinstance(key, Secret):
        if not header.has_passphrase:
            raise BackupError(
                Reason.NEEDS_IDENTITY,
                f"it is encrypted for {header.words}, not with a passphrase: name the private key with --identity",
            )
        with_what: dict[str, object] = {"passphrase": usable_passphrase(key).reveal()}
    else:
        if header.has_passphrase:
            raise BackupError(
                Reason.NEEDS_PASSPHRASE,
                "it is encrypted with a passphrase, so a private key does not open it",
            )
        with_what = {"identities": [each.reveal() for each in key.keys]}
    good, out = _ask({"do": "decrypt", **with_what}, binary, host, header)
    if good:
        return out
    raise _refused(out.decode("utf-8", "replace"), key)


def _refused(said: str, key: Key) -> BackupError:
    """By what pyrage 1.4 says; anything it did not say when this was written counts as damage."""
    if "No matching keys" in said:
        return BackupError(
            Reason.WRONG_IDENTITY, "it is not encrypted for this key (or the file's beginning is damaged)"
        )
    if "Decryption failed" in said and isinstance(key, Secret):
        return BackupError(
            Reason.WRONG_PASSPHRASE,
            "the passphrase is not the right one (or the file's beginning is damaged, which can't be told apart)",
        )
    if "Excessive work" in said:
        return BackupError(
            Reason.TOO_MUCH_WORK,
            "it was made on a much faster computer: opening it here would take too long; open it there",
        )
    return BackupError(
        Reason.DAMAGED,
        "the key fits, but the file is damaged: it was cut off or changed. No part of it can be trusted; take "
        "another copy of it",
    )


def _ask(
    given: dict[str, object], data: bytes, host: Host, header: Header | None = None
) -> tuple[bool, bytes]:
    pyrage()  # the child's error would be less clear
    asked = json.dumps({**given, "data": base64.b64encode(data).decode("ascii")}).encode()
    try:
        done = run_child([sys.executable, "-P", "-c", _PROGRAM], env=host.env, seconds=_SECONDS, given=asked)
    except ChildTimeoutError:
        raise BackupError(
            Reason.TOO_MUCH_WORK, f"it was not done within {_SECONDS:g} seconds; try on a faster computer"
        ) from None
    except OSError as error:
        raise BackupError(
            Reason.NO_LIBRARY, f"a process for it could not be started ({error.strerror})"
        ) from None
    if done.code != 0 or done.output[:1] not in {b"=", b"!"}:
        needed = (
            f" It needs about {max(1, (1 << header.work) >> 10)} MiB of memory."
            if header and header.work
            else ""
        )
        raise BackupError(
            Reason.TOO_MUCH_WORK, f"the process that does it ended early, perhaps for want of memory.{needed}"
        )
    return done.output[:1] == b"=", done.output[1:]
