"""Reminders of backups: only for who makes them, and only when one lacks something."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from diagnostics.backups import backups_in, folder_of, moment_of, name_at
from tests.support.lab import Lab
from tests.support.looking import look, look_at

CHECK = "lookup.backup"


def a_backup(lab: Lab, ago: timedelta) -> Path:
    folder = folder_of(lab.host())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name_at(datetime.now(UTC) - ago)
    path.write_bytes(b"age-encryption.org/v1")
    return path


def test_who_makes_no_backups_hears_nothing(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    assert not [each for each in look_at(unlocked).findings if each.check == CHECK]


def test_an_older_one_is_told_with_what_it_lacks(unlocked: Lab) -> None:
    a_backup(unlocked, timedelta(days=3))
    unlocked.add_entry("github_token", "value")
    unlocked.add_entry("slack_token", "value")
    unlocked.add_entry("other", "value", service="not-ours")
    seen = look_at(unlocked)
    assert seen.warnings == [(CHECK, "older", "backup_outdated")]
    found = seen.finding(CHECK)
    assert found.title.startswith("2 entries were changed after")
    assert "github_token, slack_token" in found.detail
    assert "other" not in found.detail


def test_the_newest_one_counts_and_a_current_one_is_in_order(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    a_backup(unlocked, timedelta(days=3))
    a_backup(unlocked, -timedelta(seconds=2))
    assert look_at(unlocked).outcome(CHECK) == "current"


def test_a_locked_keychain_is_not_asked(unlocked: Lab) -> None:
    a_backup(unlocked, timedelta(days=3))
    unlocked.add_entry("github_token", "value")
    unlocked.lock()
    assert look(unlocked.host()).outcome(CHECK) == "runner.waits"


def test_a_hostile_name_is_shown_harmlessly(unlocked: Lab) -> None:
    a_backup(unlocked, timedelta(days=3))
    unlocked.add_entry("\x1b[31mred\u202e", "value")
    assert "\x1b" not in look_at(unlocked).text.replace("\\x1b", "")


def test_without_our_name_the_time_of_the_last_change_counts(tmp_path: Path) -> None:
    mine = tmp_path / "mine.age"
    mine.touch()
    os.utime(mine, (1_000_000_000, 1_000_000_000))
    named = tmp_path / "mcp-secrets-20261123T120000Z-2.age"
    named.touch()
    assert [each[1].year for each in backups_in(tmp_path)] == [2026, 2001]
    assert moment_of(tmp_path / "mcp-secrets-20269999T999999Z.age", 0).year == 1970
    assert backups_in(tmp_path / "nowhere") == []
