"""The history's file: what is written is read back, nothing breaks it, it stays small."""

import json
import os
import shutil
import stat
from dataclasses import replace
from datetime import timedelta

import pytest

from diagnostics.history import HEAD, History, history_path, read_history
from diagnostics.history.reading import parse
from diagnostics.host import Host
from diagnostics.model import Status
from recovery.model import RecoveryError
from recovery.monitor import history as writing
from recovery.monitor.history import append_round, open_history
from tests.recovery.monitor.conftest import BEGAN, a_round, credential


def written(host: Host, *rounds: writing.NewRound) -> History:
    for each in rounds:
        found, trouble = open_history(host)
        assert trouble == ""
        append_round(host, found, each)
    return read_history(host)


def statuses(history: History, name: str = "github") -> list[str]:
    return [how.status.value if how else "-" for _, how in history.of(credential(name).key)]


def test_rounds_are_read_back_with_what_changed_and_what_did_not(host: Host) -> None:
    found = written(
        host,
        a_round(0, github="ok", slack="ok"),
        a_round(15, github="ok", slack="ok"),
        a_round(30, github="fail", slack="ok"),
        a_round(45, github="unknown"),
        a_round(60, github="fail"),
    )
    assert found.trouble == ""
    assert statuses(found) == ["ok", "ok", "fail", "unknown", "fail"]
    assert statuses(found, "slack") == ["ok", "ok", "ok", "-", "-"]
    assert [each.number for each in found.rounds] == [1, 2, 3, 4, 5]
    since = found.since(credential().key)
    assert since is not None
    assert since[0].at == BEGAN + timedelta(minutes=30)
    assert since[1] is not None
    assert since[1].at == BEGAN + timedelta(minutes=15)
    assert found.since(credential("slack").key) is None
    assert found.credentials[credential().key].field == "env.TOKEN"
    lines = history_path(host).read_text().splitlines()
    assert "states" not in json.loads(lines[2]), "an unchanged round takes a short line"


def test_the_file_is_for_its_user_alone(host: Host) -> None:
    written(host, a_round(github="ok"), a_round(5, github="fail"))
    path = history_path(host)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_last_line_that_a_crash_cut_off_is_left_out_and_gone_on_behind(host: Host) -> None:
    written(host, a_round(0, github="ok"), a_round(15, github="fail"))
    path = history_path(host)
    whole = path.read_bytes()
    for cut in range(len(whole.splitlines(keepends=True)[-1])):
        path.write_bytes(whole[: len(whole) - cut - 1] if cut else whole[:-1])
        assert read_history(host).trouble == ""
    path.write_bytes(whole[:-7])
    found = written(host, a_round(30, github="ok"))
    assert statuses(found) == ["ok", "ok"]
    assert path.read_bytes().count(b"\n") == 3


@pytest.mark.parametrize(
    "line",
    [
        b"\x00" * 40,
        b"[]",
        b'{"round": 2}',
        b'{"round": 1, "at": "2026-11-24T12:00:00Z"}',
        b'{"round": true, "at": "2026-11-24T12:00:00Z"}',
        b'{"round": 9, "at": "yesterday"}',
        b'{"round": 9, "at": "2026-11-24T12:00:00Z", "states": {"x": {"status": "fine"}}}',
        b'{"round": 9, "at": "2026-11-24T12:00:00Z", "states": ["x"]}',
        b'{"round": 9, "at": "2026-11-24T12:00:00Z", "said": [["a"]]}',
        b'{"round": 9, "at": "2026-11-24T12:00:00Z", "since": 1e400}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_history_is_set_aside_and_gone_on_with(host: Host, line: bytes) -> None:
    written(host, a_round(0, github="ok"), a_round(15, github="fail"))
    path = history_path(host)
    damaged = path.read_bytes() + line + b"\n"
    path.write_bytes(damaged)
    found, told = open_history(host)
    assert "line 4 can't be read" in told
    assert "2 rounds of it could be read" in told
    assert path.with_name("history.jsonl.damaged-1").read_bytes() == damaged
    assert statuses(found) == ["ok", "fail"]
    assert statuses(written(host, a_round(30, github="fail"))) == ["ok", "fail", "fail"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "first line"),
        (b"{}\n", "first line"),
        (b'{"schema": "mcp-doctor.history/2"}\n', "newer"),
        (b"x" * ((8 << 20) + 1), "larger"),
    ],
    ids=["binary", "other", "newer", "huge"],
)
def test_a_file_that_is_no_history_of_ours_is_set_aside(host: Host, content: bytes, words: str) -> None:
    path = history_path(host)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    found, told = open_history(host)
    assert words in told
    assert found.rounds == ()
    assert statuses(written(host, a_round(github="ok"))) == ["ok"]
    assert path.with_name("history.jsonl.damaged-1").stat().st_size == len(content)


