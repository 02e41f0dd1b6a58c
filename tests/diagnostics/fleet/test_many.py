"""Many reports, read by several processes: nothing is lost, none is left running."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from diagnostics.fleet import many
from diagnostics.fleet.many import read_many
from diagnostics.fleet.model import HostState
from diagnostics.fleet.opening import Named, files_of
from diagnostics.fleet.reading import Item
from tests.support import fleet as made

NOW = made.NOON.timestamp()
COUNT = 40


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Named]:
    monkeypatch.setattr(many, "FEW", 10)
    monkeypatch.setattr("diagnostics.fleet.many.os.cpu_count", lambda: 3)
    made.write(tmp_path, *(made.envelope(f"h{at:02}", made.locked("github")) for at in range(COUNT)))
    (tmp_path / "cut.json").write_text("{")
    return files_of([tmp_path])[0]


def all_of(files: list[Named]) -> list[Item]:
    count, items = 0, list[Item]()
    for done, more in read_many(files, NOW, os.environ):
        count += done
        items += more
    assert count == len(files)
    return items


def names(items: list[Item]) -> set[str]:
    return {each.name for each in items if isinstance(each, HostState)}


def children() -> list[psutil.Process]:
    return [
        each for each in psutil.Process().children() if "diagnostics.fleet.many" in " ".join(each.cmdline())
    ]


def test_several_processes_read_what_one_would(files: list[Named], monkeypatch: pytest.MonkeyPatch) -> None:
    together = all_of(files)
    assert not children()
    monkeypatch.setattr(many, "FEW", 10_000)
    assert sorted(map(repr, together)) == sorted(map(repr, all_of(files)))


@pytest.mark.parametrize("program", ["raise SystemExit", "import os; os.write(1, b'nonsense')", "print(1/0)"])
def test_what_a_process_leaves_is_read_here(
    files: list[Named], monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(many, "_PROGRAM", program)
    assert len(names(all_of(files))) == COUNT


def test_no_process_can_be_started(files: list[Named], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.fleet.many.sys.executable", "/nonexistent/python")
    assert len(names(all_of(files))) == COUNT


def test_who_asks_no_further_ends_them(files: list[Named]) -> None:
    reading = read_many(files, NOW, os.environ)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert not children()


def test_they_end_with_whoever_asked(files: list[Named], tmp_path: Path) -> None:
    """Also where that is killed: what nobody takes ends them."""
    program = (
        "import os, sys, time; from pathlib import Path; from diagnostics.fleet import many, opening\n"
        "many.FEW = 1\n"
        "reading = many.read_many(opening.files_of([Path(sys.argv[1])])[0] * 20000, 0.0, os.environ)\n"
        "next(reading); print('begun', flush=True); time.sleep(600)"
    )
    asking = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert asking.stdout is not None
    assert asking.stdout.readline() == b"begun\n"
    working = psutil.Process(asking.pid).children()
    assert working
    asking.kill()
    asking.wait(60)
    ends = time.monotonic() + 60
    while any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in working):
        assert time.monotonic() < ends, working
        time.sleep(0.02)
