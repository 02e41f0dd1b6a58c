"""What the next start finds while the keychain is still locked, or the disk still read-only: nothing is taken for done."""

from diagnostics.secret import Secret
from recovery.operation import Event
from recovery.outcome import Result
from recovery.runner import carry_out, resume, undo
from recovery.steps.entry import TOKEN, SetEntry
from recovery.world import LocalWorld
from tests.recovery.faults.operations import OTHER, VALUE, a_remedy
from tests.recovery.faults.stage import PASSWORD, Stage, journal_of


def _stored(stage: Stage) -> str:
    stage.put_back({}, daemon=True, unlock=False)
    stage.lab.create_collection(PASSWORD)
    stage.lab.add_entry("token", VALUE)
    remedy = a_remedy("set", SetEntry("mcp-secrets", "token", "a" * 16), ask=TOKEN)
    outcome = carry_out(remedy, {TOKEN: Secret(OTHER)}, LocalWorld(stage.host), journal_of(stage.host))
    assert outcome.ok, outcome
    return outcome.operation


def test_an_undo_on_a_locked_keychain_is_no_undo_and_is_named_until_it_is_done(stage: Stage) -> None:
    operation = _stored(stage)
    stage.end_daemon()
    stage.start_daemon()
    assert stage.is_locked()
    journal, world = journal_of(stage.host), LocalWorld(stage.host)
    outcome = undo(operation, world, journal)
    assert outcome.result is Result.PARTLY
    assert "locked" in " ".join(outcome.notes)
    (half,) = journal.interrupted()
    assert (half.id, half.state) == (operation, Event.UNDOING)
    stage.lab.unlock(PASSWORD)
    assert resume(operation, world, journal, finish=True).ok
    assert [each.secret for each in world.keychain.entries({})] == [Secret(VALUE)]
    assert journal.interrupted() == []
    assert journal.verify() == []


def test_on_a_read_only_disk_it_is_refused_with_words(stage: Stage) -> None:
    operation = _stored(stage)
    stage.make_read_only()
    outcome = undo(operation, LocalWorld(stage.host), journal_of(stage.host))
    stage.heal()
    assert outcome.result is Result.REFUSED
    assert "can't be written" in outcome.error
