"""This machine behind the ports that recovery touches the world by."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.stores import FILE_STORE, uses_file_store
from recovery.ports import Keychain

if TYPE_CHECKING:
    from recovery.stores.windows.calls import CredentialWriter


class LocalWorld:
    """This machine, as this user."""

    def __init__(self, host: Host) -> None:
        from recovery.bus import LocalSessionBus
        from recovery.files import LocalFiles
        from recovery.processes import LocalProcesses

        self.host = host
        self.processes = LocalProcesses(host.uid)
        self.files = LocalFiles(host.uid)
        self.bus = LocalSessionBus(self)
        self._keychains: dict[str, Keychain] = {}

    @property
    def keychain(self) -> Keychain:
        """The store that the host leads to now: choosing the encrypted file is a step like others."""
        kind = self._kind()
        if kind not in self._keychains:
            self._keychains[kind] = self._made(kind)
        return self._keychains[kind]

    def _kind(self) -> str:
        if uses_file_store(self.host):
            return FILE_STORE
        if self.host.platform is Platform.WINDOWS and open_writer() is not None:
            return "credential-manager"
        if self.host.platform is Platform.MACOS and self.host.root is not None:
            return "macos-keychain"
        return "secret-service" if self.host.platform is Platform.LINUX else "keyring"

    def _made(self, kind: str) -> Keychain:
        if kind == FILE_STORE:
            from recovery.stores.file_store import FileKeychain

            return FileKeychain(self)
        calls = open_writer() if kind == "credential-manager" else None
        if calls is not None:
            from recovery.stores.windows.keychain import WindowsKeychain

            return WindowsKeychain(calls)
        if kind == "macos-keychain":
            from recovery.stores.macos.keychain import MacKeychain

            return MacKeychain(self)
        if kind == "keyring":
            from recovery.stores.keyring_library import KeyringLibraryKeychain

            return KeyringLibraryKeychain(self)
        from recovery.stores.secret_service import SecretServiceKeychain

        return SecretServiceKeychain(self)

    @classmethod
    def of(cls, host: Host) -> Self:
        """The world of a host."""
        return cls(host)

    def use_bus(self, address: str | None) -> None:
        """See `recovery.ports.RecoveryWorld.use_bus`."""
        self.host = self.host.on_bus(address)


def open_writer() -> "CredentialWriter | None":
    """The Credential Manager of this process, None on another system."""
    from recovery.stores.windows import calls

    return calls.open_writer()


def own_socket(host: Host) -> Path:
    """Where a session bus of this user belongs: the usual place, or our state folder where that does not exist.

    Over SSH without systemd there is no `/run/user/UID`; a fixed place lets the next login find the bus again.
    """
    if host.runtime_dir.is_dir() and host.runtime_dir.stat().st_uid == host.uid:
        return host.runtime_dir / "bus"
    return host.state_dir / "bus"
