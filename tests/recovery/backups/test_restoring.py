"""Restoring into a real keychain: the diff, conflicts, selection, taking back, and what other tools then find."""

import json
from pathlib import Path
from typing import Any

import pytest

from diagnostics.secret import Secret
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.backups.comparison import State
from recovery.backups.content import Backup, BackupEntry
from recovery.backups.error import BackupError
from recovery.backups.opening import Opened
from recovery.backups.restoring import OnConflict, RestorePlan, conflicts, plan_restore
from recovery.entries import set_entry
from recovery.journal import Journal
from recovery.model import Answers
from recovery.outcome import Outcome, Result
from recovery.runner import carry_out, preview, undo
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import Pair, backed_up, snapshot, undo_copies
from tests.support.lab import Lab, require

GENERIC = {"xdg:schema": "org.freedesktop.Secret.Generic"}


def restore(plan: RestorePlan, pair: Pair, world: LocalWorld, journal: Journal) -> Outcome:
    return carry_out(plan.remedy, plan.answers(pair.key), world, journal)


def delete(world: LocalWorld, name: str) -> None:
    for each in world.keychain.entries({"username": name}):
        if each.service != UNDO_SERVICE:
            world.keychain.delete(each.path)


def states(plan: RestorePlan) -> dict[str, State]:
    return {each.entry.account: each.state for each in plan.found}


@pytest.fixture
def changed(unlocked: Lab, pair: Pair) -> tuple[LocalWorld, Journal, Opened]:
    """A backup of four entries of which one is gone since, one changed and one new."""
    unlocked.add_entry("same", "1")
    unlocked.add_entry("differs", "old")
    unlocked.add_entry("gone", b"\xff\xfe\0a")
    world, journal, _, opened = backed_up(unlocked, pair)
    delete(world, "gone")
    unlocked.keyring_set("differs", "new")
    unlocked.add_entry("later", "4")
    return world, journal, opened


def test_the_diff(changed: tuple[LocalWorld, Journal, Opened]) -> None:
    world, _, opened = changed
    plan = plan_restore(opened, world)
    assert states(plan) == {"same": State.SAME, "differs": State.DIFFERS, "gone": State.NEW}
    told = [f"{each.what}: {each.before} → {each.after}" for each in plan.changes()]
    assert told == [
        "differs (mcp-secrets): another value → a conflict: choose",
        "gone (mcp-secrets): not in the keychain → restored",
        "same (mcp-secrets): the same value → stays as it is",
    ]
    assert [each.entry.account for each in conflicts(plan)] == ["differs"]


def test_overwriting_and_taking_back(
    changed: tuple[LocalWorld, Journal, Opened], pair: Pair, unlocked: Lab
) -> None:
    world, journal, opened = changed
    before = snapshot(world)
    plan = plan_restore(opened, world, on_conflict=OnConflict.OVERWRITE, identities=[pair.path])
    assert conflicts(plan) == []
    assert len(preview(plan.remedy, world)) == 2
    assert snapshot(world) == before
    outcome = restore(plan, pair, world, journal)
    assert outcome.ok, outcome
    after = {each[1]: each[3] for each in snapshot(world)}
    assert sorted(after.values()) == sorted(["1", "old", "\udcff\udcfe\0a", "4"])
    assert unlocked.keyring_get("differs") == "old"
    assert states(plan_restore(opened, world)) == dict.fromkeys(("same", "differs", "gone"), State.SAME)
    assert undo_copies(world) == 2
    taken_back = undo(None, world, journal)
    assert taken_back.ok, taken_back
    assert snapshot(world) == before
    assert undo_copies(world) == 0
    assert journal.verify() == []


def test_skipping_keeps_what_the_keychain_has(
    changed: tuple[LocalWorld, Journal, Opened], pair: Pair
) -> None:
    world, journal, opened = changed
    plan = plan_restore(opened, world, on_conflict=OnConflict.SKIP, identities=[pair.path])
    assert restore(plan, pair, world, journal).ok
    values = [each[3] for each in snapshot(world)]
    assert sorted(values) == sorted(["1", "new", "\udcff\udcfe\0a", "4"])


