"""Starting a server for a look at it opens no browser: nobody asked for a login."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.model import Finding, Status
from diagnostics.oauth.mcp_remote import Parts
from tests.support import tokens
from tests.support.configured import ask, context_of
from tests.support.provider_server import ProviderServer, provider_server

INITIALIZED = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "serverInfo": {"name": "x", "version": "2"},
}
SCRIPT = """#!/bin/sh
echo started >> "$HOME/started"
echo "$BROWSER" > "$HOME/browser"
read -r _
echo '{"jsonrpc":"2.0","id":1,"result":RESULT}'
""".replace("RESULT", json.dumps(INITIALIZED))
TOKEN = tokens.github("browser")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


@pytest.fixture
def server(shared: ProviderServer) -> ProviderServer:
    shared.answers(401, {}, {"WWW-Authenticate": "Bearer"})
    shared.seen.clear()
    return shared


def program(home: Path, name: str) -> Path:
    path = home / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(SCRIPT)
    path.chmod(0o755)
    return path


def started(home: Path, row: dict[str, Any], server: ProviderServer | None = None, **more: Any) -> Finding:
    for name in ("npx", "mcp-remote"):
        program(home, name)
    env = {"HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "BROWSER": "firefox"}
    env |= server.env if server else {}
    found = ask(context_of(home, {"it": row}, env=env, start=True, **more), "start.handshake")
    return found["start.handshake"]


def keep_login(home: Path, url: str, **login: Any) -> None:
    path = home / ".mcp-auth/mcp-remote-v1" / f"{Parts(url).key()}_tokens.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"access_token": "a" * 30, "token_type": "Bearer", **login}))
    path.chmod(0o600)


@pytest.mark.parametrize(
    "row",
    [
        {"command": "npx", "args": ["-y", "mcp-remote", "URL"]},
        {"command": "npx", "args": ["-y", "mcp-remote@latest", "URL"]},
        {"command": "npx", "args": ["-y", "--package", "mcp-remote@0.1.38", "mcp-remote", "URL"]},
        {"command": "npx", "args": ["-y", "mcp-remote", "${SOME_URL}"]},
        {"command": "sh", "args": ["-c", "exec npx -y mcp-remote URL"]},
        {"command": "BIN/mcp-remote", "args": ["URL"]},
        {"command": "env", "args": ["A=b", "npx", "mcp-remote", "URL", "--transport", "sse-only"]},
        {"command": "mcp-doctor", "args": ["run", "--", "npx", "mcp-remote", "URL"]},
    ],
)
def test_mcp_remote_without_a_login_is_not_started(
    server: ProviderServer, tmp_path: Path, row: dict[str, Any]
) -> None:
    text = json.dumps(row).replace("URL}", "url}").replace("URL", f"{server.url}/mcp")
    found = started(tmp_path, json.loads(text.replace("BIN", str(tmp_path / "bin"))), server)
    assert (found.status, found.outcome) == (Status.SKIP, "would-open-browser")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("offline", [True, False])
def test_it_is_started_with_a_kept_login(server: ProviderServer, tmp_path: Path, offline: bool) -> None:
    keep_login(tmp_path, f"{server.url}/mcp", expires_at=time.time() + 3600)
    found = started(
        tmp_path, {"command": "npx", "args": ["mcp-remote", f"{server.url}/mcp"]}, server, offline=offline
    )
    assert found.outcome.startswith("answered")


def test_a_login_that_is_over_is_none(server: ProviderServer, tmp_path: Path) -> None:
    keep_login(tmp_path, f"{server.url}/mcp", expires_at=time.time() - 3600)
    found = started(tmp_path, {"command": "npx", "args": ["mcp-remote", f"{server.url}/mcp"]}, server)
    assert found.outcome == "would-open-browser"


def test_a_server_that_wants_no_login_is_started(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(200, {"jsonrpc": "2.0", "id": 1, "result": INITIALIZED})
    found = started(tmp_path, {"command": "npx", "args": ["mcp-remote", f"{server.url}/mcp"]}, server)
    assert found.outcome.startswith("answered")


def test_a_refused_header_would_lead_to_a_login(server: ProviderServer, tmp_path: Path) -> None:
    words = ["mcp-remote", f"{server.url}/mcp", "--header", "Authorization:Bearer ${AUTH}"]
    found = started(tmp_path, {"command": "npx", "args": words, "env": {"AUTH": TOKEN}}, server)
    assert (found.status, found.outcome) == (Status.FAIL, "remote-token")
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in repr(found)
    assert not (tmp_path / "started").exists()


def test_an_accepted_header_needs_no_login(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(200, {"jsonrpc": "2.0", "id": 1, "result": INITIALIZED})
    words = ["mcp-remote", f"{server.url}/mcp", "--header", "Authorization:Bearer ${AUTH}"]
    found = started(tmp_path, {"command": "npx", "args": words, "env": {"AUTH": TOKEN}}, server)
    assert found.outcome.startswith("answered")


def test_an_outage_starts_nothing_and_blames_no_token(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(503, {})
    words = ["mcp-remote", f"{server.url}/mcp", "--header", f"Authorization:Bearer {TOKEN}"]
    found = started(tmp_path, {"command": "npx", "args": words}, server)
    assert found.status is Status.UNKNOWN
    assert not (tmp_path / "started").exists()


def test_other_servers_are_started_with_a_browser_that_does_nothing(tmp_path: Path) -> None:
    found = started(tmp_path, {"command": str(program(tmp_path, "mcp-remote-logs")), "args": []})
    assert found.outcome.startswith("answered")
    assert (tmp_path / "browser").read_text() == "true\n"


def test_a_browser_that_the_entry_names_stays(tmp_path: Path) -> None:
    row = {"command": str(program(tmp_path, "it")), "args": [], "env": {"BROWSER": "chromium"}}
    assert started(tmp_path, row).outcome.startswith("answered")
    assert (tmp_path / "browser").read_text() == "chromium\n"
