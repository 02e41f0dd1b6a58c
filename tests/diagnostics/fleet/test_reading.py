"""Gathered reports, true ones and hostile ones: each ends as a host or as one clear line, and the rest goes on."""

import json
import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from diagnostics.fleet import opening
from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.model import NotAReportError, Reached
from diagnostics.fleet.opening import files_of
from diagnostics.fleet.reading import read, read_again, too_many
from diagnostics.model import Stage, Status
from tests.support import fleet as made


def said(of: Fleet) -> str:
    return "\n".join(f"{each.where}: {each.said}" for each in of.troubles)


def one(tmp_path: Path, value: object, name: str = "web-01.json") -> Fleet:
    """The fleet of one file with this in it, beside a healthy host."""
    made.write(tmp_path, made.envelope("beside", made.healthy("github")))
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    (tmp_path / name).write_bytes(raw)
    found = made.fleet_of(tmp_path)
    beside = found.host("beside")
    assert beside is not None
    assert beside.status is Status.OK, "one bad report keeps no other from being read"
    return found


def test_states_are_told_as_the_hosts_found_them(tmp_path: Path) -> None:
    found = made.fleet_of(made.ward(tmp_path))
    states = {each.name: (each.status, each.reached) for each in found.hosts()}
    assert states["build-01"] == (Status.FAIL, Reached.REACHABLE)
    assert states["desk-bob"] == (Status.UNKNOWN, Reached.REACHABLE)
    assert states["desk-cleo"] == (Status.WARN, Reached.REACHABLE)
    assert states["lab-01"] == (Status.UNKNOWN, Reached.UNREACHABLE)
    assert states["lab-02"] == (Status.UNKNOWN, Reached.FAILED)
    assert states["web-01"] == (Status.OK, Reached.REACHABLE)
    build = found.host("build-01")
    assert build is not None
    assert {(each.stage, each.cause) for each in build.servers} == {(Stage.PERMISSION, "keyring_locked")}
    assert said(found).startswith("cut-off.json: is damaged or cut off: no JSON from line 1, column 47")
    assert [each.name for each in found.hosts()][:3] == ["build-01", "build-02", "desk-ada"]
    assert found.oldest is not None
    assert found.oldest.name == "old-01"
    assert found.causes() == [("keyring_locked", 2), ("token_expired", 1)]
    assert found.exit_code() == 1


@pytest.mark.parametrize(
    ("reports", "fail_on", "code"),
    [
        ([made.healthy("a")], "fail", 0),
        ([made.with_one("warn", "a", title="soon")], "fail", 0),
        ([made.with_one("warn", "a", title="soon")], "warn", 1),
        ([made.with_one("unknown", "a", title="mute")], "fail", 3),
        ([made.healthy("a"), None], "fail", 3),
        ([made.with_one("fail", "a", title="gone"), None], "fail", 1),
    ],
)
def test_exit_codes(tmp_path: Path, reports: list[Any], fail_on: str, code: int) -> None:
    made.write(tmp_path, *(made.envelope(f"h{at}", each) for at, each in enumerate(reports)))
    assert made.fleet_of(tmp_path).exit_code(fail_on) == code


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "is empty"),
        (b"{", "is damaged or cut off: no JSON from line 1, column 2"),
        (b"\xff\xfe{", "is not UTF-8 text (byte 0)"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"a":' * 100_000, "is nested too deeply"),
        (b"9" * 5000, "a number that nobody needs"),
        ([], "holds no report"),
        ("text", "is no report but a text"),
        (7, "is no report but a number"),
        (None, "is no report but nothing"),
        ([["x"]], "is no report but a list"),
        ({}, "it names no schema"),
        ({"schema": {"a": 1}}, "it names no schema"),
        ({"schema": "package.json"}, "its schema is 'package.json', expected 'mcp-doctor.report/1'"),
        ({"schema": "x\x1b]0;own\x07y"}, "its schema is 'xy'"),
    ],
)
def test_what_is_no_report_is_told_in_one_line(tmp_path: Path, value: object, words: str) -> None:
    found = one(tmp_path, value)
    assert words in said(found)
    assert len(found.troubles) == 1
    assert len(found) == 1
    assert found.exit_code() == 3, "what is not known is not ok"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    found = one(tmp_path, b" " * (opening.MOST_BYTES + 1))
    assert "is larger than 8 MB" in said(found)


def test_one_huge_line_among_others_is_left_out(tmp_path: Path) -> None:
    lines = [json.dumps(made.envelope(name, made.healthy("github"))).encode() for name in ("a", "b")]
    found = one(tmp_path, b"\n".join([lines[0], b"x" * (opening.MOST_BYTES + 5), b"", lines[1]]), "all.jsonl")
    assert {each.name for each in found.hosts()} == {"a", "b", "beside"}
    assert "all.jsonl, report 2: is larger than 8 MB" in said(found)


