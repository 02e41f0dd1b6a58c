"""Backups on systems whose keychain only the keyring library knows: by name, with undo, into and from others.

The library is the real one; behind it is a stand-in that has no more than those systems' keychains have.
"""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.secret import Secret
from recovery.backups.comparison import State
from recovery.backups.error import BackupError
from recovery.backups.making import collect, make
from recovery.backups.opening import Opened, open_backup
from recovery.backups.restoring import OnConflict, conflicts, plan_restore
from recovery.entries import delete_entry, get_entry, set_entry
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.runner import carry_out, undo
from recovery.stores.keyring_library import KeyringLibraryKeychain, can_hold
from recovery.undo_copies import own
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import Pair, backed_up
from tests.support.file_store import world_with_store
from tests.support.lab import REPO, Lab


@pytest.fixture
def elsewhere(tmp_path: Path) -> LocalWorld:
    """Another computer, another system."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    env = {
        "HOME": str(home),
        "PYTHONPATH": str(REPO),
        "PYTHON_KEYRING_BACKEND": "tests.support.file_keyring.FileKeyring",
        "FILE_KEYRING": str(home / "keyring.json"),
    }
    return LocalWorld(Host(Platform.MACOS, Session.LOCAL, home, home, env, os.getuid(), "tester"))


def value(world: LocalWorld, name: str) -> str | None:
    found = world.keychain.entries({"service": "mcp-secrets", "username": name})
    return found[0].secret.reveal() if found and found[0].secret else None


def test_the_world_of_another_system_has_this_keychain(elsewhere: LocalWorld) -> None:
    assert isinstance(elsewhere.keychain, KeyringLibraryKeychain)
    assert elsewhere.keychain.state().usable


def test_entries_are_set_replaced_deleted_and_taken_back(elsewhere: LocalWorld) -> None:
    journal = Journal(elsewhere.host)
    assert set_entry("token", Secret("one"), elsewhere, journal).ok
    assert set_entry("token", Secret("two"), elsewhere, journal).ok
    assert get_entry("token", elsewhere) == Secret("two")
    assert undo(None, elsewhere, journal).ok
    assert get_entry("token", elsewhere) == Secret("one")
    assert delete_entry("token", elsewhere, journal).ok
    assert value(elsewhere, "token") is None
    assert undo(None, elsewhere, journal).ok
    assert value(elsewhere, "token") == "one"
    assert undo(None, elsewhere, journal).ok
    assert value(elsewhere, "token") is None
    assert elsewhere.keychain.entries({"service": "mcp-doctor-undo"}) == []


def test_from_gnome_keyring_into_it_and_back_again(unlocked: Lab, elsewhere: LocalWorld, pair: Pair) -> None:
    unlocked.add_entry("token", "värde\n")
    unlocked.add_entry("oauth:github", "{}")
    unlocked.add_entry("bytes", b"\xff\xfe")
    unlocked.add({"colour": "red", "service": "mcp-secrets"}, b"nameless")
    _, _, _, opened = backed_up(unlocked, pair)
    journal = Journal(elsewhere.host)
    set_entry("oauth:github", Secret("other"), elsewhere, journal)
    plan = plan_restore(opened, elsewhere, on_conflict=OnConflict.SKIP, identities=[pair.path])
    assert {each.entry.account: each.state for each in plan.found} == {
        "token": State.NEW,
        "oauth:github": State.DIFFERS,
        "bytes": State.UNFIT,
        "": State.UNFIT,
    }
    plan = plan_restore(
        opened,
        elsewhere,
        names=["token", "oauth:github"],
        on_conflict=OnConflict.OVERWRITE,
        identities=[pair.path],
    )
    outcome = carry_out(plan.remedy, plan.answers(pair.key), elsewhere, journal)
    assert outcome.ok, outcome
    assert (value(elsewhere, "token"), value(elsewhere, "oauth:github")) == ("värde\n", "{}")
    made = make(collect(elsewhere, names=["token"]), pair.lock, elsewhere, journal)
    back = open_backup(made.path, pair.key, elsewhere.host)
    assert back.backup.store == "keyring"
    assert plan_restore(back, LocalWorld(unlocked.host())).found[0].state is State.SAME
    assert undo(None, elsewhere, journal).ok
    assert (value(elsewhere, "token"), value(elsewhere, "oauth:github")) == (None, "other")


def test_through_three_stores(unlocked: Lab, elsewhere: LocalWorld, pair: Pair, tmp_path: Path) -> None:
    """Attributes and labels stay where the store has them; what does not fit is refused before anything is written."""
    unlocked.add_entry("token", "värde\n")
    unlocked.add_entry("long", "x" * 1281)
    unlocked.add({"colour": "red", "service": "mcp-secrets", "username": "own"}, b"\xff\xfe")
    _, _, _, opened = backed_up(unlocked, pair)
    store = world_with_store(tmp_path)
    restored(opened, store, pair)
    kept = {each.account: each for each in store.keychain.entries({"service": "mcp-secrets"})}
    for was in opened.backup.entries:
        now = kept[was.account]
        assert (now.secret, now.label) == (was.value, was.label)
        assert own(now.attributes) == own(was.attributes)
    assert kept["own"].attributes["colour"] == "red"

    journal = Journal(store.host)
    made = make(collect(store), pair.lock, store, journal)
    again = open_backup(made.path, pair.key, store.host)
    assert again.backup.store == "file"
    windows = LocalWorld(dataclasses.replace(elsewhere.host, platform=Platform.WINDOWS))
    states = {"token": State.NEW, "long": State.UNFIT, "own": State.UNFIT}
    plan = plan_restore(again, windows, on_conflict=OnConflict.FAIL, identities=[pair.path])
    assert {each.entry.account: each.state for each in plan.found} == states
    assert {each.entry.account for each in conflicts(plan)} == {"long", "own"}
    assert value(windows, "token") is None
    plan = plan_restore(again, windows, on_conflict=OnConflict.SKIP, identities=[pair.path])
    assert carry_out(plan.remedy, plan.answers(pair.key), windows, Journal(windows.host)).ok
    assert [value(windows, name) for name in ("token", "long", "own")] == ["värde\n", None, None]

    made = make(collect(windows, names=["token"]), pair.lock, windows, Journal(windows.host))
    store.keychain.delete(kept["token"].path)
    restored(open_backup(made.path, pair.key, windows.host), store, pair)
    back = store.keychain.entries({"service": "mcp-secrets", "username": "token"})
    assert [(each.secret, each.label) for each in back] == [
        (Secret("värde\n"), "Password for 'token' on 'mcp-secrets'")
    ]


def restored(opened: Opened, world: LocalWorld, pair: Pair) -> None:
    plan = plan_restore(opened, world, identities=[pair.path])
    assert not conflicts(plan)
    outcome = carry_out(plan.remedy, plan.answers(pair.key), world, Journal(world.host))
    assert outcome.ok, outcome


def test_names_are_known_from_the_trail_and_missing_ones_are_said(elsewhere: LocalWorld) -> None:
    set_entry("token", Secret("one"), elsewhere, Journal(elsewhere.host))
    assert [each.account for each in collect(elsewhere).entries] == ["token"]
    with pytest.raises(BackupError, match="other"):
        collect(elsewhere, names=["token", "other"])


def test_what_it_does_not_take_is_refused(elsewhere: LocalWorld) -> None:
    assert not can_hold(Secret("\udcff"), Platform.MACOS)
    assert not can_hold(Secret("a\0b"), Platform.MACOS)
    assert can_hold(Secret("x" * 1280), Platform.WINDOWS)
    assert not can_hold(Secret("🔑" * 641), Platform.WINDOWS)
    assert can_hold(Secret("x" * 1281), Platform.MACOS)
    windows = LocalWorld(dataclasses.replace(elsewhere.host, platform=Platform.WINDOWS))
    outcome = set_entry("token", Secret("x" * 1281), windows, Journal(windows.host))
    assert not outcome.ok
    assert "too long" in outcome.error
    assert value(windows, "token") is None
    with pytest.raises(RecoveryError, match="its own program"):
        windows.keychain.unlock("keyring", Secret("x"))


def test_a_keychain_that_refuses_midway_is_as_before(elsewhere: LocalWorld, pair: Pair) -> None:
    journal = Journal(elsewhere.host)
    for name in ("one", "two"):
        set_entry(name, Secret(name), elsewhere, journal)
    made = make(collect(elsewhere), pair.lock, elsewhere, journal)
    opened = open_backup(made.path, pair.key, elsewhere.host)
    for name in ("one", "two"):
        set_entry(name, Secret("newer " + name), elsewhere, journal)
    file = Path(elsewhere.host.env["FILE_KEYRING"])
    before = {name: value(elsewhere, name) for name in ("one", "two")}
    plan = plan_restore(opened, elsewhere, on_conflict=OnConflict.OVERWRITE, identities=[pair.path])
    file.with_suffix(".locked").touch()
    outcome = carry_out(plan.remedy, plan.answers(pair.key), elsewhere, journal)
    assert not outcome.ok
    assert "25308" in outcome.error
    file.with_suffix(".locked").unlink()
    assert {name: value(elsewhere, name) for name in ("one", "two")} == before
    assert "one" in json.loads(file.read_text())["mcp-secrets"]
