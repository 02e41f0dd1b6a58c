"""A host that chose the encrypted file store, in folders of its own."""

from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.stores import FILE_STORE_VARIABLE
from recovery.stores.file_store import create_store
from recovery.world import LocalWorld


def host_with_choice(folder: Path, **env: str) -> Host:
    """The host; neither the store nor its key is there yet."""
    import os

    home = folder / "home"
    home.mkdir(exist_ok=True)
    given = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        FILE_STORE_VARIABLE: str(folder / "keys" / "id"),
        **env,
    }
    return Host(Platform.LINUX, Session.CONTAINER, home, home, given, os.getuid(), "dev")


def world_with_store(folder: Path) -> LocalWorld:
    """The world of a host whose store is there and empty."""
    host = host_with_choice(folder)
    create_store(host, "made by a test")
    return LocalWorld(host)
