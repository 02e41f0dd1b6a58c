"""The support bundle: whole on a broken host, without names and secrets, stopped by a leak, never over another file."""

import dataclasses
import io
import json
import os
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.runner import diagnose
from diagnostics.stores import Entry, StoreError
from diagnostics.support.bundle import INDEX, Bundle, Part
from recovery import support
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.new_file import write_new_file, write_new_folder
from recovery.operation import Event
from tests.support import tokens
from tests.support.configured import HeldStore

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKEN = tokens.github("support bundle")
FILES = [
    "report.json",
    "report.md",
    "itself.json",
    "host.json",
    "configs.json",
    "failures.json",
    "audit.json",
    "history.json",
]


class Broken(HeldStore):
    def entries(self) -> list[Entry]:
        raise StoreError("dbus_no_session_bus", "no bus")


def context_of(home: Path, store: HeldStore | None = None) -> Context:
    (home / ".cursor").mkdir(exist_ok=True)
    entry = {
        "command": "npx",
        "args": ["--token", TOKEN],
        "env": {"GITHUB_TOKEN": "${SECRET:acme_pat}", "API_URL": "https://api.acme.corp/v1"},
    }
    (home / ".cursor/mcp.json").write_text(json.dumps({"mcpServers": {"acme-billing": entry}}))
    env = {"PATH": "/nowhere", "USER": "zoe", "HOSTNAME": "buildbox7", "A_TOKEN": "variable-held-9"}
    uid = os.getuid() if hasattr(os, "getuid") else 0
    host = Host(Platform.LINUX, Session.LOCAL, home, home, env, uid, "zoe")
    options = Options(offline=True)
    files = discover(host, options)
    return Context(
        host, options, files, [one for each in files for one in each.servers], store or HeldStore({})
    )


def gathered(context: Context, **more: bool) -> Bundle:
    return support.gather(context, list(diagnose(context)), support.Wanted(**more), AT)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    home = tmp_path_factory.mktemp("homes") / "zoe"
    home.mkdir()
    context = context_of(home, HeldStore({"acme_pat": "in-the-keychain-1"}))
    Journal(context.host).append(Event.NOTE, "0a1b2c3d", title="Backup made for Zoe because of acme-billing")
    return gathered(context)


def test_it_has_every_part_and_says_what_is_in_it(bundle: Bundle) -> None:
    assert [each.name for each in bundle.parts] == FILES
    assert not bundle.missing
    for each in FILES:
        assert f"  {each}" in bundle.index()
    report = json.loads(bundle.files()["report.json"])
    assert {each["check"] for each in report["findings"]} >= {"config.readable", "lookup.entry"}
    assert bundle.files()["report.md"].startswith("# mcp-doctor: ")
    assert json.loads(bundle.files()["audit.json"])["operations"] == [
        {"kind": "note", "state": "noted", "count": 1}
    ]


def test_nobody_and_no_secret_is_named_in_it(bundle: Bundle) -> None:
    said = bundle.as_text()
    for each in (
        "zoe",
        "buildbox7",
        "acme",
        TOKEN[6:16],
        "variable-held",
        "in-the-keychain",
        "/homes",
        "because",
    ):
        assert each not in said.lower(), each
    assert "~/.cursor/mcp.json" in said
    assert "cursor:server-1" in said
    assert "entry-1" in said


def test_names_stay_and_the_trail_is_told_where_that_was_asked_for(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    Journal(context.host).append(Event.NOTE, "0a1b2c3d", title="Backup made for zoe")
    said = gathered(context, keep_names=True, reasons=True)
    assert "acme-billing" in said.as_text()
    assert "acme_pat" in said.as_text()
    assert "Backup made for user-1" in said.files()["audit.json"]
    assert "Left in, as was asked for: names of entries and servers" in said.index()


def test_a_broken_host_gives_what_there_is_and_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(tmp_path, Broken({}))
    monkeypatch.setattr(support._Gathering, "_audit", lambda _self: 1 / 0)
    found = gathered(context)
    assert [each.name for each in found.parts] == [each for each in FILES if each != "audit.json"]
    assert dict(found.missing)["audit.json"] == "ZeroDivisionError while it was made"
    assert "the keychain can't be read" in dict(found.missing)["names of entries"]
    assert "audit.json: ZeroDivisionError" in found.index()


def test_what_redaction_lets_through_is_stopped_by_the_last_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(tmp_path, HeldStore({"acme_pat": "in-the-keychain-1"}))
    monkeypatch.setattr("diagnostics.support.redaction.Redactor.data", lambda _self, value: value)
    monkeypatch.setattr(
        "diagnostics.support.surroundings.surroundings", lambda _context: {"leak": "1-niahcyek-eht-ni"}
    )
    with pytest.raises(support.LeakError, match=r"host\.json, line 2: a credential backwards") as found:
        gathered(context)
    assert "in-the-keychain" not in str(found.value)


def test_a_secret_that_is_a_word_of_ours_neither_stops_nor_garbles_a_bundle(tmp_path: Path) -> None:
    held = {"a": "evidence", "b": "claude-desktop", "c": "keychain", "d": "gnome-keyring"}
    said = gathered(context_of(tmp_path, HeldStore(held))).files()
    assert all("evidence" in each for each in json.loads(said["report.json"])["findings"])


def test_the_same_bundle_is_the_same_bytes_in_the_same_order() -> None:
    made = Bundle(AT, "1", (Part("b.txt", "b", "two\n", {"host": 2}), Part("a.txt", "a", "ü\n")))
    assert made.zipped() == dataclasses.replace(made).zipped()
    with zipfile.ZipFile(io.BytesIO(made.zipped())) as archive:
        names = [each.filename for each in archive.infolist()]
        assert {each.external_attr >> 16 & 0o777 for each in archive.infolist()} == {0o600}
        assert archive.read(f"{made.name}/a.txt") == "ü\n".encode()
    assert names == [f"{made.name}/{each}" for each in (INDEX, "b.txt", "a.txt")]
    assert "taken out: 2 names of computers" in made.index()


@pytest.mark.parametrize("form", ["zip", "text", "folder"])
def test_it_is_written_for_its_owner_alone_and_over_nothing(tmp_path: Path, form: str) -> None:
    made = Bundle(AT, "1", (Part("a.txt", "a", "text\n"),))
    place = tmp_path / "out"
    support.write(made, place, form)
    written = [place, *(place.iterdir() if place.is_dir() else ())]
    if os.name == "posix":
        assert {stat.S_IMODE(each.stat().st_mode) for each in written} <= {0o600, 0o700}
        assert stat.S_IMODE(place.stat().st_mode) == (0o700 if form == "folder" else 0o600)
    before = [each.read_bytes() for each in written if each.is_file()]
    with pytest.raises(RecoveryError, match="is there already"):
        support.write(made, place, form)
    assert [each.read_bytes() for each in written if each.is_file()] == before
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_new_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecoveryError, match="is there already"):
        write_new_file(tmp_path / "link", b"x")
    with pytest.raises(RecoveryError, match="is there already"):
        write_new_folder(tmp_path / "link", {"a": b"x"})
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["gone/x", "x" * 300, "nul\0"])
def test_a_place_that_cannot_be_is_told_in_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecoveryError, match="can't be written"):
        write_new_file(tmp_path / name, b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_could_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RecoveryError):
        write_new_folder(tmp_path / "out", {"a": b"x", "b" * 300: b"x"})
    assert list(tmp_path.iterdir()) == []
