"""Before what can't be undone a backup is advised, with what is known of the newest one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnostics.backups import folder_of, name_at
from recovery.backups.advice import advice_before
from recovery.model import Remedy, Step
from recovery.steps.entry import DeleteEntry, SetEntry
from recovery.steps.keyring_rebuild import CreateLike
from recovery.steps.provider import RestartProvider
from tests.recovery.conftest import a_host
from tests.support.file_store import host_with_choice


def remedy(step: Step) -> Remedy:
    return Remedy("r", "title", "why", "finding", (step,))


DELETE = remedy(DeleteEntry("mcp-secrets", "one", "id"))
REBUILD = remedy(CreateLike("login"))


@pytest.mark.parametrize("one", [DELETE, remedy(RestartProvider(1, "gnome-keyring-daemon"))])
def test_without_a_backup_one_is_advised(tmp_path: Path, one: Remedy) -> None:
    said = advice_before(one, a_host(tmp_path))
    assert "no backup yet" in said
    assert "mcp-doctor backup create" in said


def test_the_newest_one_is_named(tmp_path: Path) -> None:
    host = a_host(tmp_path)
    folder_of(host).mkdir(parents=True)
    (folder_of(host) / name_at(datetime(2026, 11, 2, 8, 30, tzinfo=UTC))).write_bytes(b"x")
    assert "2026-11-02 08:30 UTC" in advice_before(DELETE, host)
    assert advice_before(REBUILD, host) == ""


def test_a_rebuilding_with_nothing_to_fill_in_from_says_so(tmp_path: Path) -> None:
    host = a_host(tmp_path)
    assert str(folder_of(host)) in advice_before(REBUILD, host)


def test_what_can_be_undone_is_not_talked_about(tmp_path: Path) -> None:
    assert advice_before(remedy(SetEntry("mcp-secrets", "one", "id")), a_host(tmp_path)) == ""


def test_an_encrypted_store_is_called_one(tmp_path: Path) -> None:
    assert "encrypted store can be read" in advice_before(DELETE, host_with_choice(tmp_path))
