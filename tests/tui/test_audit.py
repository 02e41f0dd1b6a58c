"""The audit trail in the app, by keyboard at 80×24, and as a command."""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from recovery.journal import Event, Journal
from recovery.trail.key import TrailKey
from tests.support.forking import REPO, python
from tests.tui import scenes
from tests.tui.conftest import OpenApp
from tests.tui.deeds import deeds, stand_still

TOKEN = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5"


# ── the app ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_trail_is_reached_and_read_by_keyboard(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_still(monkeypatch)
    fake = scenes.locked_out(tmp_path)
    journal = deeds(Journal(fake.host))
    before = journal.path.read_bytes()
    async with open_app(fake) as driver:
        await driver.press("a")
        await driver.sees(
            "Audit trail", "The trail holds: 25 records", "noted", "A backup was made", "taken back"
        )
        await driver.press("down", "down", "enter")
        await driver.sees(
            "Operation 00000001", "The keychain refused", "SSH from 203.0.113.7", "reason the token"
        )
        await driver.press("escape", "v")
        await driver.sees("Does the trail hold?", "digest made with a key")
        await driver.press("escape", "escape")
        await driver.sees("Servers")
    assert journal.path.read_bytes() == before


async def test_a_trail_that_does_not_hold_says_where_and_what_to_do(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "recovery.trail.verify.begin_anew", lambda *_: ["$ mv journal.jsonl journal.jsonl.kept-1"]
    )
    fake = scenes.locked_out(tmp_path)
    journal = deeds(Journal(fake.host))
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join([*lines[:4], *lines[6:-1]]))
    async with open_app(fake) as driver:
        await driver.press("a")
        await driver.sees("does not hold, in 2 places", "Press v")
        await driver.press("v")
        await driver.sees("records 5 to 6 were taken out", "cut off", "mv journal.jsonl")


@pytest.mark.parametrize("what", ["nothing", "a pipe", "thousands", "hostile"])
async def test_whatever_the_trail_is_the_screen_stands(open_app: OpenApp, tmp_path: Path, what: str) -> None:
    fake = scenes.locked_out(tmp_path)
    journal = Journal(fake.host)
    words = "Nothing was recorded yet."
    if what == "a pipe":
        journal.folder.mkdir(parents=True)
        os.mkfifo(journal.path)
        words = "is not a file"
    elif what == "thousands":
        journal.append(Event.NOTE, "first", what="first")
        line = journal.path.read_bytes()
        journal.path.write_bytes(b"".join(line.replace(b"first", f"n{at}".encode()) for at in range(1200)))
        words = "does not hold"
    elif what == "hostile":
        journal.append(Event.NOTE, "x", what=f"[red]{TOKEN} \x1b]0;title\x07[/] \u202eevil", note="[bold]")
        words = "[red]"
    async with open_app(fake) as driver:
        await driver.press("a")
        await driver.sees(words)
        assert TOKEN not in driver.text
        await driver.press("enter", "escape", "v", "escape", "escape")
        await driver.sees("Servers")


