"""Entries that get a variable by a reference: every client's notation, and everything else byte for byte."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.catalog.clients import client
from diagnostics.configs.client_file import document_of
from diagnostics.configs.edit import EditError, Planned, plan
from diagnostics.configs.variable_edit import plan_variables
from diagnostics.secret import Secret
from tests.diagnostics.configs.test_edit import VALUE, check_bytes, json_configs
from tests.recovery.conftest import a_host

NAME, REFERENCE = "API_TOKEN", "${SECRET:api_token}"
LAUNCHER = ("mcp-doctor", "run", "--")


def refer(text: str, notation: str, client_id: str, *way: str, names: tuple[str, ...] = (NAME,)) -> Planned:
    references = {name: f"${{SECRET:{name.lower()}}}" for name in names}
    return plan_variables(
        text, notation, client(client_id), way, references, LAUNCHER, a_host(Path("/home/x"))
    )


@given(json_configs(), st.booleans())
def test_json_keeps_all_else(config: tuple[str, str, bool], two: bool) -> None:
    text, name, _ = config
    text = text.replace(VALUE, "plain")
    names = (NAME, "SECOND") if two else (NAME,)
    done = refer(text, "json", "claude-desktop", "mcpServers", name, names=names)
    check_bytes(text, done)
    before = document_of(text, "json").data["mcpServers"]
    after = document_of(done.text, "json").data["mcpServers"]
    added = {each: f"${{SECRET:{each.lower()}}}" for each in names}
    assert after[name]["env"] == before[name].get("env", {}) | added
    assert after[name]["args"] == ["run", "--", before[name]["command"], *before[name].get("args", [])]
    assert {key: row for key, row in after.items() if key != name} == {
        key: row for key, row in before.items() if key != name
    }


@pytest.mark.parametrize(
    ("client_id", "notation", "way", "text", "expected"),
    [
        (
            "vscode", "json", ("servers", "a"),
            '{"servers": {"a": {"command": "x", "args": ["${env:API_TOKEN}"]}}}',
            '{"servers": {"a": {"command": "mcp-doctor", "args": ["run", "--", "x", "${SECRET:api_token}"]}}}',
        ),
        (
            "vscode", "json", ("servers", "a"),
            '{"servers": {"a": {"command": "mcp-doctor", "args": ["run", "--", "x"], "env": {"K": "Bearer ${env:API_TOKEN}"}}}}',
            '{"servers": {"a": {"command": "mcp-doctor", "args": ["run", "--", "x"], "env": {"K": "Bearer ${SECRET:api_token}"}}}}',
        ),
        (
            "codex", "toml", ("mcp_servers", "a"),
            '[mcp_servers.a] # a\ncommand = "x"\nenv_vars = ["API_TOKEN", "HOME"] # b\n',
            ('[mcp_servers.a] # a\nenv = { API_TOKEN = "${SECRET:api_token}" }\nargs = ["run", "--", "x"]\n'
            'command = "mcp-doctor"\nenv_vars = ["HOME"] # b\n'),
        ),
        (
            "codex", "toml", ("mcp_servers", "a"),
            "[mcp_servers.a]\ncommand = 'x'\nargs = []\n[mcp_servers.a.env] # e\nK = '1'\n",
            ('[mcp_servers.a]\ncommand = "mcp-doctor"\nargs = ["run", "--", "x"]\n[mcp_servers.a.env] # e\n'
            "API_TOKEN = \"${SECRET:api_token}\"\nK = '1'\n"),
        ),
        (
            "continue", "yaml", ("mcpServers", "0"),
            "mcpServers:\n  - name: a\n    command: x # c\n    env:\n      K: ${{ secrets.API_TOKEN }} # d\n",
            ('mcpServers:\n  - name: a\n    args: ["run", "--", "x"]\n    command: "mcp-doctor" # c\n    env:\n'
            '      K: "${SECRET:api_token}" # d\n'),
        ),
        (
            "vscode", "json", ("servers", "a"),
            '{"servers": {"a": {"command": "podman", "args": ["--log-level", "info", "run", "--rm", "i"]}}}',
            ('{"servers": {"a": {"env": {"API_TOKEN": "${SECRET:api_token}"}, "command": "mcp-doctor", '
            '"args": ["run", "--", "podman", "--log-level", "info", "run", "-e", "API_TOKEN", "--rm", "i"]}}}'),
        ),
        (
            "vscode", "json", ("servers", "a"),
            '{"servers": {"a": {"command": "npx", "args": ["mcp-remote", "u", "--header", "A:${API_TOKEN}"]}}}',
            ('{"servers": {"a": {"env": {"API_TOKEN": "${SECRET:api_token}"}, "command": "mcp-doctor", '
            '"args": ["run", "--", "npx", "mcp-remote", "u", "--header", "A:${API_TOKEN}"]}}}'),
        ),
    ],
)  # fmt: skip
def test_each_place_gets_the_reference(
    client_id: str, notation: str, way: tuple[str, ...], text: str, expected: str
) -> None:
    done = refer(text, notation, client_id, *way)
    assert done.text == expected
    check_bytes(text, done)


def test_an_entry_with_a_value_of_its_own_keeps_it() -> None:
    text = '{"servers": {"a": {"command": "x", "args": ["y"], "env": {"API_TOKEN": "mine"}}}}'
    assert '"API_TOKEN": "mine"' in refer(text, "json", "vscode", "servers", "a").text


@pytest.mark.parametrize(
    ("client_id", "notation", "way", "text", "said"),
    [
        ("vscode", "json", ("servers", "a"), '{"servers": {"a": {"url": "https://x"}}}', "by its address"),
        ("codex", "toml", ("mcp_servers", "a"), '[mcp_servers.a]\nurl = "https://x"\n', "by its address"),
        ("jetbrains", "xml", ("a",), "<application/>", "XML are not edited"),
        ("vscode", "json", ("servers", "b"), '{"servers": {"a": {"command": "x"}}}', "no longer there"),
    ],
)
def test_what_can_not_be_served_is_said(
    client_id: str, notation: str, way: tuple[str, ...], text: str, said: str
) -> None:
    with pytest.raises(EditError, match=said):
        refer(text, notation, client_id, *way)


# ── credentials within other texts ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("secret", "old", "new"),
    [
        ("pw", "postgres://u:pw@h/pw", "postgres://u:${SECRET:github_token}@h/pw"),
        (VALUE, f"--token={VALUE}", "--token=${SECRET:github_token}"),
        (VALUE, f"${{API_TOKEN:-{VALUE}}}", "${SECRET:github_token}"),
        (VALUE, f"Bearer {VALUE}", "Bearer ${SECRET:github_token}"),
    ],
)
def test_a_credential_within_an_argument(secret: str, old: str, new: str) -> None:
    text = f'{{"mcpServers": {{"a": {{"command": "x", "args": ["-y", "{old}"]}}}}}}'
    done = plan(
        text,
        "json",
        client("claude-desktop"),
        ("mcpServers", "a"),
        Secret(secret),
        "${SECRET:github_token}",
        LAUNCHER,
    )
    assert done.text == text.replace(old, new).replace('"x"', '"mcp-doctor"').replace(
        '["-y"', '["run", "--", "x", "-y"'
    )
    assert re.search(r"args\[1\]", done.fields[0])


def test_a_short_word_is_no_part_of_another() -> None:
    text = '{"mcpServers": {"a": {"command": "x", "args": ["--pw", "http://pw/pw"]}}}'
    with pytest.raises(EditError):
        plan(
            text, "json", client("claude-desktop"), ("mcpServers", "a"), Secret("pw"), "${SECRET:x}", LAUNCHER
        )
