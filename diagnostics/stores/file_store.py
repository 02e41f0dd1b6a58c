"""An encrypted file as a store, for hosts where no keychain can be had. Used only where the person chose it.

The choice is the variable `MCP_DOCTOR_STORE_IDENTITY`, or a settings file (`diagnostics.stores.choice`): the path of an
age identity or of an SSH key (a private key), which a container gets as a secret of its runtime. The file is age's own format, encrypted for that identity alone, so the `age` program
opens it as well. There is no passphrase: servers are started by clients, and nobody is there to be asked for one.
Inside is JSON: {"format": "mcp-doctor-store", "version": 1, "items": [{"id", "label", "attributes", "value" (base64),
"created", "modified"}]}.
"""

import base64
import json
import os
import string
import struct
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.regular_file import open_regular
from diagnostics.secret import Secret
from diagnostics.stores.choice import choice_of
from diagnostics.stores.state import (
    FILE_STORE,
    BusState,
    CollectionState,
    Entry,
    ProviderState,
    StoreError,
    StoreState,
)
from diagnostics.text import clean

COLLECTION = "file"
_FORMAT, _VERSION = "mcp-doctor-store", 1
LARGEST = 32 * 1024 * 1024
"""Bytes of the file."""
_BASE64 = set(f"{string.ascii_letters}{string.digits}+/=")
_LARGEST_IDENTITY = 64 * 1024
_LOCKED, _DAMAGED, _MISSING = "file_store_locked", "file_store_damaged", "file_store_missing"


class FileStoreError(StoreError):
    """The file could not be opened. `outcome` tells the cases apart, as the check `backend.file-store` names them."""

    def __init__(self, outcome: str, cause: str, said: str) -> None:
        super().__init__(cause, said)
        self.outcome = outcome


class FileStore:
    """The encrypted file, read once."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def subject(self) -> Store:
        """See `CredentialStore`."""
        return Store(FILE_STORE)

    def state(self) -> StoreState:
        """See `CredentialStore`."""
        return state_of(self.trouble, 0 if isinstance(self._answer, FileStoreError) else len(self._answer))

    def entries(self) -> Sequence[Entry]:
        """See `CredentialStore`. Raises FileStoreError."""
        if isinstance(self._answer, FileStoreError):
            raise self._answer
        return self._answer

    @property
    def trouble(self) -> FileStoreError | None:
        """Why it can't be opened, None where it was."""
        return self._answer if isinstance(self._answer, FileStoreError) else None

    @cached_property
    def _answer(self) -> Sequence[Entry] | FileStoreError:
        try:
            return read_store(self._host)
        except FileStoreError as error:
            return error


def state_of(trouble: FileStoreError | None, items: int) -> StoreState:
    """The picture of a file store: there is neither a bus nor a daemon, and it is never locked."""
    exists = trouble is None or trouble.outcome != "missing"
    one = CollectionState(COLLECTION, COLLECTION, items=items, exists=exists)
    return StoreState(
        bus=BusState(None, "none"),
        provider=ProviderState(installed=True, running=True, program=FILE_STORE),
        default=one,
        collections=(one,),
        error=str(trouble) if trouble is not None and exists else "",
    )


def store_path(host: Host) -> Path:
    """Where the encrypted file is."""
    return host.data_home / "mcp-doctor" / "store.age"


def identity_path(host: Host) -> Path:
    """Where the choice says that the identity is.

    Raises:
        FileStoreError: `bad-settings`, the settings file can't be followed; `bad-path`, it is no absolute path (clients
            start servers in folders of their own choice); `not-chosen`.
    """
    choice = choice_of(host)
    if choice is None:
        raise FileStoreError("not-chosen", _LOCKED, "the encrypted file store was not chosen on this host")
    if choice.trouble:
        raise FileStoreError("bad-settings", _LOCKED, choice.trouble)
    given = choice.identity
    path = host.home / given[2:] if given.startswith("~/") else Path(given)
    if not path.is_absolute() or "\0" in given:
        said = "" if choice.by_variable else "identity in "
        raise FileStoreError(
            "bad-path", _LOCKED, f"{said}{choice.by} is {clean(given, 200)!r}, expected an absolute path"
        )
    return path


def read_identity(host: Host) -> Secret:
    """The text of the identity (`AGE-SECRET-KEY-1…`), or of an SSH private key.

    Raises:
        FileStoreError: `no-identity` (there is no such file), `bad-identity`, `no-library`, or as `identity_path`.
    """
    path = identity_path(host)
    shown = clean(str(path))
    try:
        raw = _read(path, _LARGEST_IDENTITY)
    except FileNotFoundError:
        raise FileStoreError("no-identity", _LOCKED, f"{shown} is not there") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise FileStoreError("bad-identity", _LOCKED, f"{shown} can't be read ({said})") from None
    text = raw.decode("utf-8", "replace")
    if text.lstrip().startswith("-----BEGIN ") and "PRIVATE KEY-----" in text:
        identity = Secret(text)
    elif text.startswith(("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----")):
        raise FileStoreError(
            "bad-identity",
            _LOCKED,
            f"{shown} is itself encrypted with a passphrase, and nobody can be asked for one when a server starts",
        )
    else:
        words = [each.strip() for each in text.splitlines()]
        found = [each for each in words if each and not each.startswith("#")]
        if len(found) != 1:
            raise FileStoreError(
                "bad-identity",
                _LOCKED,
                f"{shown} holds {len(found)} keys, expected one line AGE-SECRET-KEY-1…, or an SSH private key",
            )
        identity = Secret(found[0])
    _key(identity, shown)
    return identity


