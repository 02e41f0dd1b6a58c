"""`mcp-doctor clients`: all of the catalogue, readable at 80 columns."""

import json
from pathlib import Path

import pytest

from diagnostics.catalog.clients import GENERIC, clients
from tests.support.configs import write
from tests.support.forking import REPO, python


def said(home: Path, *words: str) -> str:
    env = {"HOME": str(home), "PYTHONPATH": str(REPO), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = python("-m", "tui", "clients", *words, env=env, cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_client_has_a_block_and_those_with_files_come_first(tmp_path: Path) -> None:
    write(tmp_path / ".config/zed/settings.json", {"context_servers": {"a": {"command": "x"}}})
    text = said(tmp_path)
    blocks = text.split("\n\n")
    assert "1 of them" in blocks[0]
    assert len(blocks) == len(clients())  # the first says how many; the generic one is left out
    assert blocks[1].startswith("Zed (zed), JSON")
    assert "* ~/.config/zed/settings.json" in blocks[1]
    assert text.count("* ~/") == 1
    for each in clients().values():
        assert (f"({each.id})" in text) == (each.id != GENERIC)


def test_only_paths_are_wider_than_80_columns(tmp_path: Path) -> None:
    wide = [line for line in said(tmp_path).splitlines() if len(line) > 80]
    assert [line for line in wide if "/" not in line] == []


@pytest.mark.parametrize(
    ("client", "key", "value"),
    [
        ("claude-code", "expands", ["${VAR:-default}", "${VAR}"]),
        ("claude-code", "moved_by", ["CLAUDE_CONFIG_DIR"]),
        ("gemini", "unset", {"env": "empty", "headers": "empty", "*": "literal"}),
        ("codex", "by_name", ["env_vars", "env_http_headers", "bearer_token_env_var"]),
        ("codex", "exports", "allowed"),
        ("amazonq", "exports_override_entry", True),
        ("zed", "logs", ["~/.local/share/zed/logs/Zed.log"]),
        ("junie", "expands_established", False),
    ],
)
def test_programs_get_all_of_it(tmp_path: Path, client: str, key: str, value: object) -> None:
    rows = {each["id"]: each for each in json.loads(said(tmp_path, "--format", "json"))}
    assert rows[client][key] == value


def test_hostile_names_of_folders_are_shown_as_plain_text(tmp_path: Path) -> None:
    home = tmp_path / "a\x1b[31mb"
    write(home / ".cursor/mcp.json", {"mcpServers": {}})
    write(home / ".continue/mcpServers/x\x1b]0;y\x07.yaml", "mcpServers: []")
    assert "\x1b" not in said(home)
