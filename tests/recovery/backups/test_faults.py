"""A restore that is killed, starved or locked out midway: afterwards the entries are as before or as after."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from recovery.backups.opening import open_backup
from recovery.backups.restoring import OnConflict, plan_restore
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.outcome import Result
from recovery.runner import carry_out, resume, undo
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import PASSPHRASE, Pair, a_pair, backed_up, snapshot, undo_copies
from tests.support.lab import REPO, Lab, a_lab

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


_RESTORE = """
import os, sys
from pathlib import Path
from diagnostics.host import this_host
from recovery.backups.key import identities
from recovery.backups.opening import open_backup
from recovery.backups.restoring import OnConflict, plan_restore
from recovery.journal import Journal
from recovery.runner import carry_out
from recovery.stores.secret_service import SecretServiceKeychain
from recovery.world import LocalWorld

backup, key, call, number, when = sys.argv[1:]
seen = 0
def struck(name):
    real = getattr(SecretServiceKeychain, name)
    def wrapped(self, *a, **k):
        global seen
        seen += 1
        if armed and seen == int(number) and when == "before":
            os.kill(os.getpid(), 9)
        out = real(self, *a, **k)
        if armed and seen == int(number) and when == "after":
            os.kill(os.getpid(), 9)
        return out
    setattr(SecretServiceKeychain, name, wrapped)
armed = False
struck(call)
host = this_host()
world = LocalWorld(host)
opened = open_backup(Path(backup), identities([Path(key)]), host)
plan = plan_restore(opened, world, on_conflict=OnConflict.OVERWRITE, identities=[Path(key)])
armed, seen = True, 0
outcome = carry_out(plan.remedy, plan.answers(identities([Path(key)])), world, Journal(host))
print(outcome.result.value, seen)
"""

# A restore of this scene makes two steps: two records and two writes, then one record and one write.
_PUTS = [(number, when) for number in range(1, 7) for when in ("before", "after")]


@pytest.mark.parametrize("finish", [True, False])
@pytest.mark.parametrize(("number", "when"), _PUTS)
def test_killed_at_any_write_it_is_finished_or_taken_back(
    scene: Scene, number: int, when: str, finish: bool
) -> None:
    done = scene.lab.run(
        [sys.executable, "-c", _RESTORE, scene.path, scene.pair.path, "put", str(number), when],
        env={"PYTHONPATH": str(REPO)},
        seconds=30,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    (operation,) = scene.journal.interrupted()
    outcome = resume(operation.id, scene.world, scene.journal, finish=finish)
    assert outcome.ok, outcome
    assert snapshot(scene.world) == (scene.after if finish else scene.before)
    assert scene.journal.interrupted() == []
    assert scene.journal.verify() == []
    if finish:
        assert undo(None, scene.world, scene.journal).ok
    assert snapshot(scene.world) == scene.before
    assert undo_copies(scene.world) == 0


def test_the_writes_are_as_many_as_are_struck(scene: Scene) -> None:
    done = scene.lab.run(
        [sys.executable, "-c", _RESTORE, scene.path, scene.pair.path, "put", "99", "after"],
        env={"PYTHONPATH": str(REPO)},
        seconds=30,
    )
    assert done.stdout.split() == ["done", str(len(_PUTS) // 2)], done.stderr
    assert snapshot(scene.world) == scene.after


def strike(monkeypatch: pytest.MonkeyPatch, number: int, blow: Callable[[], None]) -> None:
    """Does something to the world before the nth write."""
    from recovery.stores.secret_service import SecretServiceKeychain

    real = SecretServiceKeychain.put
    seen = 0

    def put(self, *words, **options):  # type: ignore[no-untyped-def]
        nonlocal seen
        seen += 1
        if seen == number:
            blow()
        return real(self, *words, **options)

    monkeypatch.setattr(SecretServiceKeychain, "put", put)


def begin(scene: Scene):  # type: ignore[no-untyped-def]
    opened = open_backup(scene.path, scene.pair.key, scene.world.host)
    plan = plan_restore(opened, scene.world, on_conflict=OnConflict.OVERWRITE, identities=[scene.pair.path])
    return carry_out(plan.remedy, plan.answers(scene.pair.key), scene.world, scene.journal)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_refused_midway_everything_is_as_before(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused() -> None:
        raise RecoveryError("the entry was not written: its folder can't be written, or the disk is full")

    strike(monkeypatch, number, refused)
    outcome = begin(scene)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "disk is full" in outcome.error
    assert snapshot(scene.world) == scene.before
    assert undo_copies(scene.world) == 0


@pytest.mark.parametrize("number", [1, 3, 4, 6])
def test_locked_midway_it_is_taken_back_once_it_is_open_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    strike(monkeypatch, number, scene.lab.lock)
    outcome = begin(scene)
    assert not outcome.ok
    assert "locked" in outcome.error
    scene.lab.unlock("lab-password")
    monkeypatch.undo()
    if outcome.result is Result.PARTLY:
        assert undo(outcome.operation, scene.world, scene.journal).ok
    assert snapshot(scene.world) == scene.before
    assert undo_copies(scene.world) == 0


@pytest.mark.parametrize("number", [1, 4, 6])
def test_the_daemon_killed_midway(scene: Scene, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    strike(monkeypatch, number, scene.lab.stop_daemon)
    outcome = begin(scene)
    assert not outcome.ok
    monkeypatch.undo()
    scene.lab.start_daemon()
    scene.lab.unlock("lab-password")
    undo(outcome.operation, scene.world, scene.journal)
    assert snapshot(scene.world) == scene.before
    assert undo_copies(scene.world) == 0


def test_a_full_disk_midway(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = scene.lab.keyrings
    scene.lab.stop_daemon()
    files = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24k,mode=700", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system can't be mounted here")
    try:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        scene.lab.start_daemon()
        scene.lab.unlock("lab-password")
        before = snapshot(scene.world)
        strike(monkeypatch, 4, lambda: _fill(folder))
        outcome = begin(scene)
        assert not outcome.ok
        monkeypatch.undo()
        (folder / "ballast").unlink()
        undo(outcome.operation, scene.world, scene.journal)
        assert snapshot(scene.world) == before
        scene.lab.restart_daemon()
        scene.lab.unlock("lab-password")
        assert snapshot(scene.world) == before
    finally:
        scene.lab.stop_daemon()
        subprocess.run(["umount", folder], check=True)


def _fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


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
