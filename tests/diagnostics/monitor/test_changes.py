"""What is told, and when: once, on change, whatever the clock and the answers do."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from diagnostics.history import Condition
from diagnostics.model import Status
from diagnostics.monitor.changes import PATIENCE, Incident, Kind, Limits, Now, changes_of
from diagnostics.monitor.states import NOBODY, NOT_HERE

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LOCKED = Condition(Status.FAIL, "keyring_locked")
INVALID = Condition(Status.FAIL, "token_invalid")
WELL = Condition(Status.OK)
WARNED = Condition(Status.WARN, "token_insufficient_scope")
UNKNOWN = Condition(Status.UNKNOWN, "network_down")
OFF = Condition(Status.SKIP)


class Rounds:
    """One after the other, with the memory as the history gives it back."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.memory: dict[str, Any] = {}
        self.limits = limits or Limits()
        self.now = Now(START)

    def __call__(self, how: Condition | None, minutes: float = 15, **more: Any) -> list[str]:
        """In: how the one credential is; None = it is not configured. Out: the kinds of what is told."""
        states: Mapping[str, Condition] = {} if how is None else {"github": how}
        changes, memory = changes_of(self.memory, states, replace(self.now, **more), self.limits)
        self.memory = json.loads(json.dumps(memory))
        self.now = replace(self.now, at=self.now.at + timedelta(minutes=minutes))
        return [each.kind.value for each in changes]


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([WELL, WELL], [[], []]),
        ([LOCKED, LOCKED], [["failing"], []]),
        ([WELL, LOCKED, LOCKED, WELL, WELL], [[], ["failing"], [], ["recovered"], []]),
        ([LOCKED, INVALID, INVALID], [["failing"], ["failing-otherwise"], []]),
        ([LOCKED, WARNED], [["failing"], ["recovered"]]),
        ([WELL, WARNED, WELL], [[], [], []]),
        ([LOCKED, UNKNOWN, LOCKED], [["failing"], [], []]),
        ([LOCKED, UNKNOWN, WELL], [["failing"], [], ["recovered"]]),
        ([WELL, UNKNOWN, WELL], [[], [], []]),
        ([WELL, UNKNOWN, LOCKED], [[], [], ["failing"]]),
        ([WELL, *[UNKNOWN] * 5, WELL], [[], [], [], ["unknown"], [], [], ["known-again"]]),
        ([LOCKED, *[UNKNOWN] * 4, LOCKED], [["failing"], [], [], ["unknown"], [], ["failing"]]),
        ([LOCKED, *[UNKNOWN] * 4, WELL], [["failing"], [], [], ["unknown"], [], ["recovered"]]),
        ([*[UNKNOWN] * 4, LOCKED, WELL], [[], [], ["unknown"], [], ["failing"], ["recovered"]]),
        ([LOCKED, OFF, OFF, WELL], [["failing"], [], [], ["recovered"]]),
        ([LOCKED, None, LOCKED, WELL], [["failing"], [], [], ["recovered"]]),
    ],
)
def test_what_changes_is_told_once(states: list[Condition | None], told: list[list[str]]) -> None:
    do = Rounds()
    assert [do(each) for each in states] == told


def test_unknown_between_unknowns_does_not_gather_patience() -> None:
    do = Rounds()
    assert [do(each) for each in [WELL, UNKNOWN, UNKNOWN] * 4] == [[]] * 12
    assert PATIENCE == 3


@pytest.mark.parametrize("outcome", [NOBODY, NOT_HERE])
def test_the_night_is_no_news(outcome: str) -> None:
    absent = Condition(Status.UNKNOWN, "dbus_no_session_bus", outcome=outcome)
    do = Rounds()
    assert [do(each) for each in [WELL, *[absent] * 50, WELL]] == [[]] * 52
    fresh = Rounds()
    assert [fresh(absent) for _ in range(5)] == [[], [], ["unknown"], [], []], "who never saw more says so"


def test_what_left_for_long_is_forgotten() -> None:
    do = Rounds()
    assert do(LOCKED) == ["failing"]
    assert do(None, minutes=8 * 1440) == []
    assert do(None) == []
    assert do.memory["credentials"] == {}
    assert do(LOCKED) == ["failing"]


# ── what the clock decides ──────────────────────────────────────────────────────────────────────────────────


