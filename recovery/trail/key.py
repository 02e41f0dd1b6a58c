"""The key of the trail's digests, one an installation, in a file of its own away from the trail.

It is deliberately not in the keychain: the trail must be written while the keychain is locked, so whoever lacks that
key could always claim that it was locked. The file keeps out everyone who has the trail but not this user's files
(a copy, a backup, a synced folder, a text editor); a program of this user can read it, and then only the system log
and the administrator's log, which this user can't rewrite, tell what happened.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.host import Host
from diagnostics.secret import Secret
from recovery.replacing import put_in_place
from recovery.trail.storage import ForeignFileError, small_file, sync_folder

_SIZE = 32
"""Bytes."""


class KeyFileError(Exception):
    """A key file is there and gives no key. The text says why."""


@dataclass(frozen=True, slots=True)
class TrailKey:
    """A key and the name by which records tell it."""

    value: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Twelve hex digits that say nothing about the key."""
        return hashlib.sha256(b"mcp-doctor trail key\0" + self.value).hexdigest()[:12]

    def fingerprint(self, secret: Secret) -> str:
        """Sixteen hex digits by which the same credential is recognised in this trail, and by nobody without the key."""
        raw = b"fingerprint\0" + secret.reveal().encode("utf-8", "surrogatepass")
        return hmac.new(self.value, raw, hashlib.sha256).hexdigest()[:16]


def folders(host: Host) -> tuple[Path, Path]:
    """Where key and anchor belong, and where they go when that can't be written."""
    return host.data_home / "mcp-doctor", host.state_dir


def key_files(host: Host) -> list[Path]:
    """The places of the key, the usual one first."""
    return [folder / "trail.key" for folder in folders(host)]


def known_keys(host: Host) -> tuple[dict[str, TrailKey], list[str]]:
    """All keys that can be read, by id, and why others can't be."""
    found: dict[str, TrailKey] = {}
    troubles: list[str] = []
    for path in key_files(host):
        try:
            key = _read(path)
        except KeyFileError as error:
            troubles.append(str(error))
        else:
            if key is not None:
                found.setdefault(key.id, key)
    return found, troubles


def own_key(host: Host) -> TrailKey:
    """The key that new records are made with; made now where there is none. The caller holds the trail's lock.

    A key that can't be read is left where it is, and one beside the trail is used.

    Raises:
        OSError: there is none, and none can be written.
    """
    for path in key_files(host):
        with contextlib.suppress(KeyFileError):
            key = _read(path)
            if key is not None:
                return key
    error: OSError | None = None
    for path in key_files(host):
        try:
            return _make(path)
        except OSError as why:
            error = why
    raise error or OSError("there is no place for a key")


def _read(path: Path) -> TrailKey | None:
    try:
        found = small_file(path, 4 * _SIZE)
    except ForeignFileError as error:
        raise KeyFileError(f"the trail's key {path} is not a file of this user") from error
    except OSError as error:
        raise KeyFileError(f"the trail's key {path} can't be read: {error.strerror}") from error
    if found is None:
        return None
    content, owner = found
    if hasattr(os, "getuid") and owner != os.getuid():
        raise KeyFileError(f"the trail's key {path} is not a file of this user")
    try:
        value = bytes.fromhex(content.decode("ascii"))
    except ValueError as error:
        raise KeyFileError(f"the trail's key {path} is damaged") from error
    if len(value) != _SIZE:
        raise KeyFileError(f"the trail's key {path} is damaged")
    return TrailKey(value)


def _make(path: Path) -> TrailKey:
    """Writes a new key whole or not at all; never over what stands there."""
    key = TrailKey(secrets.token_bytes(_SIZE))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key.value.hex().encode() + b"\n")
            file.flush()
            os.fsync(handle)
        if os.path.lexists(path):
            raise FileExistsError(17, "something stands in its place", str(path))
        put_in_place(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return key
