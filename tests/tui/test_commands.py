"""The commands as programs, on a real keyring daemon: from a locked keychain to a server that has its token."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recovery.journal import Event, Journal
from tests.support import tokens
from tests.support.lab import REPO, Lab

PASSWORD = "open sesame"
DOCTOR = [sys.executable, "-m", "tui"]
SECRETS = [sys.executable, "-m", "tui.secrets_cli"]


def said(lab: Lab, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return lab.run(command, env={"PYTHONPATH": str(REPO)}, given=stdin)


def config(lab: Lab, *launcher: str) -> Path:
    code = "import os,sys; sys.stdout.write(os.environ['TOKEN'])"
    entry = {"command": sys.executable, "args": ["-c", code], "env": {"TOKEN": "${SECRET:my_token}"}}
    path = Path(lab.env["HOME"]) / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"mine": entry}}))
    return path


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        made.start()
        made.create_collection(PASSWORD)
        yield made


@pytest.fixture
def locked(lab: Lab) -> Lab:
    assert said(lab, *SECRETS, "set", "my", "token", stdin="tok-1234567890\n").returncode == 0
    lab.lock()
    return lab


def test_both_spellings_name_one_entry(lab: Lab) -> None:
    assert said(lab, *SECRETS, "set", "my", "token", stdin="tok-1234567890\n").returncode == 0
    assert said(lab, *SECRETS, "get", "my_token").stdout == "tok-1234567890\n"
    assert said(lab, *SECRETS, "list").stdout == "my_token\n"
    everything = said(lab, *SECRETS, "list", "--all").stdout
    assert (
        "mcp-secrets / my_token\n    written by Python keyring library, kept in login, value #" in everything
    )
    assert lab.keyring_get("my_token") == "tok-1234567890"


def test_check_names_the_lock_and_nothing_else_as_broken(locked: Lab) -> None:
    path = config(locked)
    done = said(locked, *DOCTOR, "check", "--config", str(path), "--offline", "--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    broken = [each for each in report["findings"] if each["status"] == "fail"]
    assert [(each["check"], each["cause"]) for each in broken] == [
        ("permission.collection-locked", "keyring_locked")
    ]
    assert broken[0]["remedies"][0] == "unlock-keychain"
    assert locked.locked()


def test_a_wrong_password_is_told_and_changes_nothing(locked: Lab) -> None:
    done = said(locked, *DOCTOR, "unlock", "--password-stdin", stdin="wrong\n")
    assert done.returncode == 1
    assert "password" in done.stdout + done.stderr
    assert locked.locked()


def test_from_locked_to_the_servers_token(locked: Lab) -> None:
    path = config(locked)
    run = [*DOCTOR, "run", "--config", str(path), "mine"]
    refused = said(locked, *run)
    assert refused.returncode == 78
    assert refused.stdout == ""
    assert len(refused.stderr.strip().splitlines()) == 1

    unlocked = said(locked, *DOCTOR, "unlock", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert unlocked.returncode == 0, unlocked.stdout + unlocked.stderr
    assert not locked.locked()

    assert said(locked, *run).stdout == "tok-1234567890"
    report = json.loads(
        said(locked, *DOCTOR, "check", "--config", str(path), "--offline", "--format", "json").stdout
    )
    assert report["summary"]["fail"] == 0
    everything = unlocked.stdout + unlocked.stderr + json.dumps(report) + refused.stderr
    assert PASSWORD not in everything
    assert "tok-1234567890" not in everything


def test_unlocking_what_is_open_is_said_to_be_so(lab: Lab) -> None:
    done = said(lab, *DOCTOR, "unlock", "--password-stdin", stdin="any\n")
    assert done.returncode == 0
    assert "nothing to do" in done.stdout


def test_an_empty_password_is_never_sent(locked: Lab) -> None:
    assert said(locked, *DOCTOR, "unlock", "--password-stdin", stdin="\n").returncode == 2
    assert locked.locked()


def test_a_keychain_is_created_only_when_asked_for() -> None:
    with Lab() as lab:
        lab.start()
        refused = said(lab, *DOCTOR, "unlock", "--password-stdin", stdin=f"{PASSWORD}\n")
        assert refused.returncode == 2
        assert "--create" in refused.stderr
        made = said(lab, *DOCTOR, "unlock", "--create", "--password-stdin", stdin=f"{PASSWORD}\n")
        assert made.returncode == 0, made.stdout + made.stderr
        assert said(lab, *SECRETS, "set", "a", "b", stdin="value-123456").returncode == 0
        assert lab.keyring_get("a_b") == "value-123456"


def test_a_replaced_value_comes_back_with_undo(lab: Lab) -> None:
    said(lab, *SECRETS, "set", "my_token", stdin="first-value-1\n")
    said(lab, *SECRETS, "set", "my_token", stdin="second-value-2\n")
    assert said(lab, *SECRETS, "get", "my_token").stdout == "second-value-2\n"
    done = said(lab, *DOCTOR, "undo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert said(lab, *SECRETS, "get", "my_token").stdout == "first-value-1\n"


def test_a_deleted_entry_comes_back_with_undo(lab: Lab) -> None:
    said(lab, *SECRETS, "set", "my_token", stdin="first-value-1\n")
    assert said(lab, *SECRETS, "delete", "my_token", "--yes").returncode == 0
    assert said(lab, *SECRETS, "get", "my_token").returncode == 1
    assert said(lab, *DOCTOR, "undo").returncode == 0
    assert said(lab, *SECRETS, "get", "my_token").stdout == "first-value-1\n"


@pytest.mark.parametrize("value", ["", "\n", "Bearer abcdefghijklmnop", "${MY_TOKEN}", "YOUR_TOKEN_HERE"])
def test_a_damaged_value_is_not_stored(lab: Lab, value: str) -> None:
    done = said(lab, *SECRETS, "set", "my_token", stdin=value)
    assert done.returncode == 2
    assert "nothing was stored" in done.stderr
    assert said(lab, *SECRETS, "get", "my_token").returncode == 1


def test_a_stored_entry_can_be_tested(lab: Lab) -> None:
    said(lab, *SECRETS, "set", "my_token", stdin="first-value-1\n")
    done = said(lab, *SECRETS, "test", "my_token", "--offline")
    assert done.returncode == 0, done.stdout + done.stderr
    missing = said(lab, *SECRETS, "test", "other_token", "--offline")
    assert missing.returncode == 1
    assert "mcp-secrets set other_token" in missing.stdout


def test_fix_shows_its_plan_and_does_nothing(locked: Lab) -> None:
    path = config(locked)
    done = said(locked, *DOCTOR, "fix", "--dry-run", "--config", str(path), "--offline")
    assert "unlock" in done.stdout.lower()
    assert locked.locked()


def test_fix_without_a_terminal_asks_nobody_and_does_nothing(locked: Lab) -> None:
    path = config(locked)
    done = said(locked, *DOCTOR, "fix", "--config", str(path), "--offline")
    assert done.returncode == 2
    assert "terminal" in done.stderr
    assert locked.locked()


@pytest.mark.parametrize("name", ["", " ", "a b ", "${x}", "a\x1b[31m"])
def test_a_name_that_can_be_none_is_refused(lab: Lab, name: str) -> None:
    done = said(lab, *SECRETS, "set", name, stdin="value-123456")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_a_value_in_a_names_place_is_refused_and_not_repeated(lab: Lab) -> None:
    token = tokens.github("pasted")
    for words in (("set", "github_token", token), ("set", token), ("get", token)):
        done = said(lab, *SECRETS, *words, stdin="tok-1234567890\n")
        assert done.returncode == 2
        assert token[8:24] not in done.stdout + done.stderr
    assert said(lab, *SECRETS, "list").stdout == "Nothing is stored yet.\n"
    assert token[8:24] not in said(lab, *DOCTOR, "check", token).stderr


def test_what_a_crash_left_half_done_is_named_by_the_next_command(lab: Lab) -> None:
    journal = Journal(lab.host())
    journal.append(Event.PLANNED, "cut0ff", remedy="t", title="Store something", finding="", steps=[])
    for command in ((*DOCTOR, "check", "--offline"), (*DOCTOR, "fix", "--dry-run"), (*SECRETS, "list")):
        assert "mcp-doctor undo cut0ff" in said(lab, *command).stderr
    assert said(lab, *DOCTOR, "undo").returncode == 0
    assert "cut0ff" not in said(lab, *SECRETS, "list").stderr


def test_a_finding_that_is_not_there_is_a_wrong_call_not_a_clean_bill(lab: Lab) -> None:
    done = said(lab, *DOCTOR, "fix", "--dry-run", "--offline", "permission.collection-locked:nothing")
    assert done.returncode == 2
    assert "no finding" in done.stderr


def test_names_of_the_call_and_of_the_config_bring_no_escape_sequence_to_the_terminal(lab: Lab) -> None:
    evil = "a\x1b]0;owned\x07\x1b[31m\u202eb"
    path = config(lab)
    path.write_text(
        json.dumps({"mcpServers": {"mine": {"command": "x", "env": {"T": f"${{SECRET:{evil}}}"}}}})
    )
    assert "Store" in said(lab, *DOCTOR, "fix", "--dry-run", "--config", str(path)).stdout
    for words in (
        ("fix", "--dry-run", "--config", str(path)),
        ("fix", evil),
        ("explain", f"/nowhere/{evil}"),
        ("check", "--offline", "--output", f"/nowhere/{evil}/x"),
        ("check", f"--{evil}"),
    ):
        done = said(lab, *DOCTOR, *words)
        assert not [each for each in "\x1b\x07\u202e" if each in done.stdout + done.stderr], words


def test_reports_for_programs_are_utf_8_in_any_locale(lab: Lab) -> None:
    path = config(lab).rename(Path(lab.env["HOME"]) / "kö.json")
    lab.env |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    raw = subprocess.run(
        [*DOCTOR, "check", "--offline", "--format", "json", "--config", os.fsencode(path)],
        env={**lab.env, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        timeout=60,
        check=False,
    ).stdout
    assert json.loads(raw.decode("utf-8"))["clients"]


def test_an_address_for_a_provider_that_nobody_knows_is_a_wrong_call(lab: Lab) -> None:
    done = said(lab, *DOCTOR, "check", "--offline", "--provider-url", "githb=https://localhost:1/")
    assert done.returncode == 2
    assert "githb" in done.stderr


@pytest.mark.parametrize(
    ("redirection", "code"), [(">&-", 0), (">/dev/full", 4), ("2>/dev/full", 0), (">&- 2>&- <&-", 0)]
)
def test_a_closed_or_full_output_ends_in_a_clear_code(lab: Lab, redirection: str, code: int) -> None:
    for words in (
        (*DOCTOR, "check", "--offline", "--format", "json"),
        (*SECRETS, "list"),
        (*DOCTOR, "--version"),
        (*DOCTOR, "advise"),
    ):
        done = said(lab, "sh", "-c", f"{shlex.join(words)} {redirection}")
        assert (done.returncode, "Exception" in done.stderr) == (code, False), words
        assert "please report it" not in done.stderr, words
    full = said(lab, "sh", "-c", f"{shlex.join([*DOCTOR, 'run', '--', 'no-such-command'])} 2>/dev/full")
    assert full.returncode == 127
