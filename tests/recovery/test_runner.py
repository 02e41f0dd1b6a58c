"""Carrying out, taking back, and what a kill at any instant leaves."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from diagnostics.secret import Secret
from recovery.journal import Event, Journal
from recovery.model import Answers, Ask, AskKind, Change, RecoveryError, Remedy, Risk, Step
from recovery.runner import Phase, Progress, Result, carry_out, preview, resume, undo
from recovery.steps import read_step, step_data, step_kinds
from recovery.steps.entry import SetEntry
from recovery.steps.file import SetMode
from recovery.world import LocalWorld
from tests.recovery.conftest import PASSWORD, a_host
from tests.support.forking import python
from tests.support.lab import REPO, Lab


class Broken:
    """A step that can't be done."""

    kind: ClassVar[str] = "broken"
    risk: ClassVar[Risk] = Risk.SAFE
    title = "Break"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def preview(self, world: Any) -> list[Change]:
        return []

    def apply(self, world: Any, answers: Answers) -> Mapping[str, str]:
        raise self.error

    def verify(self, world: Any) -> None:
        raise AssertionError

    def undo(self, world: Any, kept: Mapping[str, str]) -> None:
        return None


class Files:
    """A world with three files, and remedies that change their modes."""

    def __init__(self, home: Path) -> None:
        self.host = a_host(home)
        self.world = LocalWorld(self.host)
        self.journal = Journal(self.host)
        self.paths = [home / name for name in ("a", "b", "c")]
        for path in self.paths:
            path.touch(mode=0o644)
            path.chmod(0o644)

    def remedy(self, *more: Step, asks: tuple[Ask, ...] = ()) -> Remedy:
        steps = tuple(SetMode(str(path), 0o600, 0o644) for path in self.paths)
        return Remedy("t", "Title", "Why", "f", (*steps, *more), asks)

    def modes(self) -> list[int]:
        return [path.stat().st_mode & 0o777 for path in self.paths]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(
        "recovery.runner.step_data", lambda step: {} if step.kind == "broken" else step_data(step)
    )
    return Files(tmp_path)


def test_every_step_is_announced_done_and_looked_at(files: Files) -> None:
    seen: list[Progress] = []
    outcome = carry_out(files.remedy(), {}, files.world, files.journal, seen.append)
    assert outcome.ok
    assert files.modes() == [0o600] * 3
    assert [each.phase for each in seen] == [Phase.APPLYING, Phase.VERIFYING, Phase.DONE] * 3
    events = [record["event"] for record in files.journal.records()]
    assert events == ["planned", *["intent", "applied", "verified"] * 3, "done"]


def test_a_preview_changes_nothing(files: Files) -> None:
    before = files.modes()
    assert len(preview(files.remedy(), files.world)) == 3
    assert files.modes() == before
    assert not files.journal.path.exists()


def test_a_failing_step_takes_the_earlier_ones_back_last_first(files: Files) -> None:
    seen: list[Progress] = []
    broken = Broken(RecoveryError("it broke"))
    outcome = carry_out(files.remedy(broken), {}, files.world, files.journal, seen.append)
    assert outcome.result is Result.NOTHING_CHANGED
    assert outcome.error == "it broke"
    assert files.modes() == [0o644] * 3
    assert [each.index for each in seen if each.phase is Phase.TAKEN_BACK] == [2, 1, 0]
    assert files.journal.operations()[0].state is Event.FAILED
    assert not files.journal.operations()[0].can_be_undone


