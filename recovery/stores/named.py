"""The entries of a keychain that lists none, asked by their names."""

from collections.abc import Sequence

from diagnostics.model import Platform
from diagnostics.stores import Entry
from recovery.ports import RecoveryWorld
from recovery.stores.keyring_library import KeyringLibraryKeychain


def named_entries(world: RecoveryWorld, services: Sequence[str], names: Sequence[str]) -> list[Entry]:
    """The entries of these names, or of those that are known; for a keychain that lists none.

    Raises:
        RecoveryError: it can't be read.
    """
    keychain = KeyringLibraryKeychain(world)
    if world.host.platform is Platform.MACOS and world.host.root is not None:
        from recovery.stores.macos.keychain import MacKeychain

        keychain = MacKeychain(world)
    return [
        entry
        for service in services
        for entry in keychain.named(service, list(names) or keychain.names_of(service))
    ]