def test_chosen_entries(changed: tuple[LocalWorld, Journal, Opened], pair: Pair) -> None:
    world, _, opened = changed
    plan = plan_restore(opened, world, names=["same"], on_conflict=OnConflict.OVERWRITE)
    assert plan.remedy.steps == ()
    (number,) = [each.number for each in plan_restore(opened, world).found if each.state is State.NEW]
    plan = plan_restore(opened, world, numbers=[number], on_conflict=OnConflict.OVERWRITE)
    assert list(states(plan)) == ["gone"]
    with pytest.raises(BackupError, match="no entry nobody"):
        plan_restore(opened, world, names=["nobody"])


def test_no_name_or_value_of_it_is_in_the_trail_or_the_outcome(
    changed: tuple[LocalWorld, Journal, Opened], pair: Pair
) -> None:
    world, journal, opened = changed
    canary = "canary" + "-5c1d-value"
    set_entry("differs", Secret(canary), world, journal)
    plan = plan_restore(opened, world, on_conflict=OnConflict.OVERWRITE, identities=[pair.path])
    outcome = restore(plan, pair, world, journal)
    assert outcome.ok
    assert canary not in journal.path.read_text() + repr(outcome) + repr(plan)
    assert '"old"' not in json.dumps(journal.records()[-8:])


