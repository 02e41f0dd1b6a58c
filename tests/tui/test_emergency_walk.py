"""An emergency from its first minute to its report, on a real keyring daemon and a real terminal."""

import json
import secrets
import sys
from pathlib import Path

import pytest

from diagnostics.context import Options
from diagnostics.stores import open_store
from recovery.emergency import kernel_keyring
from recovery.emergency.incident import incidents
from recovery.journal import Journal
from recovery.world import LocalWorld
from tests.support.lab import REPO, Lab
from tests.support.platforms import lacking
from tests.support.terminal import Terminal
from tests.tui.test_emergency import app_on
from tui.session import DoctorSession

SERVER = """import json, os, sys
print('started', file=open(os.environ.get('SEEN', os.devnull), 'a'))
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get('method') == 'initialize':
        found = {'protocolVersion': asked['params']['protocolVersion'], 'capabilities': {'tools': {}},
                 'serverInfo': {'name': 'mine', 'version': '1'}}
    elif asked.get('method') == 'tools/list':
        found = {'tools': []}
    else:
        continue
    print(json.dumps({'jsonrpc': '2.0', 'id': asked['id'], 'result': found}), flush=True)
"""


@pytest.fixture
def locked(unlocked: Lab) -> Lab:
    """A keychain that holds the token and is locked, and a server that is started by the launcher."""
    trouble = kernel_keyring.trouble(unlocked.host())
    if trouble:
        lacking(trouble)
    unlocked.keyring_set("my_token", secrets.token_hex(16))
    bin_ = unlocked.home / "bin"
    bin_.mkdir()
    launcher = bin_ / "mcp-doctor"
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH={REPO} exec {sys.executable} -m tui "$@"\n')
    launcher.chmod(0o755)
    (unlocked.home / "server.py").write_text(SERVER)
    entry = {
        "command": str(launcher),
        "args": ["run", "--", sys.executable, str(unlocked.home / "server.py")],
        "env": {"API_KEY": "${SECRET:my_token}", "SEEN": str(unlocked.home / "seen")},
    }
    (unlocked.home / "mcp.json").write_text(json.dumps({"mcpServers": {"mine": entry}}))
    unlocked.lock()
    return unlocked


def at_terminal(lab: Lab, *words: str) -> Terminal:
    options = ["--config", str(lab.home / "mcp.json"), "--offline"]
    env = {**lab.env, "PYTHONPATH": str(REPO), "TERM": "xterm-256color"}
    return Terminal([sys.executable, "-m", "tui", *words, *options], env, columns=140, rows=50)


def test_from_a_locked_keychain_to_the_report(locked: Lab) -> None:
    token = "canary" + secrets.token_hex(12)
    with at_terminal(
        locked, "emergency", "start", "mine", "--reason", "nobody knows the password now"
    ) as terminal:
        terminal.wait_for("Emergency token:")
        terminal.write(f"{token}\r")
        terminal.wait_for("is open: mine gets this token for 60 minutes")
        assert token.encode() not in terminal.stream

    locked.unlock("lab-password")
    with at_terminal(locked, "fix", "backend.emergency") as terminal:
        terminal.wait_for("Close it now")
        terminal.write("n\r")
        terminal.wait_for("Emergency access is open for mine")
    assert incidents(locked.host(), Journal(locked.host()))[0].is_open

    with at_terminal(locked, "emergency", "close", "--start") as terminal:
        terminal.wait_for("Was it revoked")
        assert "1. The emergency token is gone from this computer." in terminal.text
        assert "2. The usual path of mine works: it was started, and it answers." in terminal.text
        terminal.write("y\r")
        terminal.wait_for("4. The incident is closed.")
        terminal.wait_for("incident-.*json")
    (incident,) = incidents(locked.host(), Journal(locked.host()))
    assert (incident.state, incident.normal_path, incident.token_revoked) == ("closed", "ok", True)
    assert (locked.home / "seen").read_text() == "started\n"
    folder = locked.host().state_dir / "incidents"
    markdown = Path(folder / f"incident-{incident.id}.md").read_text()
    assert "nobody knows the password now" in markdown
    assert json.loads((folder / f"incident-{incident.id}.json").read_text())["audit_trail"]["holds"]
    assert Journal(locked.host()).verify() == []


async def test_in_the_app_the_server_is_started_once_where_the_person_agrees(locked: Lab) -> None:
    with at_terminal(locked, "emergency", "start", "mine", "--reason", "locked out") as terminal:
        terminal.wait_for("Emergency token:")
        terminal.write("canary" + secrets.token_hex(12) + "\r")
        terminal.wait_for("is open: mine gets this token")
    locked.unlock("lab-password")
    options = Options(config=(locked.home / "mcp.json",), offline=True)
    async with app_on(DoctorSession(locked.host(), options, (), open_store, LocalWorld)) as driver:
        await driver.press("x")
        await driver.sees("Enter closes the chosen one")
        await driver.press("enter", "enter")
        await driver.sees("The usual path works", "start it once")
        assert not (locked.home / "seen").exists()
        await driver.press("s")
        await driver.sees("Start mine?")
        await driver.press("enter")
        await driver.sees("It starts with its credential from the usual place, and answers.")
        assert (locked.home / "seen").read_text() == "started\n"
        await driver.press("v")
        await driver.sees("The incident is closed")
