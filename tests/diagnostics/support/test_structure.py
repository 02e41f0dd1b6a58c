"""Config files as structure: keys, kinds and lengths; no value of any kind ever."""

import json
import os
from pathlib import Path

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.support.structure import shape, structure
from tests.support import tokens
from tests.support.configured import HeldStore


def test_values_become_kinds_and_lengths() -> None:
    token = tokens.github("structure")
    given = {
        "type": "stdio",
        "command": "npx",
        "args": ["-y", "@acme/server@1.2", "--token", token, "--hunter2", "/home/alice/x", "a b"],
        "env": {
            "A": "${SECRET:a_b}",
            "B": "Bearer ${C:-fallback1}",
            "D": "",
            "E": "${SECRET:",
            "F": "plainword",
        },
        "url": "https://internal.acme/x",
        "on": True,
        "port": 8443,
        "none": None,
    }
    told = shape(given)
    assert told == {
        "type": "stdio",
        "command": "npx",
        "args": [
            "-y",
            "a package with its version, 9 to 20 characters",
            "--token",
            "text, 21 to 60 characters, looks like a credential",
            "text, 9 to 20 characters",
            "a path, 9 to 20 characters",
            "words, 1 to 8 characters",
        ],
        "env": {
            "A": "reference ${SECRET:name} to a_b",
            "B": "text, 21 to 60 characters, with reference ${VAR:-default} to C",
            "D": "empty",
            "E": "a broken reference, 9 to 20 characters",
            "F": "text, 9 to 20 characters",
        },
        "url": "an address, 21 to 60 characters",
        "on": True,
        "port": "a number",
        "none": None,
    }
    said = json.dumps(told)
    for each in ("acme", token[4:14], "hunter2", "alice", "fallback1", "plainword", "8443"):
        assert each not in said


def test_what_is_deep_or_long_is_cut_short() -> None:
    deep: object = "x"
    for _ in range(50):
        deep = {"a": deep}
    assert len(json.dumps(shape(deep))) < 100
    assert shape(["x"] * 500)[-1] == "… 440 more"


def test_files_of_every_notation_and_broken_ones_are_told(tmp_path: Path) -> None:
    (tmp_path / ".cursor").mkdir()
    (tmp_path / ".cursor/mcp.json").write_text(
        '{"mcpServers": {"a": {"command": "npx", "env": {"K": "v4lue"}}}, "private": 1}'
    )
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex/config.toml").write_text(
        '[mcp_servers.b]\ncommand = "npx"\nbearer_token_env_var = "T"\n'
    )
    (tmp_path / ".claude.json").write_text('{"mcpServers": {"c": {"command": "v4lue" oops')
    host = Host(
        Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {}, os.getuid() if hasattr(os, "getuid") else 0
    )
    files = discover(host, Options())
    context = Context(host, Options(), files, [one for each in files for one in each.servers], HeldStore({}))
    told = {each["client"]: each for each in structure(context)}
    entries = told["cursor"]["entries"]
    assert entries == {
        "a (below mcpServers, line 1)": {"command": "npx", "env": {"K": "text, 1 to 8 characters"}}
    }
    assert told["codex"]["notation"] == "toml"
    assert list(told["codex"]["entries"]) == ["b (below mcp_servers, line 1)"]
    assert told["claude-code"]["entries"] == "not to be had: line 1 can't be parsed"
    assert "v4lue" not in json.dumps(list(told.values()))
    assert "private" not in json.dumps(list(told.values()))
