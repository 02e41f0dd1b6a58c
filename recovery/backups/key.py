"""What locks and opens a backup: a passphrase, or recipients and their identities (age's own, or SSH keys)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.regular_file import NotRegularError, open_regular
from diagnostics.secret import Secret
from diagnostics.text import clean
from recovery.backups.error import BackupError, Reason
from recovery.backups.library import pyrage

SHORTEST = 12
"""Characters of a new passphrase. Who gets hold of the file can try as many as they have time for."""
_LONGEST = 1024
_FILE = 64 * 1024
"""Bytes of a file with recipients or identities."""
_AGE = re.compile(r"age1[ac-hj-np-z02-9]+", re.IGNORECASE)
_PLUGIN = re.compile(r"age1[a-z0-9.+_-]+1[ac-hj-np-z02-9]+", re.IGNORECASE)
_SSH = re.compile(r"(?P<kind>(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+)\s+(?P<key>[A-Za-z0-9+/=]+)(?:\s.*)?")


@dataclass(frozen=True, slots=True)
class Recipients:
    """For whom a backup is encrypted, as age writes it: `age1…`, `ssh-ed25519 …`, `ssh-rsa …`."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identities:
    """Private keys, each the text of one age identity or of one SSH private key."""

    keys: tuple[Secret, ...]


Lock = Secret | Recipients
"""What a backup is encrypted with: a passphrase, or recipients."""
Key = Secret | Identities
"""What a backup is opened with."""


def new_passphrase(given: Secret) -> Secret:
    """A passphrase for a new backup.

    Raises:
        BackupError: BAD_PASSPHRASE, it is too short, too long, or can't be typed again.
    """
    text = given.reveal()
    if len(text) < SHORTEST:
        raise BackupError(
            Reason.BAD_PASSPHRASE,
            f"the passphrase is too short: whoever gets the file can try as many as they like. Take at least "
            f"{SHORTEST} characters, four or more unrelated words are good",
        )
    if len(set(text)) < 5:
        raise BackupError(Reason.BAD_PASSPHRASE, "the passphrase repeats the same few characters")
    return usable_passphrase(given)


def usable_passphrase(given: Secret) -> Secret:
    """A passphrase as age takes it. Raises BackupError (BAD_PASSPHRASE)."""
    text = given.reveal()
    if not text or len(text) > _LONGEST:
        words = "is empty" if not text else f"has more than {_LONGEST} characters"
        raise BackupError(Reason.BAD_PASSPHRASE, f"the passphrase {words}")
    if any(not each.isprintable() for each in text):
        raise BackupError(
            Reason.BAD_PASSPHRASE, "the passphrase has characters in it that can't be typed (or is not UTF-8)"
        )
    return given


def recipients(words: Iterable[str]) -> Recipients:
    """Recipients as people give them: a key itself, or the path of a file with one a line (`~/.ssh/id_ed25519.pub`).

    Raises:
        BackupError: BAD_RECIPIENT, with the word (or file and line) and what is wrong with it.
    """
    found: list[str] = []
    for word in words:
        if _SSH.fullmatch(word) or (word.lower().startswith("age1") and not Path(word).exists()):
            found.append(_recipient(word, clean(word[:60])))
            continue
        path = Path(word).expanduser()
        lines = _read(path, Reason.BAD_RECIPIENT, "a recipient").split("\n")
        if any("PRIVATE KEY" in each or each.startswith("AGE-SECRET-KEY-") for each in lines):
            raise BackupError(
                Reason.BAD_RECIPIENT,
                f"{clean(str(path))} holds a private key: a recipient is the public one (`age-keygen -y FILE` "
                "tells it; an SSH key's is in the file that ends with .pub)",
            )
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                found.append(_recipient(line.strip(), f"{clean(str(path))}, line {number}"))
    if not found:
        raise BackupError(Reason.BAD_RECIPIENT, "no recipient is named")
    return Recipients(tuple(dict.fromkeys(found)))


