"""Single entries: written so that the keyring library finds them, and taken back without loss."""

import json
import os
import signal
from typing import Any

import pytest

from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.entries import delete_entry, get_entry, list_entries, new_undo_id, set_entry
from recovery.journal import Journal
from recovery.model import RecoveryError, Remedy, Step
from recovery.runner import Outcome, Result, carry_out, undo
from recovery.steps.entry import CopyEntry, KeepOneTwin, RepairEntry
from recovery.undo_copies import copies, own
from recovery.world import LocalWorld
from tests.support.lab import Lab

NAPI = {"service": "mcp-secrets", "username": "twin"}


class Desk:
    """A world and its journal on an unlocked session."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.world = LocalWorld(lab.host())
        self.journal = Journal(self.world.host)

    def do(self, step: Step, **answers: str) -> Outcome:
        remedy = Remedy("t", "t", "", "", (step,))
        given = {name: Secret(value) for name, value in answers.items()}
        return carry_out(remedy, given, self.world, self.journal)

    def undo(self) -> Outcome:
        return undo(None, self.world, self.journal)

    def entries(self, **attributes: str) -> list[Entry]:
        return list(self.world.keychain.entries({"service": "mcp-secrets", **attributes}))

    def kept(self) -> list[Entry]:
        return list(self.world.keychain.entries({"service": UNDO_SERVICE}))


@pytest.fixture
def desk(unlocked: Lab) -> Desk:
    return Desk(unlocked)


def test_a_new_entry_is_the_one_that_the_library_finds_and_replaces(desk: Desk) -> None:
    assert set_entry("github_token", Secret("one"), desk.world, desk.journal).ok
    assert desk.lab.keyring_get("github_token") == "one"
    desk.lab.keyring_set("github_token", "two")
    (only,) = desk.entries()
    assert only.label == "Password for 'github_token' on 'mcp-secrets'"
    assert own(only.attributes) == {
        "service": "mcp-secrets",
        "username": "github_token",
        "application": "Python keyring library",
    }
    assert get_entry("github_token", desk.world).reveal() == "two"


def test_a_replaced_value_comes_back_with_undo(desk: Desk) -> None:
    desk.lab.keyring_set("github_token", "old")
    assert set_entry("github_token", Secret("new"), desk.world, desk.journal).ok
    assert desk.lab.keyring_get("github_token") == "new"
    assert len(desk.entries()) == 1
    assert desk.undo().ok
    assert desk.lab.keyring_get("github_token") == "old"
    assert len(desk.entries()) == 1
    assert desk.kept() == []


def test_a_first_value_is_gone_after_undo(desk: Desk) -> None:
    assert set_entry("github_token", Secret("new"), desk.world, desk.journal).ok
    assert desk.undo().ok
    assert desk.lab.keyring_get("github_token") is None
    assert desk.kept() == []


def test_undo_leaves_alone_what_someone_else_changed_meanwhile(desk: Desk) -> None:
    desk.lab.keyring_set("github_token", "old")
    assert set_entry("github_token", Secret("new"), desk.world, desk.journal).ok
    desk.lab.keyring_set("github_token", "theirs")
    outcome = desk.undo()
    assert outcome.result is Result.PARTLY
    assert "changed by someone else" in outcome.notes[0]
    assert desk.lab.keyring_get("github_token") == "theirs"
    assert any(each.secret == Secret("old") for each in desk.kept())


def test_bytes_that_are_no_text_survive_replacing_and_undo(desk: Desk) -> None:
    raw = b"\xff\xfeab\x00c\n"
    desk.lab.add_entry("github_token", raw)
    assert set_entry("github_token", Secret("new"), desk.world, desk.journal).ok
    assert desk.undo().ok
    (back,) = desk.entries()
    assert back.secret is not None
    assert back.secret.reveal().encode("utf-8", "surrogateescape") == raw


def test_an_entry_of_another_tool_is_replaced_not_doubled(desk: Desk) -> None:
    desk.lab.add({"service": "mcp-secrets", "username": "github_token"}, b"napi", label="keyring:x@y")
    assert set_entry("github_token", Secret("new"), desk.world, desk.journal).ok
    assert len(desk.entries()) == 1
    desk.lab.keyring_set("github_token", "newer")
    desk.lab.keyring_set("github_token", "new")
    assert len(desk.entries()) == 1
    assert desk.undo().ok
    (back,) = desk.entries()
    assert own(back.attributes) == {"service": "mcp-secrets", "username": "github_token"}
    assert back.label == "keyring:x@y"
    assert back.secret == Secret("napi")


def test_twins_are_refused_and_become_one_on_request(desk: Desk) -> None:
    desk.lab.add(NAPI, b"first")
    desk.lab.keyring_set("twin", "second")
    assert len(desk.entries()) == 2
    refused = set_entry("twin", Secret("third"), desk.world, desk.journal)
    assert refused.result is Result.NOTHING_CHANGED
    assert "2 entries" in refused.error
    assert set_entry("twin", Secret("third"), desk.world, desk.journal, one=True).ok
    assert {desk.lab.keyring_get("twin") for _ in range(3)} == {"third"}
    assert desk.undo().ok
    assert {each.secret for each in desk.entries()} == {Secret("first"), Secret("second")}


def test_the_chosen_twin_stays_and_the_others_come_back_with_undo(desk: Desk) -> None:
    chosen = desk.lab.add(NAPI, b"first")
    desk.lab.keyring_set("twin", "second")
    desk.lab.add_entry("twin", "third")  # replaces the second
    desk.lab.add({**NAPI, "application": "Python keyring library"}, b"exact", replace=False)
    before = {(each.secret, tuple(sorted(own(each.attributes).items()))) for each in desk.entries()}
    assert len(desk.entries()) == 3
    assert desk.do(KeepOneTwin("mcp-secrets", "twin", new_undo_id()), twin=chosen).ok
    (only,) = desk.entries()
    assert only.secret == Secret("first")
    assert desk.undo().ok
    assert {(each.secret, tuple(sorted(own(each.attributes).items()))) for each in desk.entries()} == before


def test_a_damaged_value_is_repaired_and_the_damage_can_come_back(desk: Desk) -> None:
    desk.lab.add_entry("weather_token", b"Bearer abcdefgh12345678\n")
    step = RepairEntry(
        "mcp-secrets", "weather_token", "a line break at the end", "WEATHER_TOKEN", new_undo_id()
    )
    assert desk.do(step).ok
    assert desk.lab.keyring_get("weather_token") == "abcdefgh12345678"
    assert desk.do(step).result is Result.NOTHING_CHANGED
    assert desk.undo().ok
    assert desk.lab.keyring_get("weather_token") == "Bearer abcdefgh12345678\n"


def test_a_near_miss_is_copied_to_the_right_name_and_stays(desk: Desk) -> None:
    desk.lab.keyring_set("token", "value", service="github")
    (source,) = desk.world.keychain.entries({"service": "github"})
    step = CopyEntry(dict(source.attributes), "mcp-secrets", "github_token", new_undo_id())
    assert desk.do(step).ok
    assert desk.lab.keyring_get("github_token") == "value"
    assert desk.lab.keyring_get("token", service="github") == "value"
    assert desk.undo().ok
    assert desk.lab.keyring_get("github_token") is None
    assert desk.lab.keyring_get("token", service="github") == "value"


def test_a_deleted_entry_comes_back_with_undo(desk: Desk) -> None:
    desk.lab.keyring_set("github_token", "value")
    assert delete_entry("github_token", desk.world, desk.journal).ok
    assert desk.lab.keyring_get("github_token") is None
    assert desk.undo().ok
    assert desk.lab.keyring_get("github_token") == "value"
    assert desk.kept() == []
    missing = delete_entry("nothing", desk.world, desk.journal)
    assert missing.result is Result.NOTHING_CHANGED
    assert "there is no nothing" in missing.error


def test_only_the_entries_of_the_service_are_listed(desk: Desk) -> None:
    desk.lab.keyring_set("b", "x")
    desk.lab.keyring_set("a", "x")
    desk.lab.keyring_set("c", "x", service="other")
    assert set_entry("a", Secret("y"), desk.world, desk.journal).ok
    assert [each.account for each in list_entries(desk.world)] == ["a", "b"]


def test_a_locked_keychain_is_named_and_nothing_is_written(desk: Desk) -> None:
    desk.lab.lock()
    outcome = set_entry("github_token", Secret("value"), desk.world, desk.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "mcp-doctor unlock" in outcome.error
    with pytest.raises(RecoveryError, match="locked"):
        get_entry("github_token", desk.world)
    with pytest.raises(RecoveryError, match="locked"):
        list_entries(desk.world)


def test_twins_with_different_values_are_not_read_by_chance(desk: Desk) -> None:
    desk.lab.add(NAPI, b"first")
    desk.lab.keyring_set("twin", "second")
    with pytest.raises(RecoveryError, match="2 entries"):
        get_entry("twin", desk.world)


def test_a_write_that_breaks_off_in_the_middle_puts_the_old_value_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new entry is written, and deleting the old one fails."""
    desk.lab.add({"service": "mcp-secrets", "username": "github_token"}, b"old")
    keychain = desk.world.keychain
    delete = keychain.delete
    failed: list[str] = []

    def once(entry: str) -> None:
        if not failed:
            failed.append(entry)
            raise RecoveryError("the disk is full")
        delete(entry)

    monkeypatch.setattr(keychain, "delete", once)
    outcome = set_entry("github_token", Secret("new"), desk.world, desk.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "disk is full" in outcome.error
    (back,) = desk.entries()
    assert back.secret == Secret("old")
    assert desk.kept() == []


def test_no_value_and_no_plain_digest_of_one_is_in_journal_or_outcome(desk: Desk) -> None:
    import hashlib

    canary = "canary-" + "7" * 20
    desk.lab.keyring_set("github_token", canary + "-old")
    outcome = set_entry("github_token", Secret(canary), desk.world, desk.journal)
    text = desk.journal.path.read_text() + repr(outcome)
    for value in (canary, canary + "-old"):
        assert value not in text
        for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            assert digest(value.encode()).hexdigest()[:8] not in text
    copied = copies(desk.world, json.loads(text.splitlines()[0])["steps"][0]["data"]["undo_id"])
    assert [each.secret for each in copied] == [Secret(canary + "-old")]
    hidden = [each.attributes for each in desk.kept()]
    assert canary not in str(hidden)


def test_an_entry_that_came_meanwhile_is_never_deleted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program writes a twin between our look and our write: it has no copy, so it must stay."""
    put = desk.world.keychain.put
    done: list[str] = []

    def beside(*args: Any, **names: Any) -> str:
        if not done:
            done.append(desk.lab.add({"service": "mcp-secrets", "username": "github_token"}, b"theirs"))
        return put(*args, **names)

    monkeypatch.setattr(desk.world.keychain, "put", beside)
    outcome = set_entry("github_token", Secret("new"), desk.world, desk.journal)
    assert not outcome.ok
    assert Secret("theirs") in {each.secret for each in desk.entries()}


def test_no_bus_is_not_called_a_hung_keychain(desk: Desk) -> None:
    lost = desk.lab.host(DBUS_SESSION_BUS_ADDRESS=None, XDG_RUNTIME_DIR=str(desk.lab.home))
    outcome = delete_entry("github_token", LocalWorld(lost), desk.journal)
    assert not outcome.ok
    assert "no keychain can be reached" in outcome.error
    assert "hung" not in outcome.error


def test_a_hung_keychain_is_not_called_missing(desk: Desk) -> None:
    desk.lab.add_entry("github_token", "old-value")
    pid = desk.lab.suspend_daemon()
    outcome = delete_entry("github_token", desk.world, desk.journal)
    os.kill(pid, signal.SIGCONT)
    assert not outcome.ok
    assert "does not answer" in outcome.error
    assert "--create" not in outcome.error
