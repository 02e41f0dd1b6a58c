"""An encrypted file as a store, for hosts where no keychain can be had. Used only where the person chose it.

The choice is the variable `MCP_DOCTOR_STORE_IDENTITY`: the path of an age identity (a private key), which a container
gets as a secret of its runtime. The file is age's own format, encrypted for that identity alone, so the `age` program
opens it as well. There is no passphrase: servers are started by clients, and nobody is there to be asked for one.
Inside is JSON: {"format": "mcp-doctor-store", "version": 1, "items": [{"id", "label", "attributes", "value" (base64),
"created", "modified"}]}.
"""

import base64
import json
import os
import stat
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.secret import Secret
from diagnostics.stores import (
    FILE_STORE,
    FILE_STORE_VARIABLE,
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
    """Where the variable says that the identity is.

    Raises:
        FileStoreError: it names no absolute path; clients start servers in folders of their own choice.
    """
    given = host.env.get(FILE_STORE_VARIABLE, "")
    path = host.home / given[2:] if given.startswith("~/") else Path(given)
    if not path.is_absolute() or "\0" in given:
        raise FileStoreError(
            "bad-path", _LOCKED, f"{FILE_STORE_VARIABLE} is {clean(given, 200)!r}, expected an absolute path"
        )
    return path


def read_identity(host: Host) -> Secret:
    """The text of the identity (`AGE-SECRET-KEY-1…`).

    Raises:
        FileStoreError: `no-identity` (there is no such file), `bad-identity`, `bad-path`, `no-library`.
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
    words = [each.strip() for each in raw.decode("utf-8", "replace").splitlines()]
    found = [each for each in words if each and not each.startswith("#")]
    if len(found) != 1:
        raise FileStoreError(
            "bad-identity", _LOCKED, f"{shown} holds {len(found)} keys, expected one line AGE-SECRET-KEY-1…"
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
        sealed = _read(path, LARGEST, follow=False)
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
    sealed: bytes = _library().encrypt(content, [_key(identity, "the identity").to_public()])
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
    try:
        return _library().x25519.Identity.from_str(identity.reveal())
    except _library().IdentityError:
        raise FileStoreError(
            "bad-identity", _LOCKED, f"{shown} holds no age identity (a line AGE-SECRET-KEY-1…)"
        ) from None


def _library() -> ModuleType:
    try:
        import pyrage
    except ImportError:
        raise FileStoreError("no-library", _LOCKED, "the library pyrage is not installed") from None
    return pyrage


def _read(path: Path, most: int, *, follow: bool = True) -> bytes:
    """Raises OSError, or ValueError for what is no file or too large. A mounted secret is often a link."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | (0 if follow else getattr(os, "O_NOFOLLOW", 0))
    handle = os.open(path, flags)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it is no file")
        raw = file.read(most + 1)
    if len(raw) > most:
        raise ValueError(f"it has more than {most} bytes")
    return raw
