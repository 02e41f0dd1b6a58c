"""A host whose system files are a folder, and a small trail on it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.host import Host
from recovery.journal import Event, Journal
from recovery.trail.anchor import anchor_files
from tests.recovery.conftest import a_host

STEP = {"kind": "use-bus", "title": "t", "data": {"address": "a", "previous": None}}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """This user on a computer of their own."""
    return computer(tmp_path / "home", tmp_path / "root", "a" * 32)


def computer(home: Path, root: Path, machine_id: str) -> Host:
    (root / "etc").mkdir(parents=True)
    (root / "etc/machine-id").write_text(machine_id + "\n")
    (root / "var/log").mkdir(parents=True)
    (root / "dev").mkdir()
    home.mkdir(exist_ok=True)
    return dataclasses.replace(a_host(home), root=root)


def operate(host: Host, operation: str = "0a", end: Event | None = Event.DONE) -> Journal:
    """One operation of one step, as the runner records it."""
    journal = Journal(host)
    journal.append(Event.PLANNED, operation, remedy="r", title="Unlock", finding="f", steps=[STEP])
    for event in (Event.INTENT, Event.APPLIED, Event.VERIFIED):
        journal.append(event, operation, step=0)
    if end is not None:
        journal.append(end, operation)
    return journal


@pytest.fixture
def trail(host: Host) -> Journal:
    """Two operations: ten records."""
    operate(host, "0a")
    return operate(host, "0b")


def kinds(journal: Journal) -> set[str]:
    return {each.kind for each in journal.examine().troubles}


def anchor_of(host: Host) -> Path:
    return next(each for each in anchor_files(host) if each.exists())


Edit = Callable[[list[bytes]], list[bytes]]


def edited(journal: Journal, edit: Edit) -> Journal:
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(edit(lines)))
    return journal
