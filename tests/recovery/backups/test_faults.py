"""A restore that is killed, starved or locked out midway: afterwards the entries are as before or as after."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from recovery.backups.opening import open_backup
from recovery.backups.restoring import OnConflict, plan_restore
from recovery.journal import Journal
from recovery.outcome import Result
from recovery.runner import carry_out, resume
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import PASSPHRASE, Pair, a_pair, backed_up, snapshot
from tests.support.lab import Lab, a_lab

State = list[tuple[str, tuple[tuple[str, str], ...], str, str]]


@dataclass
class Scene:
    """Two entries are to be written and one replaced."""

    lab: Lab
    world: LocalWorld
    journal: Journal
    pair: Pair
    path: Path
    before: State
    after: State


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_lab() as lab:
        lab.start("lab-password")
        lab.add_entry("differs", "old")
        lab.add_entry("gone", b"\xff\xfe\0a")
        lab.add_entry("gone_too", "2")
        lab.add_entry("same", "3")
        pair = a_pair(tmp_path, "key")
        world, journal, made, _ = backed_up(lab, pair)
        after = snapshot(world)
        for name in ("gone", "gone_too"):
            world.keychain.delete(world.keychain.entries({"username": name})[0].path)
        lab.add_entry("differs", "new")
        yield Scene(lab, world, journal, pair, made.path, snapshot(world), after)


def test_finishing_asks_for_the_passphrase_again(tmp_path: Path) -> None:
    """No key is in the trail, so the one who finishes must have it."""
    from recovery.backups.making import collect, make
    from recovery.operation import Event, ask_data
    from recovery.remainder import remainder
    from recovery.steps import step_data

    with a_lab() as lab:
        lab.start("lab-password")
        lab.add_entry("token", "1")
        world, journal = LocalWorld(lab.host()), Journal(lab.host())
        made = make(collect(world), Secret(PASSPHRASE), world, journal)
        opened = open_backup(made.path, Secret(PASSPHRASE), world.host)
        world.keychain.delete(world.keychain.entries({"username": "token"})[0].path)
        plan = plan_restore(opened, world)
        steps = [
            {"kind": each.kind, "title": each.title, "data": step_data(each)} for each in plan.remedy.steps
        ]
        asks = [ask_data(each) for each in plan.remedy.asks]
        journal.append(
            Event.PLANNED,
            "0a",
            remedy=plan.remedy.id,
            title=plan.remedy.title,
            finding="",
            steps=steps,
            asks=asks,
        )
        journal.append(Event.INTENT, "0a", step=0)
        (operation,) = journal.interrupted()
        assert [each.name for each in remainder(operation, world).remedy.asks] == ["passphrase"]
        wrong = resume("0a", world, journal, finish=True, answers={"passphrase": Secret("not the right one")})
        assert wrong.result is Result.HALF_DONE
        right = resume("0a", world, journal, finish=True, answers={"passphrase": Secret(PASSPHRASE)})
        assert right.ok, right
        assert lab.keyring_get("token") == "1"
        assert PASSPHRASE not in journal.path.read_text()


def test_another_file_of_that_name_is_not_restored(scene: Scene) -> None:
    opened = open_backup(scene.path, scene.pair.key, scene.world.host)
    plan = plan_restore(opened, scene.world, on_conflict=OnConflict.OVERWRITE, identities=[scene.pair.path])
    scene.path.unlink()
    _, _, made, _ = backed_up(scene.lab, scene.pair)
    made.path.rename(scene.path)
    outcome = carry_out(plan.remedy, {}, scene.world, scene.journal)
    assert not outcome.ok
    assert "another file" in outcome.error
    assert snapshot(scene.world) == scene.before
