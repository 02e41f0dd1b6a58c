"""This machine behind the ports that recovery touches the world by."""

import dataclasses
from pathlib import Path
from typing import Self

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.stores import uses_file_store
from recovery.ports import Keychain


class LocalWorld:
    """This machine, as this user."""

    def __init__(self, host: Host) -> None:
        from recovery.bus import LocalSessionBus
        from recovery.files import LocalFiles
        from recovery.processes import LocalProcesses
        from recovery.stores.secret_service import SecretServiceKeychain

        self.host = host
        self.processes = LocalProcesses(host.uid)
        self.files = LocalFiles(host.uid)
        self.bus = LocalSessionBus(self)
        self.keychain: Keychain
        if uses_file_store(host):
            from recovery.stores.file_store import FileKeychain

            self.keychain = FileKeychain(self)
        elif host.platform is Platform.LINUX:
            self.keychain = SecretServiceKeychain(self)
        else:
            from recovery.stores.keyring_library import KeyringLibraryKeychain

            self.keychain = KeyringLibraryKeychain(self)

    @classmethod
    def of(cls, host: Host) -> Self:
        """The world of a host."""
        return cls(host)

    def use_bus(self, address: str | None) -> None:
        """See `recovery.ports.RecoveryWorld.use_bus`."""
        env = {name: value for name, value in self.host.env.items() if name != "DBUS_SESSION_BUS_ADDRESS"}
        if address is not None:
            env["DBUS_SESSION_BUS_ADDRESS"] = address
        self.host = dataclasses.replace(self.host, env=env)


def own_socket(host: Host) -> Path:
    """Where a session bus of this user belongs: the usual place, or our state folder where that does not exist.

    Over SSH without systemd there is no `/run/user/UID`; a fixed place lets the next login find the bus again.
    """
    if host.runtime_dir.is_dir() and host.runtime_dir.stat().st_uid == host.uid:
        return host.runtime_dir / "bus"
    return host.state_dir / "bus"