async def test_the_palette_and_the_help_name_it(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path), size=(100, 50)) as driver:
        await driver.press("question_mark")
        await driver.sees("whether its record holds")


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with three operations and a note, recorded by a process of its own."""
    from tests.recovery.conftest import a_host

    deeds(Journal(a_host(tmp_path)))
    return tmp_path


def audit(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    return python("-m", "tui", "audit", *words, env=env, cwd=REPO, seconds=120)


def journal_of(home: Path) -> Path:
    return home / ".local/state/mcp-doctor/journal.jsonl"


def test_show_lists_the_newest_first_and_fits_a_terminal(home: Path) -> None:
    done = audit(home, "show")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[2] for line in lines[1:5]] == ["note", "00000002", "00000001", "00000000"]
    assert max(map(len, lines)) <= 80
    rows = json.loads(audit(home, "show", "--format", "json").stdout)
    assert [row["state"] for row in rows] == ["noted", "taken back", "failed", "done"]
    assert rows[2]["steps"][1] == {"title": "Store github_token", "state": "done"}


def test_show_takes_one_operation_and_a_time(home: Path) -> None:
    done = audit(home, "show", "--operation", "00000001")
    assert "reason the token expired, ticket OPS-7" in re.sub(r"\s+", " ", done.stdout)
    assert len(re.findall(r"^ +\d+  \d\d:", done.stdout, re.MULTILINE)) == 8
    (row,) = json.loads(audit(home, "show", "--operation", "note", "--format", "json").stdout)
    assert [each["event"] for each in row["records"]] == ["note"]
    assert "Nothing is recorded." in audit(home, "show", "--since", "2099-01-01").stdout
    assert "00000001" in audit(home, "show", "--since", "1h").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "VERB"),
        (["mend"], "invalid choice"),
        (["show", "--since", "yesterday"], "expected a date"),
        (["show", "--since", "99999999d"], "expected a date"),
        (["show", "--operation", "ff"], "lists them"),
        (["export", "--output", "/nonexistent/x"], "no such folder"),
        (["show", "--format", "yaml"], "invalid choice"),
    ],
)
def test_a_wrong_call_is_told(home: Path, words: list[str], said: str) -> None:
    done = audit(home, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_verify_exits_0_1_and_3(home: Path) -> None:
    assert audit(home, "verify").returncode == 0
    key = home / ".local/share/mcp-doctor/trail.key"
    path = journal_of(home)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"expired", b"exposed", 1))
    done = audit(home, "verify")
    assert done.returncode == 1
    assert "line 1: this record was changed (operation 00000000" in re.sub(r"\s+", " ", done.stdout)
    assert f"$ mv {path} {path}.kept-1" in done.stdout
    told = json.loads(audit(home, "verify", "--format", "json").stdout)
    assert told["holds"] is False
    assert [(each["line"], each["kind"]) for each in told["troubles"]] == [(1, "changed")]
    assert "It is not certain" in audit(home, "show").stdout
    path.write_bytes(content)
    (path.parent / "trail.key").write_bytes(b"damaged")
    assert audit(home, "verify").returncode == 3
    assert key.exists()


def test_verify_of_nothing_and_of_what_can_not_be_read(tmp_path: Path) -> None:
    assert audit(tmp_path, "verify").stdout == "Nothing was recorded yet.\n"
    assert list(tmp_path.rglob("*")) == []  # looking writes nothing
    journal_of(tmp_path).parent.mkdir(parents=True)
    journal_of(tmp_path).mkdir()
    done = audit(tmp_path, "verify")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_verify_writes_nothing(home: Path) -> None:
    before = {each: each.stat().st_mtime_ns for each in home.rglob("*")}
    assert audit(home, "verify").returncode == 0
    assert audit(home, "show").returncode == 0
    assert {each: each.stat().st_mtime_ns for each in home.rglob("*")} == before


def test_export_is_the_users_alone_and_clean(tmp_path: Path) -> None:
    from tests.recovery.conftest import a_host

    journal = deeds(Journal(a_host(tmp_path)), 1)
    journal.append(Event.NOTE, "x", what=f"pasted {TOKEN} \x1b[31m | <b>", note={"inner": [TOKEN]})
    output = tmp_path / "out"
    assert audit(tmp_path, "export", "--output", str(output)).returncode == 0
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    records = [json.loads(line) for line in output.read_text().splitlines()]
    assert [each["n"] for each in records] == list(range(1, 11))
    assert records[0] == journal.records()[0]
    assert TOKEN not in output.read_text()
    assert "\x1b" not in output.read_text()
    done = audit(tmp_path, "export", "--format", "markdown")
    assert "The trail holds: 10 records" in done.stdout
    assert "- step 2: Store github\\_token: done" in done.stdout
    assert TOKEN not in done.stdout
    assert "\\<b\\>" in done.stdout
    assert "<b>" not in done.stdout


def test_a_copied_home_is_told(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(home, other / "copy")
    done = audit(other / "copy", "verify")
    assert done.returncode == 1
    assert "copied or moved here" in re.sub(r"\s+", " ", done.stdout)


def test_the_key_shows_nowhere(home: Path) -> None:
    key = (home / ".local/share/mcp-doctor/trail.key").read_text().strip()
    said = [
        audit(home, *words).stdout
        for words in (("show",), ("verify",), ("export",), ("export", "--format", "markdown"))
    ]
    assert all(key not in each for each in said)
    assert key not in repr(TrailKey(bytes.fromhex(key)))
    assert [each for each in home.rglob("*") if each.is_file() and key in each.read_text()] == [
        home / ".local/share/mcp-doctor/trail.key"
    ]
