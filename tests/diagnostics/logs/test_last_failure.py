"""The clients' own logs: read at their end, understood in each client's form, and told as history."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from diagnostics.catalog.clients import client, clients
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.logs.files import log_files
from diagnostics.logs.reading import read_logs, read_tail
from diagnostics.model import Finding, Platform, Session, Status
from tests.support.configured import HeldStore, ask
from tests.support.platforms import IS_ROOT

HOUR = 3600
NOW = time.time


def stamp(ago: float = HOUR, form: str = "%Y-%m-%dT%H:%M:%S.000Z") -> str:
    return datetime.fromtimestamp(NOW() - ago, UTC).strftime(form)


def local(ago: float = HOUR) -> str:
    return datetime.fromtimestamp(NOW() - ago).strftime("%Y-%m-%d %H:%M:%S.000")


def desktop(home: Path, text: str, name: str = "mcp-server-github.log") -> Path:
    path = home / ".config/Claude/logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def told(home: Path, server: str = "github", changed: float = 2 * HOUR, **options: Any) -> Finding | None:
    """What the check says about a server of Claude Desktop whose config was last changed so many seconds ago."""
    path = home / ".config/Claude/claude_desktop_config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"mcpServers": {server: {"command": "npx", "args": ["x"]}}}))
    os.utime(path, (NOW() - changed, NOW() - changed))
    host, asked = _host(home), Options(client="claude-desktop", **options)
    files = discover(host, asked)
    servers = [each for file in files for each in file.servers]
    context = Context(host, asked, files, servers, HeldStore({}))
    return ask(context, "start.last-failure").get("start.last-failure")


def attempt(ago: float, *lines: str, name: str = "github") -> str:
    head = stamp(ago)
    return "".join(f"{head} [{name}] {line}\n" for line in ("[info] Initializing server...", *lines))


ENOENT = "[error] spawn npx ENOENT"
CLOSED = "[info] Server transport closed unexpectedly, this is likely due to the process exiting early."
ANSWER = '[info] Message from server: {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18"}}'


def test_the_last_failure_is_told_with_cause_time_and_line(tmp_path: Path) -> None:
    desktop(tmp_path, attempt(2 * HOUR + 60, ENOENT, CLOSED))
    found = told(tmp_path, changed=9 * HOUR)
    assert found is not None
    assert (found.status, found.cause) == (Status.WARN, "command_not_found")
    assert "Claude Desktop last failed to start github 2 hours ago" in found.title
    assert "spawn npx ENOENT" in found.evidence[0]
    assert found.server == "claude-desktop:github"


def test_the_newest_attempt_counts(tmp_path: Path) -> None:
    newer = attempt(60, "[error] Error: GITHUB_TOKEN environment variable is not set", CLOSED)
    desktop(tmp_path, attempt(3 * HOUR, ENOENT, CLOSED) + newer)
    found = told(tmp_path)
    assert found is not None
    assert found.cause == "env_var_missing"


def test_a_later_success_ends_it(tmp_path: Path) -> None:
    text = attempt(3 * HOUR, ENOENT, CLOSED) + attempt(
        HOUR, "[info] Server started and connected successfully"
    )
    desktop(tmp_path, text + f"{stamp(HOUR)} [github] [info] Connected to MCP server github!\n")
    assert told(tmp_path) is None


def test_a_failure_from_before_the_config_was_changed_is_mild(tmp_path: Path) -> None:
    desktop(tmp_path, attempt(3 * HOUR, ENOENT, CLOSED))
    found = told(tmp_path, changed=HOUR)
    assert found is not None
    assert found.status is Status.OK
    assert "before you changed the config" in found.title


def test_an_old_failure_is_no_news(tmp_path: Path) -> None:
    desktop(tmp_path, attempt(40 * 24 * HOUR, ENOENT, CLOSED))
    assert told(tmp_path, changed=60 * 24 * HOUR) is None


def test_another_servers_failure_is_not_this_ones(tmp_path: Path) -> None:
    desktop(tmp_path, attempt(HOUR, ENOENT, CLOSED, name="slack") + attempt(HOUR, name="github"), "mcp.log")
    assert told(tmp_path) is None
    assert told(tmp_path, "slack") is not None


def test_a_file_that_was_named_is_not_what_the_log_is_about(tmp_path: Path) -> None:
    desktop(tmp_path, attempt(HOUR, ENOENT, CLOSED))
    assert told(tmp_path) is not None
    assert told(tmp_path, config=(tmp_path / ".config/Claude/claude_desktop_config.json",)) is None


def test_without_logs_nothing_is_said(tmp_path: Path) -> None:
    assert told(tmp_path) is None


@pytest.mark.skipif(IS_ROOT, reason="root reads everything")
def test_a_log_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    desktop(tmp_path, attempt(HOUR, ENOENT)).chmod(0)
    found = told(tmp_path)
    assert found is not None
    assert found.status is Status.UNKNOWN


def test_what_the_launcher_left_behind_counts_as_well(tmp_path: Path) -> None:
    folder = tmp_path / ".local/state/mcp-doctor/failures"
    folder.mkdir(parents=True)
    record = {"schema": "mcp-doctor.failure/1", "at": stamp(60), "exit_code": 78, "cause": "keyring_locked"}
    record |= {"message": "github: the keychain is locked", "server": "claude-desktop:github"}
    (folder / "1.json").write_text(json.dumps(record))
    found = told(tmp_path)
    assert found is not None
    assert (found.status, found.cause, found.outcome) == (Status.WARN, "keyring_locked", "launcher")


def test_credentials_in_a_log_are_masked(tmp_path: Path) -> None:
    token = "gh" + "p_" + "a1B2" * 9
    desktop(tmp_path, attempt(HOUR, f"[error] HttpError: Bad credentials for {token}"))
    found = told(tmp_path)
    assert found is not None
    assert "a1B2" not in repr(found)


def test_hostile_lines_are_harmless(tmp_path: Path) -> None:
    desktop(tmp_path, attempt(HOUR, "[error] \x1b]0;x\x07\x1b[2J spawn npx ENOENT [bold]", "\x00" * 5000))
    found = told(tmp_path)
    assert found is not None
    assert found.evidence[0].isprintable()


def test_a_log_of_many_megabytes_is_read_at_its_end(tmp_path: Path) -> None:
    path = desktop(tmp_path, "")
    with path.open("w") as out:
        for _ in range(300):
            out.write(f"{stamp(5 * HOUR)} [github] [info] request served {'x' * 80}\n" * 300)
        out.write(attempt(HOUR, ENOENT, CLOSED))
    began = time.process_time()
    found = told(tmp_path)
    assert found is not None
    assert found.cause == "command_not_found"
    assert time.process_time() - began < 5
    assert len(read_tail(path)) <= 256 * 1024


def test_thousands_of_files_are_bounded(tmp_path: Path) -> None:
    for number in range(700):
        desktop(tmp_path, "", f"mcp-server-x{number}.log")
    assert len(log_files(client("claude-desktop"), _host(tmp_path))) <= 200


def _claude_code(home: Path) -> None:
    folder = home / ".cache/claude-cli-nodejs/-home-me-work/mcp-logs-my-github"
    folder.mkdir(parents=True)
    rows = [
        {"debug": "Starting connection with timeout of 30000ms", "timestamp": stamp()},
        {"error": "Server stderr: Error: GITHUB_TOKEN is required\n    at main", "timestamp": stamp()},
        {"error": "Connection failed: MCP error -32000: Connection closed", "timestamp": stamp()},
    ]
    (folder / "2026.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows) + "{broken\n")


def _vscode(home: Path) -> None:
    folder = home / ".config/Code/logs/20261123T100000/window1/exthost"
    folder.mkdir(parents=True)
    (folder / "mcpServer.mcp.config.usrlocal.my-github.log").write_text(
        f"{local()} [info] Starting server my-github\n{local()} [info] Connection state: Starting\n"
        f"{local()} [warning] [server stderr] Error: GITHUB_TOKEN is required\n"
        f"{local()} [info] Connection state: Error Process exited with code 1\n"
    )


def _opencode(home: Path) -> None:
    folder = home / ".local/share/opencode/log"
    folder.mkdir(parents=True)
    at = stamp(form="%Y-%m-%dT%H:%M:%S")
    (folder / "opencode.log").write_text(
        f"INFO  {at} +1ms service=mcp key=other found\n"
        f"ERROR {at} +2ms service=mcp key=my-github error=GITHUB_TOKEN is required local mcp startup failed\n"
    )


def _copilot(home: Path) -> None:
    folder = home / ".copilot/logs"
    folder.mkdir(parents=True)
    (folder / "process-1-2.log").write_text(
        f'{stamp()} [ERROR] MCP server "my-github" process exited before completing the MCP initialize handshake '
        "(exit code 1); last stderr: GITHUB_TOKEN is required\n"
    )


def _codex(home: Path) -> None:
    folder = home / ".codex/log"
    folder.mkdir(parents=True)
    (folder / "codex-tui.log").write_text(
        f"{stamp()}  WARN codex_core: MCP client for `my-github` failed to start: GITHUB_TOKEN is required\n"
    )


FORMS: dict[str, Callable[[Path], None]] = {
    "claude-code": _claude_code,
    "vscode": _vscode,
    "opencode": _opencode,
    "copilot-cli": _copilot,
    "codex": _codex,
}


@pytest.mark.parametrize("of", FORMS)
def test_each_client_has_its_own_form(tmp_path: Path, of: str) -> None:
    FORMS[of](tmp_path)
    logs = read_logs(client(of), _host(tmp_path))
    from diagnostics.logs.last_failure import last_failure

    found = last_failure(logs, "my-github", _host(tmp_path))
    assert found is not None
    assert found.match.cause == "env_var_missing"
    assert abs(NOW() - HOUR - found.at) < 120
    assert last_failure(logs, "nobody", _host(tmp_path)) is None


@pytest.mark.parametrize("of", [each.id for each in clients().values() if any(each.logs.paths.values())])
def test_a_form_of_lines_is_a_regular_expression_of_linear_time(of: str) -> None:
    import re

    form = client(of).logs
    for pattern in (form.line, form.server_in_path):
        for text in ("a" * 4000, "[" * 4000, "2026-01-01T00:00:00Z " * 190, " " * 4000, "/MCP user-" * 400):
            began = time.thread_time()
            if pattern is not None:
                re.search(pattern, text)
            assert time.thread_time() - began < 0.2


def _host(home: Path, **env: Any) -> Host:
    return Host(Platform.LINUX, Session.LOCAL, home, home, env, os.getuid(), "me")
