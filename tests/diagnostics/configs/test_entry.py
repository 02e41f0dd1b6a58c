"""One entry at a time: what is read, and what its client would trip over."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.catalog.clients import clients
from tests.support.configs import read_entry


def outcomes(row: Any, client_id: str = "claude-code", name: str = "it") -> list[tuple[str, bool]]:
    _, problems = read_entry(row, client_id, name)
    return [(each.outcome, each.fatal) for each in problems]


def test_a_command_with_everything() -> None:
    server, problems = read_entry(
        {
            "command": "npx", "args": ["-y", "x"], "env": {"A": "b"}, "cwd": "/w", "envFile": "/e", "disabled": True,
        },
        "cursor",
    )  # fmt: skip
    assert not problems
    assert (server.id, server.name, server.client, server.transport) == ("cursor:it", "it", "cursor", "stdio")
    assert (server.command, server.cwd, server.env_file, server.disabled) == ("npx", "/w", "/e", True)
    assert [each.reveal() for each in server.args] == ["-y", "x"]
    assert {name: each.reveal() for name, each in server.env.items()} == {"A": "b"}
    assert server.line == 3


def test_values_do_not_show_in_the_server() -> None:
    value = "hidden" + "value"
    server, _ = read_entry({"command": "x", "args": [value], "env": {"A": value}, "headers": {"B": value}})
    assert value not in repr(server)


@pytest.mark.parametrize(
    ("row", "client_id", "transport"),
    [
        ({"type": "http", "url": "https://x"}, "claude-code", "http"),
        ({"type": "streamable-http", "url": "https://x"}, "claude-code", "http"),
        ({"type": "sse", "url": "https://x"}, "claude-code", "sse"),
        ({"url": "https://x/mcp"}, "cursor", "http"),
        ({"serverUrl": "https://x"}, "windsurf", "http"),
        ({"httpUrl": "https://x"}, "gemini", "http"),
        ({"url": "https://x"}, "gemini", "sse"),
        ({"url": "https://x"}, "vscode", "http"),
        ({"type": "sse", "url": "https://x"}, "vscode", "sse"),
        ({"command": "x"}, "codex", "stdio"),
        ({"url": "https://x"}, "codex", "http"),
    ],
)
def test_transports(row: dict[str, Any], client_id: str, transport: str) -> None:
    server, problems = read_entry(row, client_id)
    assert server.transport == transport
    assert not problems


def test_codex_names_variables_instead_of_values() -> None:
    server, problems = read_entry(
        {
            "url": "https://x", "bearer_token_env_var": "TOKEN", "env_http_headers": {"X-Key": "KEY"},
            "http_headers": {"A": "b"}, "env_vars": ["ONE", {"name": "TWO", "source": "local"}], "enabled": False,
        },
        "codex",
    )  # fmt: skip
    assert not problems
    assert server.bearer_env == "TOKEN"
    assert dict(server.env_headers) == {"X-Key": "KEY"}
    assert list(server.headers) == ["A"]
    assert server.env_names == ("ONE", "TWO")
    assert server.disabled


@pytest.mark.parametrize(
    ("row", "client_id", "outcome", "fatal"),
    [
        ("npx foo", "claude-code", "entry-not-object", True),
        (None, "claude-code", "entry-not-object", True),
        ({}, "claude-code", "no-command-nor-url", True),
        ({"type": "stdio"}, "claude-code", "no-command", True),
        ({"type": "http"}, "claude-code", "no-url", True),
        ({"url": "https://x"}, "claude-code", "url-without-type", True),
        ({"url": "https://x"}, "claude-desktop", "remote-not-supported", True),
        ({"command": "x", "url": "https://x"}, "cursor", "command-and-url", False),
        ({"command": "x", "type": "telepathy"}, "cursor", "unknown-type", False),
        ({"command": ["npx", "x"]}, "cursor", "command-is-list", True),
        ({"command": 7}, "cursor", "command-not-text", True),
        ({"command": "npx -y foo"}, "cursor", "command-with-arguments", False),
        ({"command": "x", "args": "-y foo"}, "cursor", "args-not-list", True),
        ({"command": "x", "args": [1]}, "claude-code", "arg-not-text", True),
        ({"command": "x", "args": [1]}, "cursor", "arg-not-text", False),
        ({"command": "x", "env": {"A": 1}}, "claude-code", "value-not-text", True),
        ({"command": "x", "env": {"A": True}}, "vscode", "value-not-text", False),
        ({"command": "x", "env": ["A=b"]}, "cursor", "not-a-map", True),
        ({"url": "https://x", "headers": "A: b"}, "cursor", "not-a-map", True),
        ({"command": "x", "cwd": 3}, "cursor", "field-not-text", False),
        ({"url": "https://x", "bearer_token": "abc"}, "codex", "rejected-field", True),
        ({"transport": {"type": "http", "url": "https://x"}}, "cursor", "nested-transport", False),
        ({"command": "x", "envFile": ".env"}, "claude-code", "ignored-field", False),
        ({"command": "x", "disabled": True}, "claude-code", "ignored-switch", False),
        ({"command": "x", "disabled": True}, "vscode", "ignored-switch", False),
        ({"command": "x", "timeout": 60}, "gemini", "timeout-too-short", False),
        ({"command": "x", "timeout": 60000}, "cline", "timeout-too-long", False),
        ({"command": "x", "timeout": 60000}, "roo", "timeout-too-long", False),
        (
            {"command": "docker", "args": ["run", "i"], "env": {"A": "b"}},
            "cursor",
            "env-stays-outside",
            False,
        ),
        (
            {"command": "podman", "args": ["run", "-e", "B", "i"], "env": {"A": "b", "B": "c"}},
            "cursor",
            "env-stays-outside",
            False,
        ),
        ({"command": "C:\temp\node.exe"}, "cursor", "eaten-backslash", True),
        ({"command": "node", "args": ["C:\new\run.js"]}, "cursor", "eaten-backslash", True),
    ],
)
def test_mistakes(row: Any, client_id: str, outcome: str, fatal: bool) -> None:
    assert outcomes(row, client_id) == [(outcome, fatal)]


@pytest.mark.parametrize(
    ("row", "client_id"),
    [
        ({"command": "/Applications/My App.app/run"}, "cursor"),
        ({"command": "C:\\Program Files\\nodejs\\node.exe"}, "cursor"),
        ({"command": "x", "env": {"A": 1, "B": None}}, "vscode"),
        ({"command": "node", "args": ["C:\\temp\\run.js", "a\tb"]}, "cursor"),
        ({"settings": {}}, "zed"),
        ({"command": "x", "disabled": False, "envFile": ""}, "claude-code"),
        ({"command": "x", "timeout": 60000}, "gemini"),
        ({"command": "x", "timeout": 60}, "cline"),
        ({"command": "x", "timeout": True}, "gemini"),
        ({"transport": {"type": "sse", "url": "https://x"}}, "cline"),
        ({"transportType": "streamableHttp", "url": "https://x"}, "cline"),
        ({"command": "docker", "args": ["run", "-e", "A", "i"], "env": {"A": "b"}}, "cursor"),
        ({"command": "docker", "args": ["run", "--env=A=b", "i"], "env": {"A": "b"}}, "cursor"),
        ({"command": "docker", "args": ["run", "--env-file", "f", "i"], "env": {"A": "b"}}, "cursor"),
        ({"command": "docker", "args": ["run", "i"], "env": {"DOCKER_HOST": "b"}}, "cursor"),
        ({"command": "docker", "args": ["mcp", "gateway"], "env": {"A": "b"}}, "cursor"),
        ({"type": "local", "command": ["npx", "x"], "environment": {"A": "b"}}, "opencode"),
    ],
)
def test_what_is_no_mistake(row: Any, client_id: str) -> None:
    assert not outcomes(row, client_id)


def test_a_mistake_names_its_line_and_the_rest_is_read() -> None:
    server, problems = read_entry({"command": "x", "args": "oops", "env": {"A": "b"}})
    assert [each.line for each in problems] == [5]
    assert server.command == "x"
    assert list(server.env) == ["A"]


@pytest.mark.parametrize("name", ["a\x1b[31mred", "a\nb", "\u202eevil", "  ", "\x00"])
def test_names_with_control_characters_are_harmless_and_reported(name: str) -> None:
    server, problems = read_entry({"command": "x"}, name=name)
    assert [each.outcome for each in problems] == ["odd-name"]
    assert not problems[0].fatal
    # what is shown and put into ids goes through `clean` in discovery; see test_discovery
    assert server.transport == "stdio"


@pytest.mark.parametrize(
    ("command", "args", "launched"),
    [
        ("mcp-doctor", ["run", "--", "npx", "x"], True),
        ("/home/a/.local/bin/mcp-credential-doctor", ["run", "--", "x"], True),
        ("C:\\bin\\mcp-doctor.exe", ["run", "x"], True),
        ("mcp-doctor", ["--no-color", "run", "x"], True),
        ("uvx", ["mcp-credential-doctor", "run", "--", "x"], True),
        ("uvx", ["--from", "mcp-credential-doctor", "mcp-doctor", "run", "--", "x"], True),
        ("pipx", ["run", "mcp-credential-doctor", "run", "--", "x"], True),
        ("uv", ["tool", "run", "mcp-credential-doctor", "run", "--", "x"], True),
        ("python3", ["-m", "tui", "run", "--", "x"], True),
        ("python3.12", ["-I", "-m", "tui.cli", "run", "--", "x"], True),
        ("mcp-doctor", ["check"], False),
        ("mcp-doctor", [], False),
        ("npx", ["mcp-doctor", "run"], False),
        ("pipx", ["run", "mcp-credential-doctor"], False),
        ("uvx", ["other", "run"], False),
        ("python3", ["-m", "http.server", "run"], False),
        ("my-mcp-doctor", ["run"], False),
    ],
)
def test_entries_that_start_the_launcher(command: str, args: list[str], launched: bool) -> None:
    server, _ = read_entry({"command": command, "args": args}, "cursor")
    assert server.launcher is launched


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "command", "args", "env", "url", "httpUrl", "serverUrl", "headers", "type", "transport", "cwd", "envFile", "env_vars",
    "disabled", "enabled", "bearer_token_env_var", "env_http_headers", "environment", "bearer_token",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), anything) | anything, st.sampled_from(sorted(clients())))
def test_any_entry_is_read_without_raising(row: Any, client_id: str) -> None:
    server, problems = read_entry(json.loads(json.dumps(row)), client_id)
    assert server.transport in {"stdio", "http", "sse"}
    assert all(each.server == server.id and each.line for each in problems)
