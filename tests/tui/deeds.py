"""An audit trail for tests and pictures."""

import datetime

import pytest

from recovery.journal import Event, Journal

STEPS = [
    {"kind": "x", "title": "Unlock the keychain “Login”", "data": {}},
    {"kind": "x", "title": "Store github_token", "data": {}},
]


def stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a picture depends on the day or the machine."""

    class Noon(datetime.datetime):
        passed = 0

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Noon":
            cls.passed += 1
            return cls(2026, 11, 23, 12, 0, cls.passed, tzinfo=tz)

    monkeypatch.setattr("recovery.trail.writing.datetime", Noon)
    monkeypatch.setattr("recovery.trail.clock.ahead_of_now", lambda _record: "")
    monkeypatch.setattr("recovery.trail.writing.platform.node", lambda: "laptop")
    monkeypatch.setattr(
        "recovery.trail.actor.actor", lambda _host: {"ssh": "203.0.113.7 51234", "tty": "/dev/pts/3"}
    )
    monkeypatch.setattr("recovery.trail.clock.reading", lambda: {"boot": "", "since_boot": 0.0})
    monkeypatch.setattr("recovery.trail.key.secrets.token_bytes", lambda size: b"k" * size)


def deeds(journal: Journal, count: int = 3) -> Journal:
    ends = (Event.DONE, Event.FAILED, Event.UNDONE)
    for number in range(count):
        name = f"{number:08x}"
        journal.append(
            Event.PLANNED, name, remedy="r", title=f"Store token {number} “github_token”", finding="lookup.entry:github",
            steps=STEPS, reason="the token expired", ticket="OPS-7",
        )  # fmt: skip
        for step in range(2):
            journal.append(Event.INTENT, name, step=step)
            journal.append(Event.APPLIED, name, step=step, kept={"undo_id": "u"})
            journal.append(Event.VERIFIED, name, step=step)
        end = ends[number % 3]
        journal.append(
            end, name, **({"error": "The keychain refused this password"} if end is Event.FAILED else {})
        )
    journal.append(Event.NOTE, "note", what="A backup was made")
    return journal