def test_only_some_damaged_histories_are_kept(host: Host) -> None:
    path = history_path(host)
    for number in range(5):
        written(host, a_round(number, github="ok"))
        path.write_text("broken\n")
        open_history(host)
    assert len(list(path.parent.glob("*.damaged-*"))) == 3


def test_a_pipe_in_its_place_is_not_waited_for(host: Host) -> None:
    path = history_path(host)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert read_history(host).trouble == "it is not a file"


def test_a_folder_in_its_place_is_set_aside(host: Host) -> None:
    history_path(host).mkdir(parents=True)
    assert "it is not a file" in open_history(host)[1]
    assert statuses(written(host, a_round(github="ok"))) == ["ok"]


def test_a_folder_that_cannot_be_made_is_told(host: Host) -> None:
    host.state_dir.parent.mkdir(parents=True)
    host.state_dir.write_text("a file")
    with pytest.raises(RecoveryError, match="can't be made"):
        open_history(host)


def test_memory_lives_until_the_next_and_through_a_rewrite(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = written(
        host, a_round(0, {"told": {"a": 1}}, github="ok"), a_round(5, {"told": {"a": 1}}, github="ok")
    )
    assert found.memory == {"told": {"a": 1}}
    assert "memory" not in json.loads(history_path(host).read_text().splitlines()[-1])
    monkeypatch.setattr(writing, "MOST_ROUNDS", 3)
    found = written(host, *(a_round(10 + each, {"told": {"a": 2}}, github="fail") for each in range(3)))
    assert found.memory == {"told": {"a": 2}}
    assert len(found.rounds) <= 3
    assert found.rounds[-1].number == 5


def test_it_stays_small(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_BYTES", 20_000)
    names = [f"s{number}" for number in range(5)]
    for number in range(60):
        status = "ok" if number % 2 else "fail"
        found = written(host, a_round(number, None, **dict.fromkeys(names, status)))
    assert history_path(host).stat().st_size <= 22_000
    assert len(found.rounds) > 5
    assert found.rounds[-1].number == 60
    assert statuses(found, "s3")[-2:] == ["fail", "ok"]


def test_old_rounds_go_unless_the_clock_was_set(host: Host) -> None:
    days = 24 * 60
    first = [a_round(each * days, github="ok") for each in (0, 1, 50)]
    assert len(written(host, *first).rounds) == 3
    forward = replace(a_round(400 * days, github="ok"), clock="set forward by 350 days")
    assert len(written(host, forward).rounds) == 4, "a clock that was just set does not wipe out the history"
    back = replace(a_round(51 * days, github="fail"), clock="set back by 349 days")
    found = written(host, back)
    assert [each.number for each in found.rounds] == [1, 2, 3, 4, 5]
    assert found.rounds[-1].at < found.rounds[-2].at


def test_old_rounds_go_at_last(host: Host) -> None:
    days = 24 * 60
    found = written(host, *(a_round(each * days, github="ok") for each in (0, 30, 60, 92, 94)))
    assert [(each.at - BEGAN).days for each in found.rounds] == [30, 60, 92, 94]


def test_a_disk_that_is_full_leaves_the_history_as_it_was(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = written(host, a_round(0, github="ok"))
    before = history_path(host).read_bytes()
    real = os.write

    def half(handle: int, data: bytes) -> int:
        return real(handle, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(RecoveryError, match="no space left"):
        append_round(host, found, a_round(5, github="fail"))
    assert history_path(host).read_bytes() == before


def test_what_a_forged_history_says_is_harmless(host: Host) -> None:
    line = {
        "round": 1,
        "at": "2026-11-24T12:00:00Z",
        "states": {"a\x1b]52;c;x\x07b\n": {"status": "ok", "title": "\x1b[31mred\nERROR: forged"}},
    }
    found = parse(f"{HEAD}\n{json.dumps(line)}\n".encode())
    ((key, how),) = found.rounds[0].states.items()
    assert key.isprintable()
    assert how.title.isprintable()
    assert how.status is Status.OK


def test_there_is_nothing_before_the_first_round(host: Host) -> None:
    assert read_history(host) == History()
    assert not host.state_dir.exists()


@pytest.mark.platform_linux
@pytest.mark.parametrize("state", ["new", "growing", "damaged", "too large"])
def test_killed_at_any_point_it_holds_what_it_held(
    host: Host, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """kill -9 before each write; the next round goes on without a word."""
    from tests.recovery.faults.strike import die, strike

    path = history_path(host)

    def arrange() -> int:
        shutil.rmtree(host.state_dir, ignore_errors=True)
        if state != "new":
            written(host, *(a_round(each, github="ok") for each in range(4)))
        if state == "damaged":
            path.write_bytes(path.read_bytes() + b"broken\n")
        return len(read_history(host).rounds)

    def deed() -> None:
        if state == "too large":
            monkeypatch.setattr(writing, "MOST_ROUNDS", 4)
        found, _ = open_history(host)
        append_round(host, found, a_round(9, github="fail"))

    host.state_dir.parent.mkdir(parents=True)
    arrange()
    points = strike(host.home, deed).points
    assert len(points) > 1
    for at in range(1, len(points) + 1):
        held = arrange()
        assert strike(host.home, deed, at, die).died
        found, _ = open_history(host)
        assert len(found.rounds) in {held, held + 1, 3}, points[at - 1]
        append_round(host, found, a_round(10, github="fail"))
        assert read_history(host).trouble == ""
        assert statuses(read_history(host))[-1] == "fail"
        assert not [each for each in path.parent.iterdir() if ".new-" in each.name]


def test_a_history_that_cannot_be_read_is_not_called_damaged(host: Host) -> None:
    path = history_path(host)
    path.parent.mkdir(parents=True)
    path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(
        RecoveryError, match=r"can't be read \(it is a link, which is not followed: move it aside\)"
    ):
        open_history(host)
    assert path.is_symlink()
    from diagnostics.monitor.standing import Standing, lines_of
    from tui.commands.monitor_history import lines
    from tui.past import Past

    found = read_history(host)
    told = "\n".join(lines(Past(found, BEGAN), [], "24h", 80, few_characters=False))
    assert "nothing can be read" in told
    assert "no history yet" not in told, "whether a monitor looked is not known"
    assert "set" not in told, "nobody sets aside what may be somebody's own link"
    assert "Whether a round was done is not known." in lines_of(Standing(host, (), found, BEGAN))


def test_behind_a_lost_line_nothing_is_known_until_it_is_told_anew(host: Host) -> None:
    """The line that is spoilt may have said that it broke, or that it came back."""
    written(
        host,
        a_round(0, github="ok", slack="ok"),
        a_round(15, github="fail", slack="ok"),
        a_round(30, github="fail", slack="fail"),
        a_round(45, github="fail", slack="ok"),
    )
    path = history_path(host)
    lines = path.read_bytes().splitlines(keepends=True)
    for spoilt in (b"\x00" + lines[2], b""):  # unreadable, or not there at all
        path.write_bytes(b"".join((lines[0], lines[1], spoilt, *lines[3:])))
        found = read_history(host)
        assert found.trouble
        assert statuses(found) == ["ok", "unknown", "unknown"], (
            "github failed, and nobody said that it came back"
        )
        assert statuses(found, "slack") == ["ok", "fail", "ok"], "this one was told anew"
    after = written_after_damage(host, a_round(60, github="fail", slack="ok"))
    assert statuses(after) == ["ok", "unknown", "unknown", "fail"]
    assert after.trouble == "", "the damaged one is set aside, and the new one is whole"


def written_after_damage(host: Host, new: writing.NewRound) -> History:
    found, told = open_history(host)
    assert "damaged" in told
    append_round(host, found, new)
    return read_history(host)


def test_what_only_a_lost_first_line_told_is_not_called_absent(host: Host) -> None:
    written(
        host,
        a_round(0, github="ok", slack="ok"),
        a_round(15, github="fail", slack="ok"),
        a_round(30, github="ok", slack="fail"),
    )
    path = history_path(host)
    head, _, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join((head, b"{\n", *rest)))
    assert statuses(read_history(host), "slack") == ["unknown", "fail"]


def test_a_spoilt_first_line_costs_no_rounds(host: Host) -> None:
    written(host, a_round(0, github="ok"), a_round(15, github="fail"))
    path = history_path(host)
    path.write_bytes(b"X" + path.read_bytes())
    assert statuses(written_after_damage(host, a_round(30, github="fail"))) == ["ok", "fail", "fail"]


_TOO_MUCH = [10**30, 1e308, 5e11, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("value", _TOO_MUCH)
@pytest.mark.parametrize("name", ["at", "since", "took", "expires", "days"])
def test_figures_beyond_any_clock_end_nobody(host: Host, name: str, value: object) -> None:
    """Python's clock ends at the years 1 and 9999: whoever counts on from there is thrown out."""
    from diagnostics.monitor.changes import Limits, Now, changes_of
    from diagnostics.monitor.standing import Standing, lines_of
    from tui.commands.monitor_history import lines
    from tui.past import Past

    key = credential().key
    ends = "2026-12-01T12:00:00Z"
    line = json.loads(writing._line(1, a_round(0, github="ok"), History()))
    line["states"][key]["expires"] = value if name == "expires" else ends
    line["memory"] = {"credentials": {key: {"told": "ok", "days": value if name == "days" else 3}}}
    if name not in {"expires", "days"}:
        line[name] = value
    second = {"round": 2, "at": "2026-11-24T13:00:00Z", "states": {key: {"status": "fail", "expires": ends}}}
    found = parse("\n".join((HEAD, json.dumps(line), json.dumps(second), "")).encode())
    now = BEGAN + timedelta(hours=2)
    assert lines_of(Standing(host, (), found, now))
    assert list(lines(Past(found, now), [key], "24h", 80, few_characters=False))
    changes_of(found.memory, found.rounds[-1].states if found.rounds else {}, Now(now), Limits())


def test_names_of_long_ago_spoil_no_later_round(host: Host) -> None:
    """A host whose servers are called anew every day has thousands of names in its history, and a few at a time."""
    line = {"round": 1, "at": "2026-11-24T12:00:00Z", "whole": True}
    lines = [HEAD] + [
        json.dumps(
            line
            | {"round": number, "states": {f"s{number}-{each}": {"status": "ok"} for each in range(2000)}}
        )
        for number in range(1, 6)
    ]
    found = parse(("\n".join(lines) + "\n").encode())
    assert (found.trouble, len(found.rounds), len(found.credentials)) == ("", 5, 10_000)
