"""The file that gnome-keyring keeps a keychain in: its name, its content, and whether it can be read."""

import hashlib
import os
from pathlib import Path

from diagnostics.stores import CollectionState
from diagnostics.stores.keyring_file import KeyringFileError, read_bytes, read_header
from diagnostics.text import clean
from recovery.model import RecoveryError
from recovery.ports import RecoveryWorld

DAEMON = "gnome-keyring-daemon"
LOGIN = "/org/freedesktop/secrets/collection/login"


def free_name(path: str, word: str) -> str:
    """A name beside it that nothing has, and that the daemon does not load: `login.keyring.damaged-1`."""
    number = 1
    while os.path.lexists(f"{path}.{word}-{number}"):
        number += 1
    return f"{path}.{word}-{number}"


def digest_of(path: str) -> str:
    """SHA-256 of a file's content in hex, links followed; "" where it has none that can be read."""
    try:
        return hashlib.sha256(read_bytes(Path(path))).hexdigest()
    except KeyringFileError:
        return ""


def is_legible(path: str) -> bool:
    """Whether it is a keychain's file whose readable part is whole."""
    try:
        read_header(Path(path))
    except KeyringFileError:
        return False
    return True


def content_of(path: str, digest: str) -> bytes:
    """The file's content. Raises RecoveryError where it can't be read, or is not what had this digest."""
    try:
        content = read_bytes(Path(path))
    except KeyringFileError as error:
        raise RecoveryError(f"{clean(path)} can't be read: {clean(str(error))}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise RecoveryError(f"{clean(path)} was changed since it was looked at: look again")
    return content


def collection_named(world: RecoveryWorld, label: str) -> CollectionState | None:
    """The collection with this label; `login` by its address, because a second one may have the same label."""
    found = [each for each in world.keychain.state().collections if each.exists]
    if label == "login":
        return next((each for each in found if each.path == LOGIN), None)
    return next((each for each in found if each.label == label), None)
