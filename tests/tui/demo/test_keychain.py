"""The stand-in keychain shows what a Secret Service would, and refuses what one would refuse."""

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.secret import Secret
from diagnostics.stores import StoreError
from recovery.model import RecoveryError
from tui.demo.keychain import LOGIN, Keychain, Stand, StandInStore, keyring_attributes
from tui.demo.world import StandInWorld


@pytest.fixture
def host(tmp_path: Path) -> Host:
    env = {"XDG_RUNTIME_DIR": str(tmp_path), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/bus"}
    return Host(Platform.LINUX, Session.SSH, tmp_path, tmp_path, env, uid=1000)


@pytest.fixture
def keychain(tmp_path: Path) -> Keychain:
    keychain = Keychain(Stand.LOCKED, Secret("demo"), {f"{tmp_path}/bus"})
    keychain.put(keyring_attributes("github_token"), "label", Secret("made up"))
    return keychain


def test_locked_it_shows_entries_without_their_secrets(keychain: Keychain, host: Host) -> None:
    store = StandInStore(keychain, host)
    assert store.state().default is not None
    assert store.state().default.locked  # type: ignore[union-attr]
    assert [(each.account, each.secret, each.locked) for each in store.entries()] == [
        ("github_token", None, True)
    ]


def test_only_the_right_password_opens_it(keychain: Keychain, host: Host, tmp_path: Path) -> None:
    world = StandInWorld(host, tmp_path, keychain)
    with pytest.raises(RecoveryError, match="refused"):
        world.keychain.unlock(LOGIN, Secret("wrong"))
    with pytest.raises(RecoveryError, match="locked"):
        world.keychain.put(LOGIN, "x", {}, Secret("x"))
    assert world.keychain.state().default.locked  # type: ignore[union-attr]
    world.keychain.unlock(LOGIN, Secret("demo"))
    (entry,) = world.keychain.entries({"username": "github_token"})
    assert entry.secret == Secret("made up")


def test_an_entry_is_replaced_only_by_one_with_the_same_attributes(
    keychain: Keychain, host: Host, tmp_path: Path
) -> None:
    world = StandInWorld(host, tmp_path, keychain)
    world.keychain.unlock(LOGIN, Secret("demo"))
    same = keyring_attributes("github_token")
    first = world.keychain.put(LOGIN, "label", same, Secret("second"))
    other = world.keychain.put(LOGIN, "label", {**same, "application": "other"}, Secret("twin"))
    assert first != other
    assert len(world.keychain.entries({})) == 2
    world.keychain.delete(other)
    with pytest.raises(RecoveryError):
        world.keychain.delete(other)


def test_a_session_without_the_variable_sees_no_keychain_until_it_is_told(
    keychain: Keychain, host: Host, tmp_path: Path
) -> None:
    lost = replace(host, env={"XDG_RUNTIME_DIR": str(tmp_path)})
    store = StandInStore(keychain, lost)
    assert store.state().bus.trouble == "unset"
    assert store.state().bus.live_elsewhere == f"unix:path={tmp_path}/bus"
    with pytest.raises(StoreError):
        store.entries()
    world = StandInWorld(lost, tmp_path, keychain)
    with pytest.raises(RecoveryError, match="bus"):
        world.keychain.unlock(LOGIN, Secret("demo"))
    world.use_bus(store.state().bus.live_elsewhere)
    world.keychain.unlock(LOGIN, Secret("demo"))
    assert StandInStore(keychain, world.host).state().usable


def test_from_nothing_to_a_new_keychain(host: Host, tmp_path: Path) -> None:
    keychain = Keychain(Stand.NOT_RUNNING, Secret(""), set())
    world = StandInWorld(host, tmp_path, keychain)
    world.bus.start(f"{tmp_path}/bus")
    assert world.keychain.state().provider.installed
    assert not world.keychain.state().provider.running
    world.keychain.start_provider()
    assert world.keychain.state().default is None
    with pytest.raises(RecoveryError, match="empty"):
        world.keychain.create(Secret(""))
    assert world.keychain.create(Secret("mine")) == LOGIN
    world.keychain.lock(LOGIN)
    with pytest.raises(RecoveryError):
        world.keychain.unlock(LOGIN, Secret("demo"))
    world.keychain.unlock(LOGIN, Secret("mine"))
    world.keychain.remove_collection(LOGIN)
    assert world.keychain.state().default is None


def test_files_outside_the_sandbox_are_out_of_reach(keychain: Keychain, host: Host, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "way-out").symlink_to(tmp_path)
    world = StandInWorld(host, root, keychain)
    for path in (tmp_path / "x", root / ".." / "x", root / "way-out" / "x"):
        with pytest.raises(RecoveryError, match="outside"):
            world.files.write(str(path), b"no")
    assert not (tmp_path / "x").exists()
    with pytest.raises(RecoveryError):
        world.processes.end(1, "init")