def test_what_changes_between_the_diff_and_the_deed_stops_it(
    changed: tuple[LocalWorld, Journal, Opened], pair: Pair
) -> None:
    world, journal, opened = changed
    plan = plan_restore(opened, world, on_conflict=OnConflict.OVERWRITE, identities=[pair.path])
    set_entry("gone", Secret("someone wrote it"), world, journal)
    before = snapshot(world)
    outcome = restore(plan, pair, world, journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "look again" in outcome.error
    assert snapshot(world) == before


def test_an_entry_changed_after_the_restore_is_not_taken_back_over(
    changed: tuple[LocalWorld, Journal, Opened], pair: Pair, unlocked: Lab
) -> None:
    world, journal, opened = changed
    plan = plan_restore(opened, world, on_conflict=OnConflict.OVERWRITE, identities=[pair.path])
    assert restore(plan, pair, world, journal).ok
    unlocked.keyring_set("differs", "a third value")
    outcome = undo(None, world, journal)
    assert outcome.result is Result.PARTLY
    assert "changed by someone else" in " ".join(outcome.notes)
    assert unlocked.keyring_get("differs") == "a third value"


def test_another_tools_entry_gets_the_value_and_no_twin(unlocked: Lab, pair: Pair) -> None:
    unlocked.add_entry("token", "from keyring")
    world, journal, _, opened = backed_up(unlocked, pair)
    delete(world, "token")
    unlocked.add({"service": "mcp-secrets", "username": "token"}, b"from another tool", label="keyring:token")
    plan = plan_restore(opened, world, on_conflict=OnConflict.OVERWRITE, identities=[pair.path])
    assert states(plan) == {"token": State.DIFFERS}
    assert restore(plan, pair, world, journal).ok
    (one,) = snapshot(world)
    assert one[2:] == ("keyring:token", "from keyring")
    assert undo(None, world, journal).ok
    (one,) = snapshot(world)
    assert one[3] == "from another tool"


def test_twins_are_left_to_the_person(unlocked: Lab, pair: Pair) -> None:
    unlocked.add_entry("token", "the right one")
    world, _, _, opened = backed_up(unlocked, pair)
    delete(world, "token")
    for value in (b"a", b"b"):
        unlocked.add({"service": "mcp-secrets", "username": "token"}, value, replace=False)
    plan = plan_restore(opened, world, on_conflict=OnConflict.OVERWRITE)
    assert states(plan) == {"token": State.SEVERAL}
    assert conflicts(plan)
    assert plan.remedy.steps == ()


def test_twins_in_the_backup_come_back_as_they_were(unlocked: Lab, pair: Pair) -> None:
    for value in (b"a", b"b"):
        unlocked.add({"service": "mcp-secrets", "username": "token"}, value, replace=False)
    world, journal, _, opened = backed_up(unlocked, pair)
    before = snapshot(world)
    delete(world, "token")
    plan = plan_restore(opened, world, identities=[pair.path])
    assert restore(plan, pair, world, journal).ok
    assert snapshot(world) == before
    assert undo(None, world, journal).ok
    assert snapshot(world) == []


def test_other_tools_find_and_replace_what_was_restored(unlocked: Lab, pair: Pair) -> None:
    require("secret-tool")
    unlocked.keyring_set("token", "one")
    keytar = {"service": "mcp-secrets", "account": "AUTH0_TOKEN", **GENERIC}
    unlocked.add(keytar, b"two", label="mcp-secrets/AUTH0_TOKEN")
    world, journal, _, opened = backed_up(unlocked, pair)
    for each in world.keychain.entries({"service": "mcp-secrets"}):
        world.keychain.delete(each.path)
    plan = plan_restore(opened, world, identities=[pair.path])
    assert restore(plan, pair, world, journal).ok
    assert unlocked.keyring_get("token") == "one"
    unlocked.keyring_set("token", "replaced")
    found = unlocked.run(["secret-tool", "lookup", *(word for pair in keytar.items() for word in pair)])
    assert found.stdout == "two"
    assert len(world.keychain.entries({"service": "mcp-secrets"})) == 2  # the keyring library made no twin
    unlocked.add(keytar, b"three", label="mcp-secrets/AUTH0_TOKEN")  # as keytar writes
    assert len(world.keychain.entries({"service": "mcp-secrets"})) == 2


def test_into_another_keychain_after_the_old_one_is_gone(unlocked: Lab, pair: Pair) -> None:
    second = unlocked.create_collection("second-password", "second")
    unlocked.add({"service": "mcp-secrets", "username": "there"}, b"1", collection=second)
    unlocked.add_entry("here", "2")
    _, _, _, opened = backed_up(unlocked, pair)
    with Lab() as other:
        other.start("other-password")
        world = LocalWorld(other.host())
        plan = plan_restore(opened, world, identities=[pair.path])
        assert restore(plan, pair, world, Journal(world.host)).ok
        assert {each[3] for each in snapshot(world)} == {"1", "2"}
        assert {each[0] for each in snapshot(world)} == {"/org/freedesktop/secrets/collection/login"}


def a_plan_for(entries: list[BackupEntry], world: LocalWorld, **options: Any) -> RestorePlan:
    backup = Backup("2026-11-23T12:00:00Z", "x", "host", "linux", "u", "keyring", tuple(entries))
    return plan_restore(Opened(Path("/nowhere.age"), "0" * 64, backup), world, **options)


def test_what_comes_from_a_system_without_attributes_looks_as_the_library_writes_it(unlocked: Lab) -> None:
    world = LocalWorld(unlocked.host())
    entry = BackupEntry({"service": "mcp-secrets", "username": "token"}, "token", "", Secret("one"))
    plan = a_plan_for([entry], world, identities=[Path("/nowhere")])
    answers: Answers = plan.answers(Secret("unused"))
    assert carry_out(plan.remedy, answers, world, Journal(world.host)).ok
    unlocked.keyring_set("token", "two")
    assert len(snapshot(world)) == 1
    assert unlocked.keyring_get("token") == "two"


def test_copies_for_an_undo_are_never_restored(unlocked: Lab) -> None:
    """They could make a later undo write what nobody asked for."""
    world = LocalWorld(unlocked.host())
    entry = BackupEntry({"service": UNDO_SERVICE, "username": "x/0", "original": "{}"}, "", "", Secret("x"))
    plan = a_plan_for([entry], world, on_conflict=OnConflict.OVERWRITE)
    assert [each.state for each in plan.found] == [State.UNFIT]
    assert plan.remedy.steps == ()


def test_hostile_names_are_shown_harmlessly(unlocked: Lab) -> None:
    world = LocalWorld(unlocked.host())
    entry = BackupEntry(
        {"service": "mcp-secrets", "username": "\x1b]0;x\x07\x1b[31m\u202etoken"}, "", "", Secret("x")
    )
    plan = a_plan_for([entry], world)
    shown = repr(plan.changes()) + plan.remedy.title + plan.remedy.why
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_many_entries_go_in_several_steps_and_come_back_together(unlocked: Lab) -> None:
    world = LocalWorld(unlocked.host())
    entries = [
        BackupEntry({"service": "mcp-secrets", "username": f"t{each}"}, "", "", Secret(str(each)))
        for each in range(130)
    ]
    plan = a_plan_for(entries, world, identities=[Path("/nowhere")])
    assert len(plan.remedy.steps) == 2
    journal = Journal(world.host)
    assert carry_out(plan.remedy, plan.answers(Secret("unused")), world, journal).ok
    assert len(snapshot(world)) == 130
    assert undo(None, world, journal).ok
    assert snapshot(world) == []
