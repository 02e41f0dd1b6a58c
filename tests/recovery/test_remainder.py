"""An operation that a kill cut off is really finished: with the questions it asked, on a real keyring daemon."""

import ast
import inspect
import os
import signal
import sys
import textwrap
import time

import pytest

from diagnostics.secret import Secret
from recovery.journal import Event, Journal, Operation
from recovery.model import Ask, AskKind
from recovery.operation import ask_data, read_ask
from recovery.remainder import remainder
from recovery.runner import Result, resume, undo
from recovery.steps import step_kinds
from recovery.world import LocalWorld
from tests.recovery.conftest import PASSWORD, judge
from tests.support.lab import REPO, Lab

_KILLED_MENDING = """
import os, signal, sys
from diagnostics.host import this_host
from diagnostics.secret import Secret
from recovery.journal import Journal
from recovery.world import LocalWorld
from tests.recovery.conftest import way
from recovery.runner import carry_out

world = LocalWorld(this_host())
journal = Journal(world.host)
append = journal.append
def killing(what, operation, **fields):
    append(what, operation, **fields)
    if f"{what.value} {fields.get('step', '')}".strip() == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
journal.append = killing
carry_out(way(world), {"password": Secret(sys.argv[2])}, world, journal)
"""


def cut_off(lab: Lab, after: str) -> Operation:
    """Mends a session without a bus in another process, which is killed after a record."""
    child = lab.run(
        [sys.executable, "-c", _KILLED_MENDING, after, PASSWORD], env={"PYTHONPATH": str(REPO)}, seconds=20
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    (half,) = Journal(lab.host()).interrupted()
    return half


@pytest.fixture
def over_ssh(lab: Lab) -> Lab:
    """A keychain with an entry, and a session that has no bus any more."""
    lab.start(PASSWORD)
    lab.keyring_set("earlier", "earlier")
    lab.stop_daemon()
    lab.kill_bus()
    return lab


@pytest.mark.parametrize(
    "after", ["planned", "intent 0", "applied 0", "verified 0", "applied 1", "verified 1", "intent 2"]
)
def test_what_a_kill_cut_off_is_finished_with_the_password_asked_again(over_ssh: Lab, after: str) -> None:
    half = cut_off(over_ssh, after)
    del over_ssh.env["DBUS_SESSION_BUS_ADDRESS"]  # the next login over SSH has no such variable
    world = LocalWorld(over_ssh.host())
    journal = Journal(world.host)
    left = remainder(half, world)
    assert [ask.kind for ask in left.remedy.asks] == [AskKind.PASSWORD]
    assert any("locked" in change.before for change in left.preview(world))
    world = LocalWorld(over_ssh.host())
    wrong = resume(half.id, world, journal, finish=True, answers={"password": Secret("wrong")})
    assert wrong.result is Result.HALF_DONE
    assert [each.id for each in journal.interrupted()] == [half.id]
    world = LocalWorld(over_ssh.host())
    outcome = resume(half.id, world, journal, finish=True, answers={"password": Secret(PASSWORD)})
    assert outcome.ok, (outcome.error, outcome.notes)
    assert any(line.startswith("$ export DBUS_SESSION_BUS_ADDRESS=") for line in outcome.notes)
    assert journal.interrupted() == []
    assert journal.verify() == []
    judge(over_ssh, world, "earlier")


def test_a_shell_that_names_the_bus_already_is_not_told_of_it(over_ssh: Lab) -> None:
    half = cut_off(over_ssh, "verified 1")
    world = LocalWorld(over_ssh.host())
    answers = {"password": Secret(PASSWORD)}
    outcome = resume(half.id, world, Journal(world.host), finish=True, answers=answers)
    assert outcome.ok, (outcome.error, outcome.notes)
    assert not any("export" in line for line in outcome.notes)


def test_an_answer_is_missing_nothing_is_begun_and_it_stays_to_be_finished(over_ssh: Lab) -> None:
    half = cut_off(over_ssh, "verified 0")
    world = LocalWorld(over_ssh.host())
    journal = Journal(world.host)
    before = len(journal.records())
    outcome = resume(half.id, world, journal, finish=True)
    assert outcome.result is Result.REFUSED
    assert "an answer is missing" in outcome.error
    assert len(journal.records()) == before
    assert undo(half.id, world, journal).ok
    assert journal.interrupted() == []


def test_after_a_wrong_password_it_can_still_be_taken_back(over_ssh: Lab) -> None:
    half = cut_off(over_ssh, "verified 1")
    journal = Journal(over_ssh.host())
    assert (
        resume(
            half.id,
            LocalWorld(over_ssh.host()),
            journal,
            finish=True,
            answers={"password": Secret("wrong")},
        ).result
        is Result.HALF_DONE
    )
    world = LocalWorld(over_ssh.host())
    outcome = resume(half.id, world, journal, finish=False)
    assert outcome.ok, (outcome.error, outcome.notes)
    assert world.keychain.state().bus.trouble is not None


def test_a_bus_that_died_after_the_kill_is_started_again(over_ssh: Lab) -> None:
    half = cut_off(over_ssh, "verified 1")
    for record in half.steps:
        if record.kept.get("pid"):
            os.kill(int(record.kept["pid"]), signal.SIGKILL)
    bus = LocalWorld(over_ssh.host()).bus
    until = time.monotonic() + 10
    while bus.is_live(half.steps[0].data["socket"]) and time.monotonic() < until:
        time.sleep(0.01)
    world = LocalWorld(over_ssh.host())
    journal = Journal(world.host)
    outcome = resume(half.id, world, journal, finish=True, answers={"password": Secret(PASSWORD)})
    assert outcome.ok, (outcome.error, outcome.notes)
    judge(over_ssh, world, "earlier")


def test_no_question_is_asked_for_what_was_done(unlocked: Lab) -> None:
    journal = Journal(unlocked.host())
    asks = [ask_data(Ask("password", AskKind.PASSWORD, "Password of the keychain"))]
    steps = [{"kind": "unlock", "title": "t", "data": {"collection": "", "label": "login"}}]
    journal.append(Event.PLANNED, "op", remedy="r", title="t", finding="", steps=steps, asks=asks)
    journal.append(Event.INTENT, "op", step=0)
    (half,) = journal.interrupted()
    world = LocalWorld(unlocked.host())
    assert remainder(half, world).remedy.asks == ()
    assert resume("op", world, journal, finish=True).ok


def test_a_question_comes_back_from_the_trail_as_it_was(journal: Journal) -> None:
    ask = Ask("twin", AskKind.CHOICE, "Which one?", "A hint", (("/a", "the first"), ("/b", "b")), "github")
    journal.append(
        Event.PLANNED, "op", remedy="r", title="t", finding="", steps=[], asks=[ask_data(ask), ask_data(ask)]
    )
    (found,) = journal.operations()
    assert found.asks == (ask, ask)
    assert read_ask(ask_data(ask)) == ask


@pytest.mark.parametrize("asks", [None, 3, ["x"], [{"name": "a", "kind": "no-kind", "prompt": "p"}]])
def test_questions_that_are_none_do_not_break_the_trail(journal: Journal, asks: object) -> None:
    journal.append(Event.PLANNED, "op", remedy="r", title="t", finding="", steps=[], asks=asks)
    assert len(journal.operations()) <= 1


def test_every_step_that_reads_answers_names_them() -> None:
    for kind, step in step_kinds().items():
        body = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(step.apply))))
        reads = any(isinstance(node, ast.Name) and node.id == "answers" for node in body)
        assert bool(getattr(step, "needs", ())) is reads, kind
