"""Our own code where POSIX is not: every command in an interpreter without what Windows lacks, on an old code page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import fleet
from tests.support.lab import REPO

CHILD = REPO / "tests/support/as_windows.py"
COMMANDS = (
    ["app", "check", "explain", "run", "fix", "unlock", "undo", "clients", "providers", "demo", "backup", "audit", "cleanup", "emergency", "monitor", "report", "fleet"]
)  # fmt: skip


def doctor(
    home: Path, *words: str, module: str = "tui", page: str = "cp1252", given: str = "", **env: str
) -> subprocess.CompletedProcess[bytes]:
    appdata = home / "AppData"
    appdata.mkdir(exist_ok=True)
    variables = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "USERNAME": "anna",
        "APPDATA": str(appdata / "Roaming"),
        "LOCALAPPDATA": str(appdata / "Local"),
        "PATH": os.environ["PATH"],
        "PYTHONIOENCODING": f"{page}:strict",
        "PYTHONDONTWRITEBYTECODE": "1",
        **env,
    }
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", str(CHILD), module, *words],
        env=variables,
        cwd=home,
        input=given.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    assert b"broke off" not in done.stderr, done.stderr.decode(errors="replace")
    assert b"The check itself broke off" not in done.stdout, done.stdout.decode(errors="replace")
    return done


def test_every_module_of_ours_can_be_imported(tmp_path: Path) -> None:
    code = (
        "import importlib, pathlib, sys\n"
        "count = 0\n"
        "for top in ('diagnostics', 'recovery', 'tui'):\n"
        "    for each in sorted(pathlib.Path(ROOT, top).rglob('*.py')):\n"
        "        name = '.'.join(each.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')\n"
        "        if each.name == '__main__.py' or name == 'tui.app' or name.startswith(('tui.screens', 'tui.widgets')):\n"
        "            continue\n"
        "        try:\n"
        "            importlib.import_module(name)\n"
        "        except Exception as error:\n"
        "            print(name, type(error).__name__, error)\n"
        "        count += 1\n"
        "print(count > 400)\n"
    )
    (tmp_path / "imports.py").write_text(code.replace("ROOT", repr(str(REPO))))
    done = doctor(tmp_path, module="imports", PYTHONPATH=str(tmp_path))
    assert done.stdout.decode() == "True\n"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_shown_on_an_old_code_page(tmp_path: Path, command: str) -> None:
    done = doctor(tmp_path, *filter(None, [command]), "--help", page="cp437")
    assert done.returncode == 0
    assert done.stdout.startswith(b"usage: mcp-doctor")


def test_the_version(tmp_path: Path) -> None:
    assert doctor(tmp_path, "--version").stdout.startswith(b"mcp-doctor ")


def test_a_config_is_checked_and_the_report_is_utf_8(tmp_path: Path) -> None:
    config = tmp_path / "мой config.json"
    entry = {"command": "node", "args": ["C:\\new\\server.js"], "env": {"GITHUB_TOKEN": "YOUR_TOKEN_HERE"}}
    config.write_bytes(b"\xef\xbb\xbf" + json.dumps({"mcpServers": {"github": entry}}).encode())
    done = doctor(tmp_path, "check", "--config", str(config), "--offline", "--format", "json")
    report = json.loads(done.stdout.decode("utf-8"))
    assert report["host"] == {"platform": "windows", "session": "local"}
    assert done.returncode in {1, 3}
    text = doctor(tmp_path, "check", "--config", str(config), "--offline", page="cp437")
    assert text.returncode in {1, 3}
    assert b"github" in text.stdout


def test_the_trail_is_kept_and_verified(tmp_path: Path) -> None:
    done = doctor(tmp_path, "audit", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    code = (
        "from diagnostics.host import this_host\n"
        "from recovery.journal import Event, Journal\n"
        "Journal(this_host()).append(Event.NOTE, '0a')\n"
        "Journal(this_host()).append(Event.NOTE, '0b')\n"
    )
    (tmp_path / "note.py").write_text(code)
    written = doctor(tmp_path, module="note", PYTHONPATH=str(tmp_path))
    assert written.returncode == 0, written.stderr
    done = doctor(tmp_path, "audit", "verify", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "AppData/Local/mcp-doctor/journal.jsonl").is_file()


def test_run_stays_with_the_server_and_ends_as_it_ends(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.stdin.read() + os.environ['TOKEN']); sys.exit(37)"
    done = doctor(
        tmp_path, "run", "--", sys.executable, "-c", code, given="in ", TOKEN="${NAME}", NAME="its value"
    )
    assert (done.returncode, done.stdout) == (37, b"in its value\n")
    assert doctor(tmp_path, "run", "--", "no-such-program").returncode == 127
    assert len(list((tmp_path / "AppData/Local/mcp-doctor/failures").glob("*.json"))) == 1


def test_a_fleet_is_read(tmp_path: Path) -> None:
    done = doctor(tmp_path, "fleet", str(fleet.ward(tmp_path / "reports")), page="cp437")
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.decode("cp437").startswith("x 3 broken")


@pytest.mark.parametrize(
    "words", [("check", "--self"), ("clients",), ("providers",), ("demo", "--scenario", "list")]
)
def test_what_is_shown_on_an_old_code_page(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = doctor(tmp_path, *words, page="cp437")
    assert done.returncode in {0, 1, 3}
    assert done.stdout
    done.stdout.decode("cp437")


def test_an_error_text_is_explained(tmp_path: Path) -> None:
    done = doctor(
        tmp_path, "explain", "-", given="keyring.errors.NoKeyringError: No recommended backend was available"
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("fix", "--dry-run", "--offline"), 1),
        (("unlock",), 2),
        (("cleanup", "--dry-run", "--offline"), 0),
        (("backup", "list"), 0),
        (("undo",), 1),
        (("emergency", "status"), 0),
        (("report", "--offline", "--yes"), 0),
    ],
)
def test_mending_finds_an_empty_credential_manager(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    config = tmp_path / "c.json"
    config.write_text('{"mcpServers": {}}')
    done = doctor(tmp_path, *words, "--config", str(config), page="cp437")
    assert done.returncode == code, done.stdout + done.stderr


def test_a_secret_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = doctor(tmp_path, "get", "github_token", module="tui.secrets_cli")
    assert (done.returncode, done.stdout) == (1, b"")