def identities(paths: Sequence[Path]) -> Identities:
    """Private keys from files: age identity files, SSH private keys.

    Raises:
        BackupError: BAD_IDENTITY, with the file and what is wrong with it.
    """
    found = [key for path in paths for key in _identities(path)]
    return Identities(tuple(found))


def _identities(path: Path) -> list[Secret]:
    text = _read(path, Reason.BAD_IDENTITY, "an identity")
    shown = clean(str(path))
    if "-----BEGIN" in text and "PRIVATE KEY-----" in text:
        return [_ssh_identity(text, shown)]
    if text.startswith(("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----")):
        raise BackupError(
            Reason.BAD_IDENTITY,
            f"{shown} is itself encrypted. Open the backup's key with `age -d {shown}` into a place that is not "
            "kept (a folder in /dev/shm), or open the backup with the age program",
        )
    found: list[Secret] = []
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        if word.upper().startswith("AGE-PLUGIN-"):
            raise BackupError(
                Reason.BAD_IDENTITY,
                f"{shown}, line {number}: identities of age plugins (hardware keys) can't be used here: open the "
                "backup with the age program",
            )
        try:
            pyrage().x25519.Identity.from_str(word)
        except pyrage().IdentityError:
            raise BackupError(
                Reason.BAD_IDENTITY,
                f"{shown}, line {number}: expected AGE-SECRET-KEY-1…, or an SSH private key",
            ) from None
        found.append(Secret(word))
    if not found:
        raise BackupError(Reason.BAD_IDENTITY, f"{shown} holds no identity (a line AGE-SECRET-KEY-1…)")
    return found


def _ssh_identity(text: str, shown: str) -> Secret:
    try:
        pyrage().ssh.Identity.from_buffer(text.encode())
    except pyrage().IdentityError as error:
        said = str(error)
        if "decrypted first" in said or "Encrypted" in said:
            raise BackupError(
                Reason.BAD_IDENTITY,
                f"{shown} is protected by a passphrase of its own, which can't be used here: the age program asks "
                f"for it (`age -d -i {shown} BACKUP`), or take another identity",
            ) from None
        raise BackupError(
            Reason.BAD_IDENTITY, f"{shown} is no SSH key that age can use: it takes ssh-ed25519 and ssh-rsa"
        ) from None
    return Secret(text)


def _recipient(word: str, shown: str) -> str:
    if word.lower().startswith("age1") and _PLUGIN.fullmatch(word) and not _AGE.fullmatch(word):
        raise BackupError(
            Reason.BAD_RECIPIENT,
            f"{shown}: recipients of age plugins (hardware keys) can't be used here: take an age1… or SSH key",
        )
    ssh = _SSH.fullmatch(word)
    if ssh and ssh["kind"] not in {"ssh-ed25519", "ssh-rsa"}:
        raise BackupError(
            Reason.BAD_RECIPIENT, f"{shown}: age takes SSH keys of the kinds ssh-ed25519 and ssh-rsa only"
        )
    text = f"{ssh['kind']} {ssh['key']}" if ssh else word
    try:
        if ssh:
            pyrage().ssh.Recipient.from_str(text)
        else:
            pyrage().x25519.Recipient.from_str(text)
    except pyrage().RecipientError:
        raise BackupError(
            Reason.BAD_RECIPIENT, f"{shown}: expected age1…, ssh-ed25519 … or ssh-rsa …, whole and unchanged"
        ) from None
    return text


def _read(path: Path, reason: Reason, what: str) -> str:
    """A small text file. What is none, or can't be read, is said."""
    shown = clean(str(path))
    try:
        with open_regular(path) as file:
            raw = file.read(_FILE + 1)
    except NotRegularError:
        raise BackupError(reason, f"{shown} is not a file") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "no usable path"
        raise BackupError(reason, f"{shown} is neither {what} nor a file that can be read ({said})") from None
    if len(raw) > _FILE:
        raise BackupError(reason, f"{shown} is too large for {what}")
    return raw.decode("utf-8", "replace").replace("\r\n", "\n")
