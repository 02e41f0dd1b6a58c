"""Credential stores: one adapter per kind, all behind `CredentialStore`. Adapters here only read."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from diagnostics.host import Host
from diagnostics.model import Platform, Store
from diagnostics.stores.choice import FILE_STORE_VARIABLE, uses_file_store
from diagnostics.stores.state import (
    FILE_STORE,
    BusState,
    CollectionState,
    Entry,
    ProviderState,
    StoreError,
    StoreState,
    UnansweredError,
)
from diagnostics.stores.wallet import WalletState

__all__ = [
    "FILE_STORE",
    "FILE_STORE_VARIABLE",
    "AskedByName",
    "BusState",
    "CollectionState",
    "CredentialStore",
    "Entry",
    "NamesAlike",
    "ProviderState",
    "SeenFromElsewhere",
    "StoreError",
    "StoreState",
    "UnansweredError",
    "WalletState",
    "open_store",
    "uses_file_store",
]


class CredentialStore(Protocol):
    """What checks may ask of a store. Both answers are taken once a run and remembered."""

    @property
    def subject(self) -> Store:
        """The store as a subject of checks."""
        ...

    def state(self) -> StoreState:
        """The probe's picture. Never raises, never prompts, ends within its deadline."""
        ...

    def entries(self) -> Sequence[Entry]:
        """Every item of every collection, read in one pass.

        Raises:
            StoreError: it could not be read; locked collections are no error, their entries have no secret.
        """
        ...


@runtime_checkable
class AskedByName(Protocol):
    """A store that cannot list its entries: whoever knows the names says them before `entries` is called."""

    def expect(self, names: Iterable[str]) -> None:
        """These user names below the service `mcp-secrets` are what `entries` should look for."""
        ...


@runtime_checkable
class NamesAlike(Protocol):
    """A store in which names that are written otherwise are the same name: it says itself which entry is meant."""

    def entries_named(self, service: str, account: str) -> Sequence[Entry]:
        """The entries that the keyring library finds by service and user name.

        Raises:
            StoreError: it could not be read.
        """
        ...


@runtime_checkable
class SeenFromElsewhere(Protocol):
    """A store that says itself what it looks like from another environment, for a probe would not find it there."""

    def state_from(self, host: Host) -> StoreState:
        """The picture that the host's environment leads to."""
        ...


def open_store(host: Host) -> CredentialStore:
    """The store of this host: the Secret Service, the keychains of macOS, the Credential Manager of Windows.

    What the keyring library picks where none of them can be asked. The encrypted file instead where it was chosen, and never else.

    Opens nothing yet: the first question does, and none of them raises but `entries`.
    """
    if uses_file_store(host):
        from diagnostics.stores.file_store import FileStore

        return FileStore(host)
    if host.platform is Platform.LINUX:
        from diagnostics.stores.secret_service import SecretService

        return SecretService(host)
    if host.platform is Platform.MACOS and host.root is not None:  # a sandbox has no `security` to ask
        from diagnostics.stores.macos.store import MacStore

        return MacStore(host)
    if host.platform is Platform.WINDOWS:
        from diagnostics.stores.windows.calls import open_calls

        calls = open_calls()
        if calls is not None:
            from diagnostics.stores.windows.credential_manager import CredentialManager

            return CredentialManager(calls)
    from diagnostics.stores.keyring_library import KeyringLibrary

    return KeyringLibrary(host)
