"""The audit trail: chained, durable, and readable whatever a crash left of it."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.secret import Secret
from recovery.journal import START, Event, Journal, JournalError
from recovery.trail.anchor import anchor_files
from recovery.trail.record import digest
from tests.recovery.conftest import a_host
from tests.support.lab import REPO


def planned(journal: Journal, operation: str = "op", steps: int = 1) -> None:
    one = {"kind": "use-bus", "title": "t", "data": {"address": "a", "previous": None}}
    journal.append(Event.PLANNED, operation, remedy="r", title="t", finding="f", steps=[one] * steps)


def test_the_folder_and_the_file_are_the_users_alone(journal: Journal) -> None:
    planned(journal)
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_each_record_says_when_who_where_and_names_the_one_before(journal: Journal) -> None:
    planned(journal)
    journal.append(Event.DONE, "op")
    first, second = journal.records()
    assert first["previous"] == START
    assert second["previous"] == first["hash"]
    assert first["at"].endswith("+00:00")
    assert (first["user"], first["session"], first["pid"]) == ("tester", "local", os.getpid())
    assert journal.verify() == []


def test_a_secret_can_not_be_written(journal: Journal) -> None:
    with pytest.raises(TypeError):
        journal.append(Event.NOTE, "op", value=Secret("hidden"))
    assert journal.records() == []


@settings(max_examples=40, deadline=None)
@given(
    fields=st.lists(
        st.dictionaries(st.sampled_from("abc"), st.text(max_size=40), max_size=3), min_size=2, max_size=6
    ),
    data=st.data(),
)
def test_any_change_drop_or_swap_of_a_record_shows(
    tmp_path_factory: pytest.TempPathFactory, fields: list[dict[str, str]], data: st.DataObject
) -> None:
    journal = Journal(a_host(tmp_path_factory.mktemp("j")))
    for each in fields:
        journal.append(Event.NOTE, "op", note=each)
    assert journal.verify() == []
    lines = journal.path.read_bytes().splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 2))
    how = data.draw(st.sampled_from(["change", "drop", "swap", "rehash"]))
    if how == "drop":
        del lines[at]
    elif how == "swap":
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    else:
        record = json.loads(lines[at])
        record["user"] = "someone else"
        if how == "rehash":  # a forger who knows the method has not the key
            record["hash"] = digest(record, None)
        lines[at] = json.dumps(record, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    journal.path.write_bytes(b"".join(lines))
    assert journal.verify()


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 200))
def test_a_torn_last_line_is_recognised_and_the_trail_goes_on(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    journal = Journal(a_host(tmp_path_factory.mktemp("j")))
    planned(journal, "one")
    anchor = anchor_files(journal._host)[0]
    before = anchor.read_bytes()
    planned(journal, "two")
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-cut])
    anchor.write_bytes(before)  # the power went before it was written
    survivors = 2 if cut == 1 else 1  # the line break alone may be missing
    assert len(journal.operations()) == survivors
    planned(journal, "three")
    assert [each.id for each in journal.operations()][-1] == "three"
    assert len(journal.operations()) == survivors + 1
    assert journal.verify() == []


def test_a_trail_of_zeros_after_a_power_cut_is_no_traceback(journal: Journal) -> None:
    planned(journal)
    with journal.path.open("ab") as file:
        file.write(b"\0" * 300)
    assert len(journal.operations()) == 1
    assert [each.line for each in journal.verify()] == [2]
    planned(journal, "next")
    assert journal.verify() == []


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[]\n",
        b'{"op": 1}\n',
        b"[" * 100_000 + b"\n",
        b'{"op":"x","event":"planned","previous":"","hash":"","steps":[{"kind":1}]}\n',
        b'{"op":"x","event":"planned","previous":"","hash":"","steps":7}\n',
        b'{"op":"op","event":"applied","step":99,"previous":"","hash":""}\n',
        b"\xff\xfe\n",
    ],
)
def test_rubbish_in_the_trail_is_named_and_never_a_traceback(journal: Journal, line: bytes) -> None:
    planned(journal)
    with journal.path.open("ab") as file:
        file.write(line)
    journal.operations()
    journal.interrupted()
    assert journal.verify()


def test_a_folder_that_can_not_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    host = a_host(tmp_path)
    host.state_dir.parent.mkdir(parents=True)
    host.state_dir.write_text("a file where the folder should be")
    with pytest.raises(JournalError, match="nothing was done"):
        planned(Journal(host))


def test_a_link_in_place_of_the_file_is_not_followed(journal: Journal, tmp_path: Path) -> None:
    planned(journal)
    other = tmp_path / "other"
    journal.path.rename(other)
    journal.path.symlink_to(other)
    before = other.read_bytes()
    with pytest.raises(JournalError):
        planned(journal)
    assert other.read_bytes() == before


def test_a_full_disk_leaves_no_half_record(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(journal)
    before = journal.path.read_bytes()
    write = os.write

    def half(handle: int, data: bytes) -> int:
        return write(handle, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(JournalError):
        planned(journal)
    assert journal.path.read_bytes() == before


def test_two_processes_writing_at_once_keep_the_chain(journal: Journal) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from recovery.journal import Event, Journal\n"
        "from tests.recovery.conftest import a_host\n"
        "journal = Journal(a_host(Path(sys.argv[1])))\n"
        "for number in range(25): journal.append(Event.NOTE, 'op', number=number)\n"
    )
    home = str(journal.folder.parents[2])
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, home], cwd=REPO, env={**os.environ, "PYTHONPATH": str(REPO)}
        )
        for _ in range(3)
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert len(journal.records()) == 75
    assert journal.verify() == []


def test_an_operation_that_still_runs_is_not_called_interrupted(journal: Journal) -> None:
    planned(journal)
    assert [each.id for each in journal.interrupted()] == ["op"]
    with journal.operating():
        assert Journal(a_host(journal.folder.parents[2])).interrupted() == []
        with (
            pytest.raises(JournalError, match="right now"),
            Journal(a_host(journal.folder.parents[2])).operating(),
        ):
            pass
    journal.append(Event.DONE, "op")
    assert journal.interrupted() == []


def test_a_pipe_in_the_trails_place_keeps_nobody_waiting(journal: Journal) -> None:
    journal.folder.mkdir(parents=True)
    os.mkfifo(journal.path)
    os.mkfifo(journal.folder / "operation.lock")
    with pytest.raises(JournalError, match="not a file"):
        journal.interrupted()
