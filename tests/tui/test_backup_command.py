"""`mcp-doctor backup` and its ways in, as programs on a real keychain."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.host import this_host
from tests.recovery.backups.conftest import PASSPHRASE, Pair, a_pair
from tests.support.lab import REPO, Lab, require
from tests.support.terminal import Terminal

DOCTOR = [sys.executable, "-m", "tui", "backup"]
SECRETS = [sys.executable, "-m", "tui.secrets_cli"]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return a_pair(tmp_path, "key")


def said(lab: Lab, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return lab.run(command, env={"PYTHONPATH": str(REPO)}, given=stdin, seconds=60)


def the_file(lab: Lab) -> Path:
    (found,) = (lab.home / ".local/share/mcp-doctor/backups").iterdir()
    return found


def test_from_nothing_to_a_restored_keychain(unlocked: Lab, pair: Pair) -> None:
    require("age")
    unlocked.keyring_set("github_token", "CANARY-1")
    unlocked.keyring_set("slack_token", "CANARY-2")
    dry = said(unlocked, *DOCTOR, "create", "--recipient", pair.public, "--dry-run")
    assert (dry.returncode, "github_token" in dry.stdout) == (0, True)
    assert not (unlocked.home / ".local/share/mcp-doctor").exists()
    made = said(unlocked, *DOCTOR, "create", "--recipient", pair.public)
    assert made.returncode == 0, made.stderr
    assert "Backed up 2 entries" in made.stdout
    plain = subprocess.run(
        ["age", "-d", "-i", pair.path, the_file(unlocked)], capture_output=True, check=True
    )
    assert [each["value"] for each in json.loads(plain.stdout)["entries"]] == ["CANARY-1", "CANARY-2"]
    listed = said(unlocked, *DOCTOR, "list")
    assert "1 recipient" in listed.stdout
    rows = json.loads(said(unlocked, *DOCTOR, "list", "--format", "json").stdout)
    assert [each["encrypted_by"] for each in rows] == ["1 recipient"]
    key = ("--identity", str(pair.path))
    shown = said(unlocked, *DOCTOR, "show", *key)
    assert (shown.returncode, "slack_token" in shown.stdout) == (0, True)
    verified = said(unlocked, *DOCTOR, "verify", *key)
    assert (verified.returncode, "2 the same" in verified.stdout) == (0, True)
    said(unlocked, *SECRETS, "delete", "github_token", "--yes")
    unlocked.keyring_set("slack_token", "changed")
    verified = said(unlocked, *DOCTOR, "verify", *key)
    assert "1 missing in the keychain: github_token" in verified.stdout
    assert "1 changed in the keychain since: slack_token" in verified.stdout
    refused = said(unlocked, *DOCTOR, "restore", *key, "--yes")
    assert refused.returncode == 1
    assert "--on-conflict" in refused.stderr
    dry = said(unlocked, *DOCTOR, "restore", *key, "--on-conflict", "overwrite", "--dry-run")
    assert "github_token (mcp-secrets): not in the keychain → restored" in dry.stdout
    assert unlocked.keyring_get("github_token") is None
    done = said(
        unlocked, *DOCTOR, "restore", the_file(unlocked).name, *key, "--on-conflict", "overwrite", "--yes"
    )
    assert done.returncode == 0, done.stderr
    assert [unlocked.keyring_get(each) for each in ("github_token", "slack_token")] == [
        "CANARY-1",
        "CANARY-2",
    ]
    assert said(unlocked, sys.executable, "-m", "tui", "undo").returncode == 0
    assert [unlocked.keyring_get(each) for each in ("github_token", "slack_token")] == [None, "changed"]
    everything = "".join(
        each.stdout + each.stderr for each in (made, listed, shown, verified, refused, dry, done)
    )
    assert "CANARY" not in everything
    trail = (unlocked.home / ".local/state/mcp-doctor/journal.jsonl").read_text()
    assert "CANARY" not in trail
    assert "AGE-SECRET" not in trail


def test_a_passphrase_from_a_pipe_and_what_goes_wrong_with_it(unlocked: Lab, tmp_path: Path) -> None:
    unlocked.add_entry("token", "1")
    assert said(unlocked, *DOCTOR, "create", "--passphrase-stdin", stdin="short\n").returncode == 2
    assert said(unlocked, *DOCTOR, "create", "--passphrase-stdin", stdin="").returncode == 2
    output = tmp_path / "mine.age"
    create = (*DOCTOR, "create", "--passphrase-stdin", "--output", str(output))
    made = said(unlocked, *create, stdin=PASSPHRASE + "\n")
    assert made.returncode == 0, made.stderr
    again = said(unlocked, *create, stdin=PASSPHRASE + "\n")
    assert (again.returncode, "never writes over" in again.stderr) == (2, True)
    show = (*DOCTOR, "show", str(output), "--passphrase-stdin")
    assert (
        json.loads(said(unlocked, *show, "--format", "json", stdin=PASSPHRASE).stdout)[0]["account"]
        == "token"
    )
    wrong = said(unlocked, *show, stdin="another passphrase")
    assert (wrong.returncode, "not the right one" in wrong.stderr) == (1, True)
    output.write_bytes(output.read_bytes()[:-1])
    damaged = said(unlocked, *show, stdin=PASSPHRASE)
    assert (damaged.returncode, "damaged" in damaged.stderr) == (1, True)
    output.write_text("not age")
    assert "not an age file" in said(unlocked, *show, stdin=PASSPHRASE).stderr
    missing = said(unlocked, *DOCTOR, "show", str(tmp_path / "nowhere.age"), "--passphrase-stdin", stdin="x")
    assert (missing.returncode, "can't be read" in missing.stderr) == (2, True)
    assert PASSPHRASE not in made.stdout + made.stderr + wrong.stderr


def test_a_wrong_call_is_said(unlocked: Lab, pair: Pair) -> None:
    unlocked.add_entry("token", "1")
    for words, expected in (
        (("create",), "no terminal"),
        (("create", "--recipient", "age1nonsense"), "whole and unchanged"),
        (("create", "--recipient", pair.public, "--passphrase-stdin"), "not by both"),
        (("create", "nobody", "--recipient", pair.public), "no entry nobody"),
        (("show",), "no backup in"),
        (("restore", "--on-conflict", "perhaps"), "invalid choice"),
        ((), "ACTION"),
    ):
        done = said(unlocked, *DOCTOR, *words)
        assert done.returncode in {1, 2}, words
        assert expected in done.stderr, (words, done.stderr)
        assert "Traceback" not in done.stderr


def test_a_locked_keychain(unlocked: Lab, pair: Pair) -> None:
    unlocked.add_entry("token", "1")
    assert said(unlocked, *DOCTOR, "create", "--recipient", pair.public).returncode == 0
    unlocked.lock()
    made = said(unlocked, *DOCTOR, "create", "--recipient", pair.public)
    assert (made.returncode, "mcp-doctor unlock" in made.stderr) == (1, True)
    verified = said(unlocked, *DOCTOR, "verify", "--identity", str(pair.path))
    assert (verified.returncode, "could not be compared" in verified.stdout) == (3, True)
    restored = said(unlocked, *DOCTOR, "restore", "--identity", str(pair.path), "--yes")
    assert (restored.returncode, "locked" in restored.stderr) == (1, True)


def test_the_ways_in_of_mcp_secrets(unlocked: Lab, pair: Pair) -> None:
    unlocked.keyring_set("token", "1")
    plain = said(unlocked, *SECRETS, "export", "--format", "env")
    assert (plain.returncode, "plain text" in plain.stderr) == (2, True)
    assert plain.stdout == ""
    assert said(unlocked, *SECRETS, "export", "--recipient", pair.public).returncode == 0
    said(unlocked, *SECRETS, "delete", "token", "--yes")
    key = ("--identity", str(pair.path), "--yes")
    done = said(unlocked, *SECRETS, "restore-backup", *key)
    assert done.returncode == 0, done.stderr
    assert unlocked.keyring_get("token") == "1"
    said(unlocked, *SECRETS, "delete", "token", "--yes")
    here = this_host().platform.value
    elsewhere = "windows" if here != "windows" else "macos"
    other = said(unlocked, *SECRETS, "restore", "--platform", elsewhere, *key)
    assert (other.returncode, f"this is {here}" in other.stderr) == (2, True)
    assert said(unlocked, *SECRETS, "restore", "--platform", here, *key).returncode == 0
    assert unlocked.keyring_get("token") == "1"


def test_at_a_terminal_it_asks_hidden_twice_and_for_consent(unlocked: Lab) -> None:
    unlocked.keyring_set("token", "1")
    env = {**unlocked.env, "PYTHONPATH": str(REPO), "TERM": "xterm"}
    with Terminal([*DOCTOR, "create"], env) as terminal:
        terminal.wait_for(r"Passphrase \(hidden\)")
        terminal.write("short\r")
        terminal.wait_for(r"(?s)too short.*Passphrase \(hidden\):")
        terminal.write(PASSPHRASE + "\r")
        terminal.wait_for("The same again")
        terminal.write(PASSPHRASE + "\r")
        terminal.wait_for("Backed up 1 entry")
        assert PASSPHRASE.encode() not in terminal.stream
    said(unlocked, *SECRETS, "delete", "token", "--yes")
    with Terminal([*DOCTOR, "restore"], env) as terminal:
        terminal.wait_for("Passphrase of")
        terminal.write(PASSPHRASE + "\r")
        terminal.wait_for("Restore this")
        terminal.write("y\r")
        terminal.wait_for("Restored")
        assert PASSPHRASE.encode() not in terminal.stream
    assert unlocked.keyring_get("token") == "1"


def test_a_hostile_backup_reaches_the_screen_harmlessly(unlocked: Lab, pair: Pair, tmp_path: Path) -> None:
    from diagnostics.secret import Secret
    from recovery.backups.age import encrypt
    from recovery.backups.content import Backup, BackupEntry, written

    entry = BackupEntry(
        {"service": "mcp-secrets", "username": "\x1b]0;owned\x07\x1b[31m\u202etoken"},
        "[red]x",
        "",
        Secret("x"),
    )
    backup = Backup("\x1b[1m", "\x1b[1m", "\x1b[1m", "linux", "u", "s", (entry,))
    path = tmp_path / "hostile.age"
    path.write_bytes(encrypt(written(backup), pair.lock, unlocked.host()))
    for action in ("show", "verify", "restore"):
        more = ["--dry-run"] if action == "restore" else []
        done = said(unlocked, *DOCTOR, action, str(path), "--identity", str(pair.path), *more)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        assert "\u202e" not in done.stdout + done.stderr
