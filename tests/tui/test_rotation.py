"""A token that ends soon gets a successor: at a terminal and in the app, on a real keyring and a real provider."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recovery.world import LocalWorld
from tests.support import tokens
from tests.support.lab import REPO, Lab
from tests.support.provider_server import ProviderServer, provider_server
from tests.support.terminal import Terminal
from tests.tui.test_commands import DOCTOR
from tests.tui.test_emergency_walk import SERVER

OLD, NEW = tokens.github("old"), tokens.github("new")


def says(server: ProviderServer, login: str, scopes: str, days: int) -> None:
    ends = f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d %H:%M:%S} UTC"
    more = {"github-authentication-token-expiration": ends}
    server.answers(200, {"login": login}, {"X-OAuth-Scopes": scopes, **more})


@pytest.fixture
def github(tmp_path: Path) -> Iterator[ProviderServer]:
    with provider_server(tmp_path) as found:
        yield found


@pytest.fixture
def lab(unlocked: Lab) -> Lab:
    unlocked.keyring_set("github_token", OLD)
    unlocked.keyring_set("gh_work", OLD)
    server = unlocked.home / "hub.py"
    server.write_text(SERVER)
    entry = {
        "command": sys.executable,
        "args": [str(server)],
        "env": {"GITHUB_TOKEN": "${SECRET:github_token}"},
    }
    (unlocked.home / "mcp.json").write_text(json.dumps({"mcpServers": {"hub": entry}}))
    return unlocked


def kept(lab: Lab) -> set[str]:
    """Every value in the keychain."""
    found = LocalWorld(lab.host()).keychain.entries({})
    return {each.secret.reveal() for each in found if each.secret}


def at_terminal(lab: Lab, github: ProviderServer, *words: str, rows: int = 24) -> Terminal:
    options = ["--config", str(lab.home / "mcp.json"), "--provider-url", f"github={github.url}"]
    env = {**lab.env, **github.env, "PYTHONPATH": str(REPO), "TERM": "xterm-256color"}
    return Terminal([*DOCTOR, *words, *options], env, columns=80 if rows == 24 else 140, rows=rows)


def test_fix_replaces_it_after_a_look_at_both(lab: Lab, github: ProviderServer) -> None:
    says(github, "octo", "repo, read:org", 3)
    with at_terminal(lab, github, "fix", "validity.provider", rows=60) as terminal:
        terminal.wait_for("Enter for none")
        assert "2. gh_work: used by no server" in terminal.text
        terminal.write("\r")
        terminal.wait_for("Do it?")
        for said in ("Replace the token github_token by a new one, in 2 entries", "gh_work"):
            assert said in terminal.text
        says(github, "octo", "read:org", 90)
        terminal.write("y\r")
        terminal.wait_for("New token for github_token:")
        assert "Give it these scopes: repo, read:org" in terminal.text
        terminal.write(f"{OLD}\r")
        terminal.wait_for("Store it all the same?")
        assert "in the keychain already" in terminal.text
        terminal.write("n\r")
        terminal.wait_for(r"(?s)New token for github_token:.*New token for github_token:")
        terminal.write(f"{NEW}\r")
        terminal.wait_for("revoke the old one at")
        assert "It lacks repo, which the old one has." in terminal.text
        assert not {OLD.encode(), NEW.encode()} & set(terminal.stream.split())
        terminal.wait_for("Start hub now")
        terminal.write("y\r")
        terminal.wait_for("hub started with the new token")
        assert OLD not in kept(lab)
        assert NEW.encode() not in terminal.stream
    assert (lab.keyring_get("github_token"), lab.keyring_get("gh_work")) == (NEW, NEW)


@pytest.mark.parametrize("days", [3, 300])
def test_the_app_gives_a_token_a_successor_whether_or_not_it_ends_soon(
    lab: Lab, github: ProviderServer, days: int
) -> None:
    says(github, "octo", "repo", days)
    with at_terminal(lab, github) as terminal:
        terminal.wait_for("hub")
        terminal.wait_for("checks are done")
        terminal.write("t")
        terminal.wait_for("Which entries get the new token")
        terminal.press(" ")
        terminal.wait_for(r"\[ \] gh_work")
        terminal.press(" ")
        terminal.wait_for(r"\[x\] gh_work")
        terminal.press("enter")
        terminal.wait_for("New token for github_token")
        says(github, "octo", "repo", 300)
        terminal.write(NEW)
        terminal.write("\r")
        terminal.wait_for("It may do all that the old one may.")
        assert lab.keyring_get("github_token") == OLD
        terminal.write("\r")
        terminal.wait_for("take it back")
        assert (lab.keyring_get("github_token"), lab.keyring_get("gh_work")) == (NEW, NEW)
        if days == 3:
            terminal.write("u")
            terminal.wait_for("Taken back.")
            assert (lab.keyring_get("github_token"), lab.keyring_get("gh_work")) == (OLD, OLD)
        else:
            assert OLD in kept(lab)
            terminal.write("\r")
            terminal.wait_for("new token|m mend")
            terminal.write("s")
            terminal.wait_for("Enter start it")
            terminal.write("\r")
            terminal.wait_for("hub started with the new")
            assert OLD not in kept(lab)
        assert NEW.encode() not in terminal.stream
