"""A credential moves out of a config and out of an env file: at a terminal and in the app, 80 columns by 24 rows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import tokens
from tests.support.lab import REPO, Lab
from tests.support.terminal import Terminal
from tests.tui.test_commands import DOCTOR

TOKEN = tokens.github("migration")


@pytest.fixture
def lab(unlocked: Lab, npm_server: Callable[[str], list[str]]) -> Lab:
    """A real server whose token stands in an env file."""
    node, script = npm_server("github")
    env = unlocked.home / ".env"
    env.write_text(f"A=1\nGITHUB_PERSONAL_ACCESS_TOKEN={TOKEN}\n")
    entry = {"command": node, "args": [script], "envFile": str(env)}
    (unlocked.home / "mcp.json").write_text(json.dumps({"servers": {"hub": entry}}))
    return unlocked


def at_terminal(lab: Lab, *words: str, rows: int = 24) -> Terminal:
    options = ["--config", str(lab.home / "mcp.json"), "--client", "vscode", "--offline"]
    env = {**lab.env, "PYTHONPATH": str(REPO), "TERM": "xterm-256color"}
    return Terminal([*DOCTOR, *words, *options], env, columns=80 if rows == 24 else 140, rows=rows)


def files(lab: Lab) -> list[bytes]:
    return [Path(lab.home / each).read_bytes() for each in ("mcp.json", ".env")]


def test_fix_moves_it_and_starts_the_server_through_the_changed_config(lab: Lab) -> None:
    with at_terminal(lab, "fix", "config.env-file", rows=60) as terminal:
        terminal.wait_for("Do it?")
        for said in ("a comment", "mcp-doctor run", "Other programs that read the file"):
            assert said.replace(" ", "") in "".join(terminal.text.split())
        terminal.write("y\r")
        terminal.wait_for("Start hub now")
        terminal.write("y\r")
        terminal.wait_for("ok: ")
        terminal.wait_for("holds now")
        assert TOKEN.encode() not in terminal.stream
    assert lab.keyring_get("github_personal_access_token") == TOKEN
    assert TOKEN.encode() not in b"".join(files(lab))


def test_the_app_shows_each_change_moves_it_and_takes_it_back(lab: Lab) -> None:
    before = files(lab)
    with at_terminal(lab) as terminal:
        terminal.wait_for("checks are done")
        terminal.write("m")
        terminal.wait_for("What will be different")
        terminal.wait_for("yes, do it")
        assert files(lab) == before
        terminal.press("enter")
        terminal.wait_for("take it back")
        assert lab.keyring_get("github_personal_access_token") == TOKEN
        terminal.write("u")
        terminal.wait_for("Taken back.")
        assert TOKEN.encode() not in terminal.stream
    assert files(lab) == before
    assert lab.keyring_get("github_personal_access_token") is None
