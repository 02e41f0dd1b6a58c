"""The encrypted file store as recovery touches it: each change is a new file, in place of the old one, under a lock."""

import contextlib
import dataclasses
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores import FILE_STORE_VARIABLE, Entry, StoreState
from diagnostics.stores.choice import choice_of
from diagnostics.stores.file_store import (
    COLLECTION,
    LARGEST,
    FileStore,
    FileStoreError,
    identity_path,
    new_identity,
    read_identity,
    read_store,
    sealed_store,
    store_path,
)
from diagnostics.text import clean
from recovery.files import LocalFiles, failed, sweep, sync_folder
from recovery.lock import LockError, locked
from recovery.model import RecoveryError, UnavailableError
from recovery.stores.without_daemon import WithoutDaemon

if TYPE_CHECKING:
    from recovery.ports import RecoveryWorld

_LOCK_SECONDS = 10.0


class FileKeychain(WithoutDaemon):
    """The encrypted file that the world's host chose."""

    def __init__(self, world: "RecoveryWorld") -> None:
        self._world = world

    def state(self) -> StoreState:
        """See `recovery.ports.Keychain`."""
        return FileStore(self._world.host).state()

    def refusal(self) -> RecoveryError:
        """See `WithoutDaemon`."""
        return RecoveryError(
            f"the encrypted store is in use (chosen by {_by(self._world.host)}): it has no daemon, no password and no lock; "
            "`mcp-doctor check` tells its state"
        )

    def entries(self, attributes: Mapping[str, str]) -> Sequence[Entry]:
        """See `recovery.ports.Keychain`."""
        wanted = attributes.items()
        return [each for each in _entries(self._world.host) if wanted <= each.attributes.items()]

    def put(
        self,
        collection: str,
        label: str,
        attributes: Mapping[str, str],
        secret: Secret,
        *,
        replace: bool = True,
    ) -> str:
        """See `recovery.ports.Keychain`."""
        now = int(time.time())
        with self._changing() as entries:
            same = [at for at, each in enumerate(entries) if replace and each.attributes == attributes]
            if same:
                old = entries[same[0]]
                entries[same[0]] = dataclasses.replace(old, label=label, secret=secret, modified=now)
                return old.path
            path = f"{COLLECTION}/{secrets.token_hex(8)}"
            entries.append(
                Entry(path, COLLECTION, label, dict(attributes), secret, created=now, modified=now)
            )
            return path

    def set_secret(self, entry: str, secret: Secret) -> None:
        """See `recovery.ports.Keychain`."""
        with self._changing() as entries:
            at = _place(entries, entry)
            entries[at] = dataclasses.replace(entries[at], secret=secret, modified=int(time.time()))

    def delete(self, entry: str) -> None:
        """See `recovery.ports.Keychain`."""
        with self._changing() as entries:
            del entries[_place(entries, entry)]

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[Entry]]:
        """The entries to be changed; written when the block ends well. No other process changes them meanwhile."""
        host = self._world.host
        with _locked(host):
            entries = list(_entries(host))
            yield entries
            _write(host, entries)


def create_store(host: Host, mark: str) -> None:
    """Makes an empty store, and the identity too where there is none; `mark` is written into a new identity's file.

    Raises:
        RecoveryError: there is a store, or one of the two can't be written.
    """
    path = store_path(host)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise failed("made", clean(str(path.parent)), error) from error
    with _locked(host):
        if os.path.lexists(path):
            raise RecoveryError(f"{clean(str(path))} is there already")
        try:
            identity = identity_path(host)
            sweep(identity)
            if not os.path.lexists(identity):
                _write_identity(identity, path, mark)
            read_identity(host)
        except FileStoreError as error:
            raise RecoveryError(str(error)) from error
        _write(host, [])


def take_away_store(host: Host, mark: str) -> None:
    """Takes away a store that holds nothing, and the identity if it is the one that `create_store` made with it.

    Raises:
        RecoveryError: it holds entries, or can't be read.
    """
    path = store_path(host)
    if not path.parent.is_dir():
        return
    with _locked(host):
        try:
            if os.path.lexists(path):
                if _entries(host):
                    raise RecoveryError(f"{clean(str(path))} holds entries by now, so it is left as it is")
                path.unlink()
                sync_folder(path.parent)
            identity = identity_path(host)
            sweep(path)
            if mark:
                sweep(identity)
            if mark and identity.is_file() and f"# {mark}\n" in identity.read_text("utf-8", "replace"):
                identity.unlink()
                sync_folder(identity.parent)
        except FileStoreError as error:
            raise RecoveryError(str(error)) from error
        except OSError as error:
            raise failed("taken away", clean(str(error.filename or path)), error) from error


def _write_identity(identity: Path, store: Path, mark: str) -> None:
    if identity.parent == store.parent:
        raise RecoveryError(
            f"the key must not lie beside the store: whoever copies the folder would have both. Name another "
            f"place in {FILE_STORE_VARIABLE} or in the settings file"
        )
    text = f"# Opens the credential store of mcp-doctor. Keep a copy in a safe place.\n# {mark}\n"
    try:
        identity.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = f"{text}{new_identity().reveal()}\n".encode("ascii")
    except OSError as error:
        raise failed("made", clean(str(identity.parent)), error) from error
    LocalFiles(-1).write(str(identity), content)


def _write(host: Host, entries: Sequence[Entry]) -> None:
    try:
        sealed = sealed_store(entries, read_identity(host))
    except FileStoreError as error:
        raise RecoveryError(str(error)) from error
    if len(sealed) > LARGEST:
        raise RecoveryError(f"the store would have more than {LARGEST >> 20} MiB: nothing was changed")
    sweep(store_path(host))
    LocalFiles(host.uid).write(str(store_path(host)), sealed)


def _entries(host: Host) -> list[Entry]:
    try:
        return read_store(host)
    except FileStoreError as error:
        if error.outcome == "missing":
            raise _not_made(str(error), host) from error
        raise RecoveryError(f"the encrypted store can't be opened: {error}") from error


@contextlib.contextmanager
def _locked(host: Host) -> Iterator[None]:
    path = store_path(host)
    try:
        with locked(path.with_name(f"{path.name}.lock"), _LOCK_SECONDS):
            yield
    except LockError:
        raise UnavailableError(f"{clean(str(path))} is being changed by another program: try again") from None
    except FileNotFoundError:
        raise _not_made(f"{clean(str(path))} is not there", host) from None
    except OSError as error:
        raise failed("changed", clean(str(path)), error) from error


def _place(entries: Sequence[Entry], path: str) -> int:
    for at, each in enumerate(entries):
        if each.path == path:
            return at
    raise RecoveryError("the entry is no longer there")


def _not_made(said: str, host: Host) -> RecoveryError:
    return RecoveryError(
        f"the encrypted store was chosen (by {_by(host)}) but not made yet, {said}: `mcp-doctor fix` makes it"
    )


def _by(host: Host) -> str:
    choice = choice_of(host)
    return choice.by if choice else "nothing"
