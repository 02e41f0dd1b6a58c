"""Files of clients, extensions and programs with anything in them: nothing raises, and what is said is clean text."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnostics import report, runner
from diagnostics.check import Check, Verdict
from diagnostics.connections.connection import read_connection
from diagnostics.connections.kind import kind_named
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Platform, Session, Status
from diagnostics.oauth import mcp_remote
from diagnostics.report import text
from recovery.planner import names_for
from tests.support.configured import HeldStore

ODD: list[Any] = [
    "", "a", "x" * 300, "/" + "y" * 5000, "\x1b]0;own\x07", "\x1b[31mred", "\u202eevil", "\ud800", "a\x00b",
    "[red]x[/red]", "..", "${user_config.key}", "$&$&$`", "__encrypted__:xx", "https://u:p@h.invalid:99999/p",
    "http://[::1", "postgresql://:::@@//", "redis://\ud800:p@h", "${SECRET:\x1b[2J}", "${env:A:-\x1b[1m}", "%ff%00",
    "~nosuch/x", "*" * 40, "1e999", "9" * 400, None, True, 0, -1, 10**400, float("inf"), float("nan"), [], {}, ["a"],
    {"type": []}, {"a": {"b": None}},
]  # fmt: skip


def _spoilt(value: Any, chance: random.Random) -> Any:
    """The document with some of its parts, whatever they are, replaced by odd ones."""
    if chance.random() < 0.1:
        return chance.choice(ODD)
    if isinstance(value, dict):
        return {key: _spoilt(each, chance) for key, each in value.items() if chance.random() > 0.04}
    return [_spoilt(each, chance) for each in value] if isinstance(value, list) else value


def _documents(home: Path, odd: Callable[[], Any]) -> dict[str, Any]:
    servers = {
        "a": {"command": "node", "args": ["a", odd()], "env": {"A_TOKEN": odd(), "DATABASE_URL": odd()}, "cwd": odd()},
        "h": {"type": "http", "url": "https://a.invalid/mcp", "headers": {"Authorization": odd()}},
        "r": {"command": "npx", "args": ["mcp-remote", odd(), "--header", odd(), "--authorize-param", "\ud800=x"]},
    }  # fmt: skip
    login = {
        "serverName": "h",
        "serverUrl": "https://a.invalid/mcp",
        "accessToken": odd(),
        "expiresAt": odd(),
    }
    tokens = {"access_token": "a", "refresh_token": odd(), "expires_in": odd(), "expires_at": odd()}
    project = {"mcpServers": servers, "disabledMcpServers": ["x"], "hasTrustDialogAccepted": False}
    setting = {
        "type": "number",
        "title": "K",
        "sensitive": True,
        "required": True,
        "default": odd(),
        "min": odd(),
    }
    start = {
        "command": "node",
        "args": ["${user_config.key}"],
        "env": {"H": "${user_config.key}", "T": odd()},
    }
    manifest = {
        "manifest_version": "0.3", "name": "x", "version": "1", "description": "d", "author": {"name": "a"},
        "server": {"type": "node", "entry_point": "i.js", "mcp_config": start}, "user_config": {"key": setting},
        "compatibility": {"platforms": ["linux"]},
    }  # fmt: skip
    key = mcp_remote.Parts("https://a.invalid/mcp").key()
    return {
        ".claude.json": {"mcpServers": servers, "projects": {str(home): project}},
        ".mcp.json": {"mcpServers": servers},
        ".claude/settings.json": {"allowedMcpServers": [{"serverName": "a"}, {"serverUrl": "*"}]},
        ".claude/.credentials.json": {"mcpOAuth": {"h|0": login}},
        ".claude/plugins/installed_plugins.json": {"plugins": {"p@m": [{"installPath": str(home)}], "q": [{"installPath": odd()}]}},
        ".claude-plugin/plugin.json": {"name": "p", "mcpServers": odd()},
        ".config/Claude/Claude Extensions/local.x/manifest.json": manifest,
        ".config/Claude/Claude Extensions Settings/local.x.json": {"isEnabled": True, "userConfig": {"key": odd()}},
        ".config/Claude/extensions-installations.json": {"extensions": {"local.x": {}, "gone": {}}},
        ".gemini/settings.json": {"mcpServers": servers, "security": {"folderTrust": {"enabled": True}}},
        ".gemini/trustedFolders.json": {str(home): "TRUST_FOLDER", "x": odd()},
        ".gemini/extensions/e/gemini-extension.json": {"name": "e", "mcpServers": servers, "settings": [{"envVar": "A"}]},
        ".gemini/extensions/extension-enablement.json": {"e": {"overrides": ["!/*", odd()]}},
        ".kiro/settings/cli.json": {"kiroAgent.mcpApprovedEnvVars": ["A"]},
        ".kiro/settings/mcp.json": {"mcpServers": servers},
        ".vscode/mcp.json": {"servers": {"i": {"command": "x", "env": {"A": "${input:x}"}}}, "inputs": [{"id": "x", "type": odd()}]},
        ".config/goose/config.yaml": {"extensions": {"a": {"type": odd(), "cmd": "x"}}},
        f".mcp-auth/mcp-remote-v1/{key}_tokens.json": tokens,
    }  # fmt: skip


def _log(odd: Callable[[], Any]) -> str:
    lines = [
        f"{start}{odd()}"
        for start in ("2025-01-01T00:00:00.000Z [a] [error] ", "0001-01-01T00:00:00Z [x] ", "")
    ]
    return "\n".join([*lines, json.dumps({"error": odd(), "timestamp": odd()})])


@pytest.mark.parametrize("seed", range(12))
def test_whatever_stands_in_a_file(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    documents = _documents(tmp_path, lambda: chance.choice(ODD))
    for name, document in documents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_spoilt(document, chance)), encoding="utf-8")
    for name in (".config/Claude/logs/mcp-server-a.log", ".cache/claude-cli-nodejs/x/mcp-logs-a/1.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_log(lambda: chance.choice(ODD)).encode("utf-8", "replace"))
    broke: list[BaseException] = []
    real = runner._broke

    def noted(one: Check, error: BaseException) -> Verdict:
        broke.append(error)
        return real(one, error)

    monkeypatch.setattr(runner, "_broke", noted)
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {"PATH": "/nowhere", "A": "\x1b[31m"})
    options = Options(offline=True, timeout=5.0)
    files = discover(host, options)
    context = Context(host, options, files, [one for each in files for one in each.servers], HeldStore({}))
    made = report.build(context, list(runner.diagnose(context)), names_for)
    said = text.render(made, colour=False, ascii_only=False, width=200) + json.dumps(made, ensure_ascii=False)
    assert not broke
    assert said.replace("\n", "").replace("\u00a0", " ").isprintable()


@pytest.mark.parametrize(
    "value",
    ["=" + "a" * 400_000, "postgres://" + "@?a=1&" * 60_000, "host=x" + " " * 400_000 + "!"],
    ids=["words", "at signs", "blanks"],
)
def test_a_connection_url_made_to_be_slow(value: str) -> None:
    kind = kind_named("DATABASE_URL")
    began = time.process_time()
    read_connection(value, kind)
    read_connection(value[:8000], kind)
    assert time.process_time() - began < 2


def test_a_folder_with_a_name_beyond_all_limits(tmp_path: Path) -> None:
    (tmp_path / ".claude/plugins").mkdir(parents=True)
    plugins = {"p@m": [{"installPath": "/" + "z" * 5000}]}
    (tmp_path / ".claude/plugins/installed_plugins.json").write_text(json.dumps({"plugins": plugins}))
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {})
    problems = [problem.outcome for each in discover(host, Options()) for problem in each.problems]
    assert "plugin-gone" in problems


@pytest.mark.parametrize("kind", [[], {}, [[]]])
def test_the_kind_of_an_entry_is_no_text(kind: object, tmp_path: Path) -> None:
    (tmp_path / ".config/goose").mkdir(parents=True)
    config = {"extensions": {"a": {"type": kind, "cmd": "x"}}}
    (tmp_path / ".config/goose/config.yaml").write_text(json.dumps(config))
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {})
    assert any(each.client == "goose" for each in discover(host, Options()))


def test_more_servers_than_anybody_has(tmp_path: Path) -> None:
    config = {"mcpServers": {f"s{number}": {"command": "x"} for number in range(20_000)}}
    (tmp_path / ".mcp.json").write_text(json.dumps(config))
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {})
    files = [each for each in discover(host, Options(client="claude-code")) if each.scope == "project"]
    assert [(each.status, [one.outcome for one in each.problems]) for each in files] == [
        (Status.FAIL, ["too-large"])
    ]
