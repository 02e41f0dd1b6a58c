"""The readable beginning of an age file: how it is encrypted, told without any key.

The format is age-encryption.org/v1: a line of version, stanzas that each wrap the file's key for one recipient
(`-> TYPE ARGUMENT …` and lines of base64, the last of them shorter than 64), and a MAC line `--- …`.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from recovery.backups.error import BackupError, Reason

LARGEST_WORK = 22
"""The scrypt work factor (a power of two) above which a file is refused; the `age` program has the same limit."""
_VERSION = b"age-encryption.org/v1"
_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_ARMOR_END = b"-----END AGE ENCRYPTED FILE-----"
_LONGEST = 256 * 1024
"""Bytes of a header that are read; a recipient takes about a hundred, an RSA key a thousand."""
_BODY = re.compile(rb"[A-Za-z0-9+/]{0,64}")
_MAC = re.compile(rb"--- [A-Za-z0-9+/]{43}")
_PAYLOAD = 16 + 16
"""Bytes that follow at least: a nonce, and the tag of an empty chunk."""


@dataclass(frozen=True, slots=True)
class Header:
    """How an age file is encrypted."""

    kinds: tuple[str, ...]
    """The type of every recipient (`scrypt`, `X25519`, `ssh-ed25519`, `ssh-rsa`), without meaningless padding."""
    work: int = 0
    """The scrypt work factor, 0 = no passphrase."""

    @property
    def has_passphrase(self) -> bool:
        """Whether a passphrase opens it, and nothing else."""
        return self.kinds == ("scrypt",)

    @property
    def words(self) -> str:
        """How it is encrypted, for people."""
        if self.has_passphrase:
            return "passphrase"
        return "1 recipient" if len(self.kinds) == 1 else f"{len(self.kinds)} recipients"


def unarmored(content: bytes) -> bytes:
    """The binary form of an age file that may be armored (text).

    Raises:
        BackupError: DAMAGED, the armor is not whole.
    """
    if not content.lstrip().startswith(_ARMOR):
        return content
    lines = content.strip().splitlines()
    if lines[-1].strip() != _ARMOR_END:
        raise _damaged("its last line is missing")
    try:
        return base64.b64decode(b"".join(each.strip() for each in lines[1:-1]), validate=True)
    except binascii.Error:
        raise _damaged("its text is garbled") from None


def header_of(content: bytes) -> Header:
    """Reads the header. In: an age file in its binary form, or at least its first `_LONGEST` bytes.

    Raises:
        BackupError: NOT_AGE, NEWER_AGE, DAMAGED or TOO_MUCH_WORK.
    """
    first, _, rest = content[:_LONGEST].partition(b"\n")
    if first != _VERSION:
        if re.fullmatch(rb"age-encryption\.org/v\d{1,4}", first):
            raise BackupError(Reason.NEWER_AGE, "it is written in a newer age format than this version reads")
        raise BackupError(Reason.NOT_AGE, "it is not an age file, so it is no backup that mcp-doctor made")
    stanzas: list[list[str]] = []
    complete = True
    while rest:
        line, newline, rest = rest.partition(b"\n")
        if not newline:
            break
        if line.startswith(b"---"):
            if not complete or not stanzas or not _MAC.fullmatch(line):
                break
            if len(rest) < _PAYLOAD:
                raise _damaged("it ends too early")
            return _header(stanzas)
        if line.startswith(b"-> "):
            if not complete:
                break
            stanzas.append(line[3:].decode("ascii", "replace").split(" "))
            complete = False
        elif complete or not _BODY.fullmatch(line):
            break
        else:
            complete = len(line) < 64
    raise _damaged("its beginning is garbled or cut off")


def _header(stanzas: list[list[str]]) -> Header:
    real = [each for each in stanzas if not each[0].endswith("-grease")]
    kinds = tuple(each[0] for each in real)
    if "scrypt" not in kinds:
        return Header(kinds)
    if len(kinds) != 1 or len(real[0]) != 3 or not re.fullmatch(r"[1-9]\d{0,2}", real[0][2]):
        raise _damaged("its beginning is garbled")
    work = int(real[0][2])
    if work > LARGEST_WORK:
        raise BackupError(
            Reason.TOO_MUCH_WORK,
            f"its passphrase is meant to take 2^{work} units of work, which no honest backup does (at most "
            f"2^{LARGEST_WORK}): it was not tried",
        )
    return Header(kinds, work)


def _damaged(how: str) -> BackupError:
    return BackupError(
        Reason.DAMAGED, f"the file is damaged: {how}. No part of it can be used; take another copy of it"
    )