def test_what_is_no_plain_file_is_never_opened(tmp_path: Path) -> None:
    made.write(tmp_path, made.envelope("beside", made.healthy("github")))
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "beside.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / ".hidden.json").write_text("{")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's path must be short
        listening.bind("socket.json")
        os.chdir(here)
        found = made.fleet_of(tmp_path)
    told = {each.where: each.said for each in found.troubles}
    assert set(told) == {"pipe.json", "folder.json", "link.json", "zero.json", "socket.json"}
    assert all("is no plain file" in told[each] for each in ("pipe.json", "folder.json", "socket.json"))
    assert all("is a link" in told[each] for each in ("link.json", "zero.json"))
    assert len(found) == 1


def test_a_link_that_the_person_names_is_followed_and_a_device_is_not(tmp_path: Path) -> None:
    made.write(tmp_path, made.envelope("beside", made.healthy("github")))
    (tmp_path / "latest").symlink_to(tmp_path / "beside.json")
    assert len(made.fleet_of(tmp_path / "latest")) == 1
    assert "is no plain file" in said(made.fleet_of(Path("/dev/zero")))


@pytest.mark.parametrize(
    ("name", "words"), [("gone", "No such file"), ("empty", "there is no report in the folder")]
)
def test_a_path_without_anything_is_a_wrong_call(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAReportError, match=words):
        files_of([tmp_path / name])


def test_too_many_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_FILES", 2)
    made.write(tmp_path, *(made.envelope(f"h{at}", made.healthy("a")) for at in range(5)))
    files, more = files_of([tmp_path])
    assert (len(files), more) == (2, 3)
    (trouble,) = too_many(more)
    assert "3 files more" in getattr(trouble, "said", "")


def test_hosts_may_stand_in_one_file(tmp_path: Path) -> None:
    envelopes = [made.envelope(name, made.healthy("github")) for name in ("a", "b")]
    (tmp_path / "array.json").write_text(json.dumps(envelopes))
    (tmp_path / "lines.json").write_text(
        "\n".join(json.dumps({**each, "host": f"{at}"}) for at, each in enumerate(envelopes))
    )
    (tmp_path / "web-07.json").write_text(json.dumps(made.healthy("slack")))
    found = made.fleet_of(tmp_path)
    assert {each.name for each in found.hosts()} == {"a", "b", "0", "1", "web-07"}
    assert said(found) == ""
    for each in found.hosts():
        assert read_again(each.source)["servers"], f"{each.name} is found again where it stood"


def test_of_two_reports_with_one_name_the_newer_counts(tmp_path: Path) -> None:
    old, new = (
        made.envelope("web", made.locked("github"), 60),
        made.envelope("web", made.healthy("github"), 5),
    )
    for order in ([old, new], [new, old]):
        (tmp_path / "all.json").write_text(json.dumps(order))
        found = made.fleet_of(tmp_path)
        (host,) = found.hosts()
        assert host.status is Status.OK
        assert found.servers == 1
        assert "web is there twice" in said(found)
        assert found.exit_code() == 0


def test_a_report_that_calls_itself_better_than_its_findings_is_not_believed(tmp_path: Path) -> None:
    forged = made.locked("github")
    forged["summary"] = {"ok": 9, "warn": 0, "fail": 0, "skip": 0, "unknown": 0}
    forged["servers"][0]["status"] = "ok"
    found = one(tmp_path, made.envelope("web-01", forged))
    host = found.host("web-01")
    assert host is not None
    assert host.status is Status.FAIL
    assert "its summary says 0 fail, 9 ok, 0 skip, its findings are 1 fail, 2 ok, 3 skip" in said(found)
    assert "calls github better than its findings do" in said(found)


def test_a_server_about_which_nothing_was_asked_is_not_ok(tmp_path: Path) -> None:
    found = one(tmp_path, made.envelope("web-01", made.report([made.server("github")], [])))
    host = found.host("web-01")
    assert host is not None
    assert host.servers[0].status is Status.UNKNOWN


def test_a_host_without_servers_is_nothing_to_worry_about(tmp_path: Path) -> None:
    found = one(tmp_path, made.envelope("web-01", made.report([], [])))
    host = found.host("web-01")
    assert host is not None
    assert host.status is Status.SKIP
    assert found.exit_code() == 0


def test_what_a_report_says_of_a_file_concerns_the_servers_that_it_names(tmp_path: Path) -> None:
    servers = [made.server("one"), made.server("two"), made.server("far", syntax="env")]
    own = [made.finding("config", "ok", "The entry is complete", each["id"]) for each in servers]
    bad = made.finding(
        "config", "fail", "An entry is cut", id=f"config.example:{made.CONFIG}", path=made.CONFIG, concerns=[servers[1]["id"]]
    )  # fmt: skip
    store = made.finding("backend", "warn", "The daemon is slow")
    host = one(tmp_path, made.envelope("web-01", made.report(servers, [*own, bad, store]))).host("web-01")
    assert host is not None
    states = {each.name: each.status for each in host.servers}
    assert states == {"one": Status.WARN, "two": Status.FAIL, "far": Status.OK}
    del bad["concerns"], bad["path"]  # an older report: then it is all of the file's
    host = one(tmp_path, made.envelope("web-01", made.report(servers, [*own, bad, store]))).host("web-01")
    assert host is not None
    assert {each.status for each in host.servers} == {Status.FAIL}


def test_a_newer_report_is_told_and_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    newer = made.healthy("github") | {"schema": "mcp-doctor.report/2", "verdicts": []}
    found = one(tmp_path, made.envelope("web-01", newer))
    host = found.host("web-01")
    assert host is not None
    assert host.status is Status.UNKNOWN
    assert [each.name for each in host.servers] == ["github"]
    assert "was made by a newer mcp-doctor (mcp-doctor.report/2): update this one" in said(found)
    found = one(tmp_path, {"schema": "mcp-doctor.report/2", "hosts": {}})
    assert "mcp-doctor.report/2" in said(found)


@pytest.mark.parametrize(
    "more",
    [
        {"status": "reachable", "report": None},
        {"status": "splendid"},
        {"status": ["reachable"]},
        {"report": []},
        {"report": {"schema": "other"}},
        {"report": {}},
        {"status": "failed", "error": {"a": 1}},
    ],
)
def test_an_envelope_that_does_not_fit_is_a_host_without_report(tmp_path: Path, more: dict[str, Any]) -> None:
    found = one(tmp_path, made.envelope("web-01", made.healthy("github")) | more)
    host = found.host("web-01")
    assert host is not None
    assert (host.status, host.reached) == (Status.UNKNOWN, Reached.FAILED)
    assert host.error


def test_a_clock_that_is_ahead_is_told_and_wins_nothing(tmp_path: Path) -> None:
    ahead = made.envelope("web-01", made.healthy("github"), -60 * 48)
    found = one(tmp_path, ahead)
    host = found.host("web-01")
    assert host is not None
    assert host.at == made.NOON.timestamp()
    assert "web-01 is dated 48.0 hours in the future" in said(found)
    undated = made.envelope("web-01", made.healthy("github") | {"generated_at": 5}) | {"gathered_at": "soon"}
    assert "does not say when" in said(one(tmp_path, undated))


def test_hostile_names_become_text(tmp_path: Path) -> None:
    evil = "\x1b]0;own\x07\x1b[2J[red]../../x\u202e" + "y" * 500
    told = made.healthy("github")
    told["servers"][0] |= {"name": evil, "client": evil}
    told["findings"][0] |= {"title": evil, "cause": evil, "status": "fail"}
    found = one(tmp_path, made.envelope("web-01", told) | {"host": {"name": evil}})
    texts = [said(found)]
    for host in found.hosts():
        texts += [host.name, host.error]
        texts += [text for each in host.servers for text in (each.name, each.client, each.title, each.cause)]
    assert not [each for each in texts if "\x1b" in each or "\u202e" in each or len(each) > 900]
    assert len([each for each in found.hosts() if each.name != "beside"][0].name) <= 80  # noqa: RUF015


def test_changed_since_it_was_read(tmp_path: Path) -> None:
    found = made.fleet_of(made.write(tmp_path, made.envelope("web-01", made.healthy("github"))))
    (host,) = found.hosts()
    host.source.path.write_text("[]")
    with pytest.raises(NotAReportError):
        read_again(host.source)
    host.source.path.unlink()
    with pytest.raises(NotAReportError, match="can't be read"):
        read_again(host.source)


def test_the_filter_takes_every_word_about_one_server(tmp_path: Path) -> None:
    found = made.fleet_of(made.ward(tmp_path))

    def names(words: str) -> list[str]:
        return [each.name for each in found.hosts(words)]

    assert names("keyring_locked slack") == ["build-01", "build-02"]
    assert names("broken validity") == ["desk-ada"]
    assert names("github token_expired") == []
    assert names("unreachable") == ["lab-01"]
    assert names("not installed") == ["lab-02"]
    assert names("DESK warn") == ["desk-cleo"]
    assert names("nothing like it") == []
    assert len(names("")) == len(found)


def test_columns_are_the_servers_the_most_broken_first(tmp_path: Path) -> None:
    found = made.fleet_of(made.ward(tmp_path))
    assert list(found.columns())[:2] == ["slack", "github"]
    assert set(found.columns()) == {"github", "slack", "linear", "notion", "sentry", "brave-search"}


def test_a_span_of_time_that_no_clock_has(tmp_path: Path) -> None:
    late = made.NOON + timedelta(days=9)
    found = Fleet()
    made.write(tmp_path, made.envelope("h", made.healthy("a"), gathered_at="9999-12-31T23:59:59+00:00"))
    found.take(read(files_of([tmp_path])[0], late.timestamp()))
    assert "in the future" in said(found)
