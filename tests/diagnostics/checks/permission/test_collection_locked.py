"""A locked keychain is the one thing that fails, and what is in it is said without opening it."""

import pytest

from diagnostics.stores.bus import BusError
from tests.support.lab import Lab
from tests.support.looking import look_at

LOCKED = "permission.collection-locked"
PASSWORD = "lab-password"


def test_unlocked(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    seen = look_at(unlocked)
    assert seen.outcome(LOCKED) == "unlocked"
    assert seen.fails == []


def test_locked_since_the_daemon_started(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.add_entry("other", "value")
    unlocked.restart_daemon()
    seen = look_at(unlocked, "github_token", "slack_token")
    assert seen.fails == [(LOCKED, "locked", "keyring_locked")]
    evidence = seen.finding(LOCKED).evidence
    assert "1 of the 2 entries that the configs name is in it" in evidence
    assert "not in it: slack_token" in evidence
    assert seen.finding(LOCKED).facts["items"] == "2"
    assert seen.outcome("lookup.readable") == "runner.waits"
    assert unlocked.locked()


def test_locked_again_after_it_was_open(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.lock()
    seen = look_at(unlocked)
    assert seen.fails == [(LOCKED, "locked", "keyring_locked")]
    assert "the entry that the configs name is in it" in seen.finding(LOCKED).evidence


def test_the_look_turns_green_after_unlocking(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.restart_daemon()
    with pytest.raises(BusError, match="invalid"):
        unlocked.unlock("wrong")
    assert look_at(unlocked).outcome(LOCKED) == "locked"
    unlocked.unlock(PASSWORD)
    assert look_at(unlocked).fails == []
