"""Entries are counted before the first write of every step and after its last: no step makes a twin unseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest

from diagnostics.context import SERVICE
from diagnostics.secret import Secret
from recovery import steps
from recovery.entries import set_entry
from recovery.journal import Journal
from recovery.model import Answers, Change, RecoveryError, Remedy, Risk
from recovery.ports import RecoveryWorld
from recovery.runner import Result, carry_out
from recovery.twin_count import CountingWorld
from recovery.world import LocalWorld
from tests.support.lab import Lab

NAPI = {"service": SERVICE, "username": "twin", "target": "default"}


@dataclass(frozen=True, slots=True)
class StoreBeside:
    """Does what the keyring library does where another program wrote the entry: it stores a second one."""

    kind: ClassVar[str] = "store-beside"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    @property
    def title(self) -> str:
        return "Store beside"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        return []

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        attributes = {"service": SERVICE, "username": "twin", "application": "Python keyring library"}
        state = world.keychain.state().default
        assert state is not None
        return {"made": world.keychain.put(state.path, "new", attributes, Secret("new"))}

    def verify(self, world: RecoveryWorld) -> None:
        assert any(each.secret == Secret("new") for each in world.keychain.entries({"service": SERVICE}))

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        world.keychain.delete(kept["made"])


@dataclass(frozen=True, slots=True)
class BringBack(StoreBeside):
    kind: ClassVar[str] = "bring-back"
    brings_back: ClassVar[bool] = True


def values(lab: Lab) -> list[str]:
    found = LocalWorld(lab.host()).keychain.entries({"service": SERVICE, "username": "twin"})
    return sorted(each.secret.reveal() for each in found if each.secret is not None)


def test_a_step_that_makes_a_twin_has_failed_and_is_taken_back(unlocked: Lab) -> None:
    unlocked.add(NAPI, b"old")
    world = LocalWorld(unlocked.host())
    outcome = carry_out(Remedy("t", "T", "", "", (StoreBeside(),)), {}, world, Journal(world.host))
    assert outcome.result is Result.NOTHING_CHANGED
    assert "2 entries are named twin (mcp-secrets) now, and 1 before" in outcome.error
    assert values(unlocked) == ["old"]


def test_twins_that_come_back_are_told(unlocked: Lab) -> None:
    unlocked.add(NAPI, b"old")
    world = LocalWorld(unlocked.host())
    outcome = carry_out(Remedy("t", "T", "", "", (BringBack(),)), {}, world, Journal(world.host))
    assert outcome.ok
    assert any("2 entries are named twin" in each for each in outcome.notes)


def test_setting_a_name_that_another_program_wrote_leaves_one_entry(unlocked: Lab) -> None:
    """What the keyring library itself gets wrong: it adds a second entry, and one of them answers by chance."""
    unlocked.add(NAPI, b"old")
    world = LocalWorld(unlocked.host())
    assert set_entry("twin", Secret("new"), world, Journal(world.host)).ok
    assert values(unlocked) == ["new"]
    assert unlocked.keyring_get("twin") == "new"


def test_what_an_unlocking_brings_to_light_is_no_new_twin(unlocked: Lab) -> None:
    work = unlocked.create_collection("pw", "Work")
    unlocked.add(NAPI, b"old", collection=work)
    LocalWorld(unlocked.host()).keychain.lock(work)
    unlocked.add(NAPI, b"here")
    world = CountingWorld(LocalWorld(unlocked.host()))
    unlocked.add_entry("other", "x")
    (other,) = world.keychain.entries({"service": SERVICE, "username": "other"})
    world.keychain.set_secret(other.path, Secret("y"))
    world.keychain.unlock(work, Secret("pw"))
    assert len(world.keychain.entries({"service": SERVICE, "username": "twin"})) == 2
    world.refuse_twins()


def test_nothing_is_written_where_the_entries_can_not_be_counted(unlocked: Lab) -> None:
    world = CountingWorld(LocalWorld(unlocked.host()))
    path = unlocked.add(NAPI, b"old")
    unlocked.lock()
    unlocked.stop_daemon()
    with pytest.raises(RecoveryError):
        world.keychain.delete(path)


def test_only_what_brings_back_may_leave_twins() -> None:
    kinds = {kind for kind, step in steps.step_kinds().items() if getattr(step, "brings_back", False)}
    assert kinds == {"restore-entries", "import-salvaged", "fill-from-backup"}