def test_a_bug_in_a_step_is_an_outcome_and_its_text_is_not_shown(files: Files) -> None:
    outcome = carry_out(files.remedy(Broken(ValueError("hunter2"))), {}, files.world, files.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "ValueError" in outcome.error
    assert "hunter2" not in outcome.error
    assert files.modes() == [0o644] * 3


def test_an_interrupt_takes_back_and_goes_on(files: Files) -> None:
    with pytest.raises(KeyboardInterrupt):
        carry_out(files.remedy(Broken(KeyboardInterrupt())), {}, files.world, files.journal)
    assert files.modes() == [0o644] * 3
    assert files.journal.interrupted() == []


def test_an_answer_never_stands_in_an_error(files: Files) -> None:
    ask = Ask("password", AskKind.PASSWORD, "Password")
    remedy = files.remedy(Broken(RecoveryError("the daemon said: no to swordfish-99")), asks=(ask,))
    outcome = carry_out(remedy, {"password": Secret("swordfish-99")}, files.world, files.journal)
    assert "swordfish" not in repr(outcome) + files.journal.path.read_text()


def test_a_missing_answer_or_an_unknown_choice_begins_nothing(files: Files) -> None:
    choice = Ask("which", AskKind.CHOICE, "Which?", choices=(("a", "A"),))
    for answers in ({}, {"which": Secret("")}, {"which": Secret("b")}):
        outcome = carry_out(files.remedy(asks=(choice,)), answers, files.world, files.journal)
        assert outcome.result is Result.REFUSED
    assert files.modes() == [0o644] * 3
    assert not files.journal.path.exists()


def test_without_a_record_there_is_no_deed(files: Files) -> None:
    files.host.state_dir.parent.mkdir(parents=True)
    files.host.state_dir.write_text("in the way")
    outcome = carry_out(files.remedy(), {}, files.world, files.journal)
    assert outcome.result is Result.REFUSED
    assert "nothing was done" in outcome.error
    assert files.modes() == [0o644] * 3


def test_a_trail_that_ends_half_way_ends_the_deeds(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    append, count = files.journal.append, iter(range(100))

    def full(event: Event, operation: str, **fields: Any) -> None:
        if next(count) >= 5:  # planned, intent, applied, verified, intent; then the disk is full
            from recovery.journal import JournalError

            raise JournalError("the audit trail can't be written")
        append(event, operation, **fields)

    monkeypatch.setattr(files.journal, "append", full)
    outcome = carry_out(files.remedy(), {}, files.world, files.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert files.modes() == [0o644] * 3


def test_undo_refuses_what_was_changed_since(files: Files) -> None:
    done = carry_out(files.remedy(), {}, files.world, files.journal)
    files.paths[1].chmod(0o640)
    outcome = undo(done.operation, files.world, files.journal)
    assert outcome.result is Result.PARTLY
    assert files.modes() == [0o644, 0o640, 0o644]
    assert "someone else" in outcome.notes[0]
    files.paths[1].chmod(0o600)
    assert undo(done.operation, files.world, files.journal).ok
    assert files.modes() == [0o644] * 3
    assert undo(done.operation, files.world, files.journal).result is Result.REFUSED
    assert undo(None, files.world, files.journal).result is Result.REFUSED
    assert undo("nonsense", files.world, files.journal).result is Result.REFUSED


def test_every_kind_of_step_is_known_to_the_journal_by_its_own_name() -> None:
    for kind, made in step_kinds().items():
        assert made.kind == kind
    for step in (SetMode("/a", 0o600, 0o644), SetEntry("s", "u", "i", one=True)):
        assert read_step(step.kind, step_data(step)) == step
    with pytest.raises(RecoveryError, match="does not know"):
        read_step("unheard-of", {})
    with pytest.raises(RecoveryError, match="does not know"):
        read_step("set-mode", {"path": "/a"})
    with pytest.raises(TypeError):
        step_data(SetEntry("s", "u", Secret("hidden")))  # type: ignore[arg-type]


# ── killed ──────────────────────────────────────────────────────────────────────────────────────────────────

_KILLED = """
import os, signal, sys
from pathlib import Path
from recovery import runner
from recovery.journal import Event, Journal
from recovery.model import Remedy
from recovery.steps.file import SetMode
from recovery.world import LocalWorld
from tests.recovery.conftest import a_host

home, event, when, number = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
host = a_host(home)
journal = Journal(host)
append = journal.append
left = [number]
def killing(what, operation, **fields):
    left[0] -= what.value == event
    if left[0] == 0 and what.value == event and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    append(what, operation, **fields)
    if left[0] == 0 and what.value == event:
        os.kill(os.getpid(), signal.SIGKILL)
journal.append = killing
steps = tuple(SetMode(str(home / name), 0o600, 0o644) for name in "abc")
runner.carry_out(Remedy("t", "t", "", "", steps), {}, LocalWorld(host), journal)
"""


@pytest.mark.parametrize("finish", [True, False])
@pytest.mark.parametrize(
    ("event", "when", "number"),
    [
        ("planned", "after", 1),
        ("intent", "before", 2),
        ("intent", "after", 2),
        ("applied", "before", 2),  # done, and nothing says so
        ("applied", "after", 2),
        ("verified", "after", 3),
        ("done", "before", 1),
    ],
)
def test_after_a_kill_at_any_instant_it_is_named_and_finished_or_taken_back(
    files: Files, event: str, when: str, number: int, finish: bool
) -> None:
    words = ("-c", _KILLED, str(files.host.home), event, when, str(number))
    child = python(*words, env={"PATH": os.environ["PATH"], "HOME": str(files.host.home)}, cwd=REPO)
    assert child.returncode == -signal.SIGKILL
    (half,) = files.journal.interrupted()
    assert [step.kind for step in half.steps] == ["set-mode"] * 3
    outcome = resume(half.id, files.world, files.journal, finish=finish)
    assert outcome.ok, outcome
    assert files.modes() == [0o600 if finish else 0o644] * 3
    assert files.journal.interrupted() == []
    assert files.journal.verify() == []
    assert resume(half.id, files.world, files.journal, finish=finish).result is Result.REFUSED


_KILLED_WRITING = """
import os, signal, sys
from diagnostics.host import this_host
from diagnostics.secret import Secret
from recovery.entries import set_entry
from recovery.journal import Journal
from recovery.world import LocalWorld

host = this_host()
world = LocalWorld(host)
left = int(sys.argv[1])
put, delete = world.keychain.put, world.keychain.delete
def counted(call):
    def killing(*args, **names):
        global left
        out = call(*args, **names)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return out
    return killing
world.keychain.put, world.keychain.delete = counted(put), counted(delete)
set_entry("github_token", Secret("new"), world, Journal(host))
"""


@pytest.mark.parametrize("writes", [1, 2, 3, 4])
@pytest.mark.parametrize("finish", [True, False])
def test_a_kill_between_two_writes_loses_no_value(unlocked: Lab, writes: int, finish: bool) -> None:
    """The copy of the old, the seal, the new and the old one's end are four writes."""
    unlocked.add({"service": "mcp-secrets", "username": "github_token"}, b"old")
    child = unlocked.run([sys.executable, "-c", _KILLED_WRITING, str(writes)], env={"PYTHONPATH": str(REPO)})
    assert child.returncode == -signal.SIGKILL, child.stderr
    world = LocalWorld(unlocked.host())
    journal = Journal(world.host)
    values = {each.secret for each in world.keychain.entries({})}
    assert Secret("old") in values
    (half,) = journal.interrupted()
    outcome = resume(half.id, world, journal, finish=finish, answers={"token": Secret("new")})
    assert outcome.ok, outcome
    found = world.keychain.entries({"service": "mcp-secrets"})
    assert [each.secret for each in found] == [Secret("new" if finish else "old")]
    if finish:
        assert undo(half.id, world, journal).ok
        found = world.keychain.entries({"service": "mcp-secrets"})
        assert [each.secret for each in found] == [Secret("old")]


def test_a_record_of_an_earlier_version_without_questions_can_be_taken_back_only(lab: Lab) -> None:
    from recovery.steps.keychain import Unlock

    lab.start(PASSWORD)
    lab.restart_daemon()
    world = LocalWorld(lab.host())
    journal = Journal(world.host)
    step = Unlock()
    journal.append(
        Event.PLANNED,
        "op",
        remedy="unlock-keychain",
        title="t",
        finding="",
        steps=[{"kind": step.kind, "title": step.title, "data": step_data(step)}],
    )
    journal.append(Event.INTENT, "op", step=0)
    without = resume("op", world, journal, finish=True, answers={"password": Secret(PASSWORD)})
    assert without.result is Result.REFUSED
    assert "needs the password" in without.error
    assert lab.locked()
    assert [each.id for each in journal.interrupted()] == ["op"]
    assert resume("op", world, journal, finish=False).ok
    assert journal.interrupted() == []


def test_undo_without_a_name_takes_back_what_was_cut_off_not_the_one_before(files: Files) -> None:
    carry_out(files.remedy(), {}, files.world, files.journal)
    steps = [
        {"kind": step.kind, "title": step.title, "data": step_data(step)} for step in files.remedy().steps
    ]
    files.journal.append(Event.PLANNED, "cut0ff", remedy="t", title="Cut off", finding="f", steps=steps)
    outcome = undo(None, files.world, files.journal)
    assert (outcome.ok, outcome.operation) == (True, "cut0ff")
    assert files.modes() == [0o600] * 3
    assert files.journal.interrupted() == []
    assert undo(None, files.world, files.journal).ok
    assert files.modes() == [0o644] * 3


def test_a_cut_off_operation_that_did_nothing_can_be_laid_to_rest_by_its_name(files: Files) -> None:
    files.journal.append(Event.PLANNED, "cut0ff", remedy="t", title="Cut off", finding="f", steps=[])
    assert undo("cut0ff", files.world, files.journal).ok
    assert files.journal.interrupted() == []