def ends(days: float) -> Condition:
    return Condition(Status.OK, expires=START + timedelta(days=days))


def test_an_end_is_told_some_days_before_and_not_each_time() -> None:
    do = Rounds()
    told = [do(ends(20), minutes=1440) for _ in range(20)]
    days = [number for number, each in enumerate(told) if each == ["expiring"]]
    assert days == [6, 13, 17, 19]


def test_a_renewed_credential_is_told_of_again_when_its_time_comes() -> None:
    do = Rounds()
    assert do(ends(5)) == ["expiring"]
    assert do(ends(90)) == []
    assert do(ends(6)) == ["expiring"]


def test_short_lived_tokens_that_are_renewed_all_the_time_are_told_of_once() -> None:
    do = Rounds()
    assert [do(ends(0.04 + number / 96)) for number in range(8)] == [["expiring"], *[[]] * 7]


def test_what_fails_already_does_not_end_as_well() -> None:
    do = Rounds()
    assert do(Condition(Status.FAIL, "token_expired", expires=START - timedelta(days=1))) == ["failing"]


def test_a_clock_that_jumps_forward_raises_no_alarm_and_swallows_none() -> None:
    do = Rounds()
    assert do(ends(40), backup=START - timedelta(days=1)) == []
    do.now = replace(do.now, at=START + timedelta(days=39))
    assert do(ends(40), backup=START - timedelta(days=1), clock_jumped=True) == []
    do.now = replace(do.now, at=START + timedelta(hours=1))
    assert do(ends(40), backup=START - timedelta(days=1), clock_jumped=True) == []
    do.now = replace(do.now, at=START + timedelta(days=30))
    assert do(ends(40)) == ["expiring"]


def test_a_clock_that_stays_wrong_for_a_while_does_not_swallow_the_real_end() -> None:
    do = Rounds()
    do.now = replace(do.now, at=START + timedelta(days=39))
    assert do(ends(40)) == ["expiring"]
    do.now = replace(do.now, at=START)
    assert do(ends(40)) == []
    do.now = replace(do.now, at=START + timedelta(days=39))
    assert do(ends(40)) == ["expiring"]


def test_a_backup_that_grows_too_old_is_told_once_and_the_next_one_again() -> None:
    do = Rounds(Limits(backup_days=30))
    made = START - timedelta(days=29)
    assert do(WELL, backup=made, minutes=2 * 1440) == []
    assert do(WELL, backup=made) == ["backup-old"]
    assert do(WELL, backup=made) == []
    assert do(WELL, backup=do.now.at) == []
    assert do(WELL, backup=do.now.at, backup_lacks="3 entries changed since") == ["backup-old"]
    assert Rounds(Limits(backup_days=0))(WELL, backup=made - timedelta(days=900)) == []
    assert Rounds()(WELL) == [], "who makes no backups is not told to"


def test_an_emergency_is_told_when_it_is_seen_when_its_time_is_up_and_daily() -> None:
    do = Rounds()
    one = Incident("ee01", "github", START, is_over=False)
    assert do(WELL, incidents=[one]) == ["emergency-open"]
    assert do(WELL, incidents=[one]) == []
    over = replace(one, is_over=True)
    assert do(WELL, incidents=[over], minutes=1440) == ["emergency-over"]
    assert do(WELL, incidents=[over]) == ["emergency-over"]
    do.now = replace(do.now, at=START - timedelta(days=400))
    assert do(WELL, incidents=[over], clock_jumped=True) == []
    assert do(WELL, incidents=[over]) == ["emergency-over"], (
        "a clock that was set back does not silence it for a year"
    )
    assert do(WELL) == []


def test_a_forged_memory_breaks_nothing() -> None:
    forged: list[dict[str, Any]] = [
        {"credentials": []},
        {"credentials": {"github": 5}, "backup": [], "incidents": 3},
        {"credentials": {"github": {"told": 1, "silent": "x", "days": True}}, "incidents": {"a": 1}},
        {"incidents": {"ee": {"told": "emergency-open", "at": "yesterday"}}},
    ]
    for each in forged:
        do = Rounds()
        do.memory = each
        one = Incident("ee", "github", START, is_over=False)
        assert Kind.FAILING.value in do(LOCKED, incidents=[one])
