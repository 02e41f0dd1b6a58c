"""Earlier values that are kept for an undo have an end, and it is said."""

import datetime
from collections.abc import Callable

import pytest

from diagnostics.secret import Secret
from diagnostics.stores.similar import UNDO_SERVICE, SimilarEntries
from recovery.entries import list_entries, set_entry
from recovery.journal import Event, Journal
from recovery.model import RecoveryError
from recovery.retention import let_go_of_old_copies
from recovery.runner import Result, undo
from recovery.world import LocalWorld
from tests.support.lab import Lab

Store = Callable[[str, float], str]


@pytest.fixture
def world(unlocked: Lab) -> LocalWorld:
    return LocalWorld(unlocked.host())


@pytest.fixture
def journal(world: LocalWorld) -> Journal:
    return Journal(world.host)


@pytest.fixture
def store(world: LocalWorld, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Stores a value so many days ago. Out: the operation's id."""

    def stored(value: str, days: float) -> str:
        class Then(datetime.datetime):
            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
                return datetime.datetime.now(tz) - datetime.timedelta(days=days)

        with monkeypatch.context() as patch:
            patch.setattr("recovery.trail.writing.datetime", Then)
            patch.setattr("recovery.retention.datetime", Then)
            outcome = set_entry("github_token", Secret(value), world, journal)
        assert outcome.ok, outcome
        return outcome.operation

    return stored


def kept(world: LocalWorld) -> list[str]:
    found = world.keychain.entries({"service": UNDO_SERVICE})
    return sorted(each.secret.reveal() for each in found if each.secret and "original" in each.attributes)


def test_an_old_copy_goes_with_the_next_operation_and_undo_says_so(
    world: LocalWorld, journal: Journal, store: Store
) -> None:
    store("zero", 50)
    old = store("one", 31)  # keeps "zero"
    young = store("two", 29)  # keeps "one"
    assert kept(world) == ["one", "zero"]
    newest = store("three", 0)
    assert kept(world) == ["one", "two"]
    assert [each.state for each in journal.operations()] == [
        Event.FORGOTTEN,
        Event.FORGOTTEN,
        Event.DONE,
        Event.DONE,
    ]
    assert journal.verify() == []
    refused = undo(old, world, journal)
    assert refused.result is Result.REFUSED
    assert "kept for it was deleted after 30 days" in refused.error
    assert undo(newest, world, journal).ok
    assert undo(young, world, journal).ok
    assert [each.secret for each in world.keychain.entries({"service": "mcp-secrets"})] == [Secret("one")]
    assert list(world.keychain.entries({"service": UNDO_SERVICE})) == []
    nothing = undo(None, world, journal)
    assert nothing.result is Result.REFUSED
    assert "nothing to take back" in nothing.error


def test_a_crash_between_the_record_and_the_deed_is_made_good(
    world: LocalWorld, journal: Journal, store: Store
) -> None:
    store("zero", 40)
    old = store("one", 39)
    journal.append(Event.FORGOTTEN, old)
    assert kept(world) == ["zero"]
    store("two", 0)
    assert kept(world) == ["one"]


def test_a_copy_of_another_trail_and_a_half_done_operations_are_left_alone(
    world: LocalWorld, journal: Journal, store: Store
) -> None:
    store("zero", 60)
    half = store("one", 40)
    journal.append(Event.UNDOING, half)
    (collection,) = {each.collection for each in world.keychain.entries({"service": "mcp-secrets"})}
    foreign = {"service": UNDO_SERVICE, "username": "0123456789abcdef/0", "original": "{}"}
    world.keychain.put(collection, "Earlier value of x", foreign, Secret("theirs"))
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=99)
    assert half not in let_go_of_old_copies(world, journal, later)
    assert kept(world) == ["theirs", "zero"]


def test_a_keychain_that_refuses_does_not_spoil_what_was_done(
    world: LocalWorld, journal: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store("zero", 40)
    store("one", 39)

    def refuse(*_: object) -> None:
        raise RecoveryError("not now")

    monkeypatch.setattr("recovery.retention.forget", refuse)
    store("two", 0)
    monkeypatch.undo()
    store("three", 0)
    assert kept(world) == ["one", "two"]


def test_what_was_begun_long_ago_and_finished_now_can_be_taken_back(
    world: LocalWorld, journal: Journal, store: Store
) -> None:
    store("zero", 40)
    late = store("one", 39)
    journal.append(Event.DONE, late)  # now
    store("two", 0)
    assert kept(world) == ["one", "zero"]


def test_copies_are_no_near_misses_and_are_not_listed(world: LocalWorld, store: Store) -> None:
    store("zero", 0)
    store("one", 0)
    entries = world.keychain.entries({})
    assert any(each.service == UNDO_SERVICE for each in entries)
    similar = SimilarEntries(entries, "mcp-secrets")
    for name in ("github_token", "mcp_doctor", "mcp_doctor_undo", *(each.account for each in entries)):
        assert [each for each in similar.to(name) if each.entry.service == UNDO_SERVICE] == []
    assert [each.account for each in list_entries(world)] == ["github_token"]
