"""Fixtures of a Windows host: its Credential Manager is Wine's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from recovery.world import LocalWorld
from tests.support.wine.session import Wine, WineCredentials, wine_in


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    """One helper a worker; the folder above a worker's own is the run's."""
    import os

    own = tmp_path_factory.getbasetemp()
    shared = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    with wine_in(shared) as running:
        yield running


@pytest.fixture
def credentials(wine: Wine, monkeypatch: pytest.MonkeyPatch) -> Iterator[WineCredentials]:
    """What a Windows host of this test reads and writes."""
    own = WineCredentials(wine)
    monkeypatch.setattr("diagnostics.stores.windows.calls.open_calls", lambda: own)
    monkeypatch.setattr("recovery.stores.windows.calls.open_writer", lambda: own)
    yield own
    own.clear()


@pytest.fixture
def windows(tmp_path: Path, credentials: WineCredentials) -> LocalWorld:
    """A Windows host, as this user."""
    home = tmp_path / "home"
    home.mkdir()
    env = {"USERPROFILE": str(home), "LOCALAPPDATA": str(home / "Local"), "APPDATA": str(home / "Roaming")}
    return LocalWorld(Host(Platform.WINDOWS, Session.LOCAL, home, home, env, 0, "ada"))