def read_store(host: Host) -> list[Entry]:
    """Every entry of the file.

    Raises:
        FileStoreError: as `read_identity`, and `missing`, `unreadable`, `wrong-identity`, `damaged`.
    """
    path = store_path(host)
    shown = clean(str(path))
    try:
        sealed = _read(path, LARGEST, follow=False, owners={host.uid, 0})
    except FileNotFoundError:
        identity_path(host)
        raise FileStoreError("missing", _MISSING, f"{shown} is not there") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise FileStoreError(
            "unreadable", "file_permission_denied", f"{shown} can't be read ({said})"
        ) from None
    if not sealed.startswith(b"age-encryption.org/v1\n"):
        raise FileStoreError("damaged", _DAMAGED, f"{shown} is no age file")
    identity = read_identity(host)
    try:
        return _entries(json.loads(_library().decrypt(sealed, [_key(identity, shown)])))
    except _library().DecryptError as error:
        if "No matching keys" in str(error):
            raise FileStoreError(
                "wrong-identity", _LOCKED, f"{shown} is encrypted for another key than the one in use"
            ) from None
        raise FileStoreError("damaged", _DAMAGED, f"{shown} was cut off or changed") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FileStoreError("damaged", _DAMAGED, f"{shown} does not hold what mcp-doctor wrote") from None


def sealed_store(entries: Sequence[Entry], identity: Secret) -> bytes:
    """The file of these entries, encrypted for the identity. Every entry must have its secret."""
    items = [
        {
            "id": each.path.rpartition("/")[2],
            "label": each.label,
            "attributes": dict(each.attributes),
            "value": _encoded(each),
            "created": each.created,
            "modified": each.modified,
        }
        for each in entries
    ]
    content = json.dumps({"format": _FORMAT, "version": _VERSION, "items": items}).encode()
    sealed: bytes = _library().encrypt(content, [_recipient(identity)])
    if _library().decrypt(sealed, [_key(identity, "the key")]) != content:
        raise FileStoreError("bad-identity", _LOCKED, "the key does not open what was encrypted for it")
    return sealed


def new_identity() -> Secret:
    """A fresh private key."""
    return Secret(str(_library().x25519.Identity.generate()))


def _encoded(entry: Entry) -> str:
    value = entry.secret.reveal() if entry.secret is not None else ""
    return base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")


def _entries(told: Any) -> list[Entry]:
    if told["format"] != _FORMAT or told["version"] != _VERSION:
        raise ValueError("another format")
    return [
        Entry(
            path=f"{COLLECTION}/{each['id']}",
            collection=COLLECTION,
            label=str(each["label"]),
            attributes={str(name): str(value) for name, value in each["attributes"].items()},
            secret=Secret(base64.b64decode(each["value"], validate=True).decode("utf-8", "surrogateescape")),
            created=int(each["created"]),
            modified=int(each["modified"]),
        )
        for each in told["items"]
    ]


def _key(identity: Secret, shown: str) -> Any:
    text = identity.reveal()
    library = _library()
    try:
        if text.startswith("-----BEGIN "):
            return library.ssh.Identity.from_buffer(text.encode())
        return library.x25519.Identity.from_str(text)
    except library.IdentityError as error:
        if "decrypted first" in str(error) or "Encrypted" in str(error):
            said = "is protected by a passphrase, and nobody can be asked for one when a server starts"
        elif text.startswith("-----BEGIN "):
            said = "is no SSH key that age can use: it takes ssh-ed25519 and ssh-rsa"
        else:
            said = "holds no age identity (a line AGE-SECRET-KEY-1…), nor an SSH private key"
        raise FileStoreError("bad-identity", _LOCKED, f"{shown} {said}") from None


def _recipient(identity: Secret) -> Any:
    """The public half of an identity. Raises FileStoreError (`bad-identity`)."""
    if not identity.reveal().startswith("-----BEGIN "):
        return _key(identity, "the key").to_public()
    try:
        return _library().ssh.Recipient.from_str(_public_half(identity.reveal()))
    except (ValueError, struct.error, _library().RecipientError):
        raise FileStoreError(
            "bad-identity",
            _LOCKED,
            "the public half of the SSH key can't be told: bring it into OpenSSH's own form (ssh-keygen -p -f KEY)",
        ) from None


def _public_half(text: str) -> str:
    """As in a `.pub` file. Source: OpenSSH's PROTOCOL.key: magic, cipher, kdf, its options, count, public key, …"""
    magic = b"openssh-key-v1\0"
    raw = base64.b64decode(
        "".join(line for line in text.splitlines() if line and set(line) <= _BASE64), validate=True
    )
    if not raw.startswith(magic):
        raise ValueError("another form")
    at, found = len(magic), b""
    for number in range(4):
        if number == 3:
            at += 4  # how many keys follow; OpenSSH writes one
        (length,) = struct.unpack_from(">I", raw, at)
        found, at = raw[at + 4 : at + 4 + length], at + 4 + length
    (length,) = struct.unpack_from(">I", found)
    return f"{found[4 : 4 + length].decode('ascii')} {base64.b64encode(found).decode('ascii')}"


def _library() -> ModuleType:
    try:
        import pyrage
    except ImportError:
        raise FileStoreError("no-library", _LOCKED, "the library pyrage is not installed") from None
    return pyrage


def _read(path: Path, most: int, *, follow: bool = True, owners: Collection[int] = ()) -> bytes:
    """Raises OSError, or ValueError for what is no file, too large, or another user's. A mounted secret is often a link."""
    with open_regular(path, follow=follow) as file:
        if owners and os.fstat(file.fileno()).st_uid not in owners:
            raise ValueError("it belongs to another user, who could have put in what they like")
        raw = file.read(most + 1)
    if len(raw) > most:
        raise ValueError(f"it has more than {most} bytes")
    return raw
