"""What clients' own state says about starting a server, and the servers that plugins and extensions bring."""

import dataclasses
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

import diagnostics.clients.claude_code
from diagnostics.catalog.clients import Client, ConfigPlace, client
from diagnostics.check import Verdict, all_checks
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Status, Syntax
from diagnostics.runner import diagnose
from tests.support.configs import a_context, a_host, ask, worded, write

ENTRY = {"command": "npx", "args": ["-y", "x"]}
GIT = {"mcpServers": {"git": ENTRY}}


def context_of(home: Path, name: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Context:
    host = a_host(home, env, cwd=cwd)
    return a_context(discover(host, Options(client=name)), host)


def verdicts(context: Context) -> dict[str, list[Verdict]]:
    """By server's name; every finding's words are filled in on the way."""
    worded("config.approval", context)
    return {each.name: ask("config.approval", context, each) for each in context.servers}


def outcomes(context: Context) -> dict[str, list[str]]:
    return {name: [each.outcome for each in said] for name, said in verdicts(context).items()}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A project with a server, whose person has used Claude Code before."""
    write(tmp_path / "repo/.mcp.json", GIT)
    write(tmp_path / ".claude.json", {"projects": {}})
    return tmp_path / "repo"


def project(repo: Path, **row: Any) -> None:
    write(repo.parent / ".claude.json", {"projects": {str(repo): row}})


def test_claude_code_was_never_used_here(tmp_path: Path) -> None:
    write(tmp_path / "repo/.mcp.json", GIT)
    assert outcomes(context_of(tmp_path, "claude-code", tmp_path / "repo")) == {"git": []}


def test_pending(repo: Path) -> None:
    (verdict,) = verdicts(context_of(repo.parent, "claude-code", repo))["git"]
    assert (verdict.outcome, verdict.status, verdict.cause) == ("pending", Status.WARN, "server_not_approved")


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({"enabledMcpjsonServers": ["git"]}, []),
        ({"enabledMcpjsonServers": ["other"]}, ["pending"]),
        ({"disabledMcpjsonServers": ["git"]}, ["rejected"]),
        ({"enabledMcpjsonServers": ["git"], "disabledMcpjsonServers": ["git"]}, ["rejected"]),
        ({"enabledMcpjsonServers": ["git"], "disabledMcpServers": ["git"]}, ["switched-off"]),
        ({"enabledMcpjsonServers": ["git"], "hasTrustDialogAccepted": False}, ["folder-pending"]),
        ({"enabledMcpjsonServers": ["git"], "hasTrustDialogAccepted": True}, []),
        ({"enabledMcpjsonServers": "git"}, ["pending"]),
    ],
)
def test_what_the_person_answered(repo: Path, row: dict[str, Any], outcome: list[str]) -> None:
    project(repo, **row)
    assert outcomes(context_of(repo.parent, "claude-code", repo)) == {"git": outcome}


def test_asked_from_a_folder_below(repo: Path) -> None:
    (repo / "src").mkdir()
    project(repo, enabledMcpjsonServers=["git"])
    assert outcomes(context_of(repo.parent, "claude-code", repo / "src")) == {"git": []}


@pytest.mark.parametrize(
    ("where", "settings", "outcome"),
    [
        (".claude/settings.json", {"enableAllProjectMcpServers": True}, []),
        ("repo/.claude/settings.local.json", {"enabledMcpjsonServers": ["git"]}, []),
        ("repo/.claude/settings.json", {"enabledMcpjsonServers": ["git"]}, ["approved-by-repository"]),
        ("repo/.claude/settings.json", {"enableAllProjectMcpServers": True}, ["approved-by-repository"]),
        ("repo/.claude/settings.json", {"disabledMcpjsonServers": ["git"]}, ["rejected"]),
        (".claude/settings.json", "{broken", ["pending"]),
        (".claude/settings.json", {"deniedMcpServers": [{"serverName": "git"}]}, ["denied"]),
        (".claude/settings.json", {"allowedMcpServers": [{"serverName": "other"}]}, ["not-allowed"]),
    ],
)
def test_what_settings_say(repo: Path, where: str, settings: Any, outcome: list[str]) -> None:
    write(repo.parent / where, settings)
    assert outcomes(context_of(repo.parent, "claude-code", repo)) == {"git": outcome}


def test_a_named_file_is_not_asked_about(repo: Path) -> None:
    host = a_host(repo.parent, cwd=repo)
    context = a_context(discover(host, Options(config=(repo / ".mcp.json",))), host)
    assert outcomes(context) == {"git": []}


@pytest.fixture
def organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The organisation's folder, in a place that a test may write to."""
    folder = tmp_path / "organisation"
    real = client("claude-code")
    place = ConfigPlace(
        "managed", dict.fromkeys(("linux", "macos", "windows"), (str(folder / "managed-mcp.json"),))
    )
    moved = dataclasses.replace(
        real, places=[place, *(each for each in real.places if each.scope != "managed")]
    )

    def with_moved(client_id: str) -> Client:
        return moved if client_id == "claude-code" else client(client_id)

    monkeypatch.setattr(diagnostics.clients.claude_code, "client", with_moved)
    return folder


HTTP = {"type": "http", "url": "https://mcp.example.com/v1"}


@pytest.mark.parametrize(
    ("policy", "blocked"),
    [
        ({"deniedMcpServers": [{"serverName": "git"}]}, {"git": "denied-by-policy"}),
        ({"deniedMcpServers": [{"serverCommand": ["npx", "-y", "x"]}]}, {"git": "denied-by-policy"}),
        ({"deniedMcpServers": [{"serverCommand": ["npx", "-y"]}]}, {}),
        ({"deniedMcpServers": [{"serverUrl": "https://*.example.com/*"}]}, {"web": "denied-by-policy"}),
        ({"allowedMcpServers": []}, {"git": "not-allowed-by-policy", "web": "not-allowed-by-policy"}),
        ({"allowedMcpServers": [{"serverName": "git"}]}, {"web": "not-allowed-by-policy"}),
        (
            {
                "allowedMcpServers": [
                    {"serverName": "git"},
                    {"serverName": "web"},
                    {"serverCommand": ["other"]},
                ]
            },
            {"git": "not-allowed-by-policy"},
        ),
        ({"allowedMcpServers": [{"serverName": "git"}, {"serverUrl": "https://mcp.example.com/*"}]}, {}),
        (
            {"allowedMcpServers": [{"serverName": "git"}], "deniedMcpServers": [{"serverName": "git"}]},
            {"git": "denied-by-policy", "web": "not-allowed-by-policy"},
        ),
        ({"allowedMcpServers": "all", "deniedMcpServers": [1, None, {}]}, {}),
        ("{broken", {}),
    ],
)
def test_the_organisations_rules(
    tmp_path: Path, organisation: Path, policy: Any, blocked: dict[str, str]
) -> None:
    write(organisation / "managed-settings.json", policy)
    write(tmp_path / ".claude.json", {"mcpServers": {"git": ENTRY, "web": HTTP}})
    context = context_of(tmp_path, "claude-code", tmp_path)
    assert {name: said[0] for name, said in outcomes(context).items() if said} == blocked


def test_who_may_widen_the_list(tmp_path: Path, organisation: Path) -> None:
    write(organisation / "managed-settings.json", {"allowedMcpServers": [{"serverName": "web"}]})
    write(tmp_path / ".claude/settings.json", {"allowedMcpServers": [{"serverName": "git"}]})
    write(tmp_path / ".claude.json", GIT)
    context = context_of(tmp_path, "claude-code", tmp_path)
    assert outcomes(context) == {"git": []}
    write(organisation / "managed-settings.d/10-only.json", {"allowManagedMcpServersOnly": True})
    assert outcomes(context) == {"git": ["not-allowed-by-policy"]}
    assert verdicts(context)["git"][0].status is Status.FAIL


def a_plugin(home: Path, name: str = "tools@market", **row: Any) -> Path:
    root = home / ".claude/plugins/cache/market/tools/1.0.0"
    root.mkdir(parents=True, exist_ok=True)
    listed = {"version": 2, "plugins": {name: [{"scope": "user", "installPath": str(root), **row}]}}
    write(home / ".claude/plugins/installed_plugins.json", listed)
    return root


INLINE = {"command": "${CLAUDE_PLUGIN_ROOT}/run", "env": {"T": "${TOKEN}"}}


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({".mcp.json": {"mcpServers": {"db": INLINE}}}, ["plugin:tools:db"]),
        ({".mcp.json": {"db": INLINE}}, ["plugin:tools:db"]),
        (
            {".claude-plugin/plugin.json": {"name": "tools", "mcpServers": {"db": INLINE}}},
            ["plugin:tools:db"],
        ),
        (
            {
                ".claude-plugin/plugin.json": {"mcpServers": "./conf/servers.json"},
                "conf/servers.json": {"db": INLINE},
            },
            ["plugin:tools:db"],
        ),
        ({".claude-plugin/plugin.json": {"mcpServers": "../../../../../../.claude.json"}}, []),
        ({".claude-plugin/plugin.json": {"name": "tools"}}, []),
    ],
)
def test_servers_of_plugins(tmp_path: Path, files: dict[str, Any], names: list[str]) -> None:
    root = a_plugin(tmp_path)
    for name, content in files.items():
        write(root / name, content)
    context = context_of(tmp_path, "claude-code")
    assert [each.name for each in context.servers] == names
    for server in context.servers:
        assert (server.command, server.scope) == (f"{root}/run", "extension")
        assert [each.name for each in server.references] == ["TOKEN"]


def test_a_plugin_that_is_switched_off(tmp_path: Path) -> None:
    write(a_plugin(tmp_path) / ".mcp.json", {"db": INLINE})
    write(tmp_path / ".claude/settings.json", {"enabledPlugins": {"tools@market": False}})
    context = context_of(tmp_path, "claude-code")
    assert context.servers[0].disabled
    assert outcomes(context) == {"plugin:tools:db": ["plugin-off"]}


def test_a_plugin_of_another_project(tmp_path: Path) -> None:
    write(
        a_plugin(tmp_path, scope="project", projectPath=str(tmp_path / "other")) / ".mcp.json", {"db": INLINE}
    )
    assert context_of(tmp_path, "claude-code").servers == []


def test_a_plugin_whose_files_are_gone(tmp_path: Path) -> None:
    a_plugin(tmp_path).rmdir()
    context = context_of(tmp_path, "claude-code")
    assert [each.outcome for file in context.files for each in file.problems] == ["plugin-gone"]
    assert any("claude plugin install tools@market" in each for each in worded("config.readable", context))


@pytest.mark.parametrize(
    "listed",
    [
        "{broken",
        [],
        {"plugins": []},
        {"plugins": {"a@b": [1, {"installPath": 5}, {}]}},
        {"plugins": {"a": "x"}},
    ],
)
def test_a_damaged_list_of_plugins(tmp_path: Path, listed: Any) -> None:
    write(tmp_path / ".claude/plugins/installed_plugins.json", listed)
    assert context_of(tmp_path, "claude-code").servers == []


@pytest.mark.parametrize(
    ("config", "outcome"),
    [
        ("", ["project-not-trusted"]),
        ('[projects."{repo}"]\ntrust_level = "trusted"\n', []),
        ('[projects."{repo}"]\ntrust_level = "untrusted"\n', ["project-distrusted"]),
        ('[projects."/other"]\ntrust_level = "trusted"\n', ["project-not-trusted"]),
        ("projects = 5\n", ["project-not-trusted"]),
        ("= broken", []),
    ],
)
def test_codex_reads_only_trusted_projects(tmp_path: Path, config: str, outcome: list[str]) -> None:
    repo = tmp_path / "repo"
    write(repo / ".codex/config.toml", '[mcp_servers.git]\ncommand = "npx"\n')
    write(tmp_path / ".codex/config.toml", config.replace("{repo}", str(repo)))
    context = context_of(tmp_path, "codex", repo)
    assert outcomes(context) == {"git": outcome}
    assert all(each.status is Status.FAIL for said in verdicts(context).values() for each in said)


def test_codex_trusts_the_repository_for_a_folder_in_it(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    (repo / ".git").mkdir(parents=True)
    write(repo / "part/.codex/config.toml", '[mcp_servers.git]\ncommand = "npx"\n')
    write(tmp_path / ".codex/config.toml", f'[projects."{repo}"]\ntrust_level = "trusted"\n')
    assert outcomes(context_of(tmp_path, "codex", repo / "part")) == {"git": []}


@pytest.mark.parametrize(
    ("trusted", "settings", "outcome"),
    [
        (None, {}, []),
        (None, {"security": {"folderTrust": {"enabled": True}}}, ["folder-pending"]),
        ({"{repo}": "TRUST_FOLDER"}, {}, []),
        ({"{repo}/x": "TRUST_PARENT"}, {}, []),
        ({"{repo}": "DO_NOT_TRUST"}, {}, ["folder-distrusted"]),
        ({"{repo}": "DO_NOT_TRUST"}, {"security": {"folderTrust": {"enabled": False}}}, []),
        ({"/": "TRUST_FOLDER", "{repo}": "DO_NOT_TRUST"}, {}, ["folder-distrusted"]),
        ({"/other": "TRUST_FOLDER"}, {}, ["folder-pending"]),
        ({"{repo}": "WHATEVER", "\0": "TRUST_FOLDER"}, {}, ["folder-pending"]),
        ("{broken", {}, ["trust-unreadable"]),
    ],
)
def test_gemini_and_the_folders_it_trusts(
    tmp_path: Path, trusted: Any, settings: dict[str, Any], outcome: list[str]
) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    write(tmp_path / ".gemini/settings.json", {**GIT, **settings})
    if isinstance(trusted, dict):
        trusted = {key.replace("{repo}", str(repo)): value for key, value in trusted.items()}
    if trusted is not None:
        write(tmp_path / ".gemini/trustedFolders.json", trusted)
    assert outcomes(context_of(tmp_path, "gemini", repo)) == {"git": outcome}


@pytest.mark.parametrize(
    ("lists", "outcome"),
    [
        ({"excluded": ["git"]}, ["excluded"]),
        ({"excluded": ["other"]}, []),
        ({"allowed": ["other"]}, ["not-listed"]),
        ({"allowed": ["git"]}, []),
        ({"allowed": []}, []),
        ({"allowed": ["git"], "excluded": ["git"]}, ["excluded"]),
        ([], []),
    ],
)
def test_geminis_lists_of_servers(tmp_path: Path, lists: Any, outcome: list[str]) -> None:
    (tmp_path / "repo").mkdir()
    write(tmp_path / ".gemini/settings.json", {**GIT, "mcp": lists})
    assert outcomes(context_of(tmp_path, "gemini", tmp_path / "repo")) == {"git": outcome}


EXTENSION = {
    "name": "kit", "version": "1", "mcpServers": {
        "kit": {"command": "node", "args": ["${extensionPath}${/}s.js"], "env": {"P": "$PLAIN", "S": "$SEALED", "O": "$OTHER"}},
        "git": ENTRY,
    },
    "settings": [
        {"name": "p", "description": "", "envVar": "PLAIN"},
        {"name": "s", "description": "", "envVar": "SEALED", "sensitive": True},
    ],
}  # fmt: skip


def test_geminis_extensions_bring_servers(tmp_path: Path) -> None:
    folder = tmp_path / ".gemini/extensions/kit"
    write(folder / "gemini-extension.json", EXTENSION)
    write(folder / ".env", "# mine\nPLAIN='a b'\n")
    write(tmp_path / ".gemini/settings.json", GIT)
    (tmp_path / "repo").mkdir()
    context = context_of(tmp_path, "gemini", tmp_path / "repo")
    assert [(each.name, each.scope) for each in context.servers] == [("git", "user"), ("kit", "extension")]
    kit = context.servers[1]
    assert kit.args[0].reveal() == f"{folder}/s.js"
    plain, sealed, other = kit.references
    value = context.value_of(plain)
    assert value is not None
    assert value.reveal() == "a b"
    assert sealed.syntax is Syntax.USER_CONFIG, "it lies in the keychain, not in the environment"
    assert other.syntax is Syntax.ENV
    hidden = [each for file in context.files for each in file.problems]
    assert [(each.outcome, each.detail) for each in hidden] == [("hidden-entry", "git")]


@pytest.mark.parametrize(
    ("rules", "is_on"),
    [
        ([], True),
        (["!{home}/*"], False),
        (["!{home}/*", "{home}/repo/*"], True),
        (["{home}/repo/*", "!{home}/*"], False),
        (["!/other/*"], True),
        (["!{home}/repo/"], False),
        (["!{home}/"], True),
        (["!" + "*" * 3000 + "x"], True),
        (["!" + "a/*" * 300], True),
        ([5, None], True),
    ],
)
def test_geminis_extensions_may_be_off_in_a_folder(tmp_path: Path, rules: list[Any], is_on: bool) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    write(tmp_path / ".gemini/extensions/kit/gemini-extension.json", EXTENSION)
    rules = [each.replace("{home}", str(tmp_path)) if isinstance(each, str) else each for each in rules]
    write(tmp_path / ".gemini/extensions/extension-enablement.json", {"kit": {"overrides": rules}})
    began = time.monotonic()
    context = context_of(tmp_path, "gemini", repo)
    assert outcomes(context)["kit"] == ([] if is_on else ["extension-off"])
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("settings", "outcome", "status"),
    [
        ({}, ["workspace-pending"], Status.WARN),
        ({"amp.mcpTrustedServers": []}, ["workspace-pending"], Status.WARN),
        ({"amp.mcpTrustedServers": ["0a1b"]}, ["approval-not-readable"], Status.UNKNOWN),
    ],
)
def test_amp_and_the_servers_of_a_workspace(
    tmp_path: Path, settings: dict[str, Any], outcome: list[str], status: Status
) -> None:
    write(tmp_path / "repo/.amp/settings.json", {"amp.mcpServers": {"git": ENTRY}})
    write(tmp_path / ".config/amp/settings.json", {"amp.mcpServers": {"own": ENTRY}, **settings})
    context = context_of(tmp_path, "amp", tmp_path / "repo")
    assert outcomes(context) == {"git": outcome, "own": []}
    assert verdicts(context)["git"][0].status is status


@pytest.mark.parametrize(
    ("command_line", "editor", "outcome"),
    [
        (None, None, ["variable-approval-unknown"]),
        ({"kiroAgent.mcpApprovedEnvVars": ["TOKEN"]}, None, []),
        (None, {"kiroAgent.mcpApprovedEnvVars": ["TOKEN"]}, []),
        ({"kiroAgent": {"mcpApprovedEnvVars": ["TOKEN"]}}, None, []),
        ({"kiroAgent.mcpApprovedEnvVars": ["OTHER"]}, None, ["variable-not-approved"]),
        ({"kiroAgent.mcpApprovedEnvVars": ["OTHER"]}, {"kiroAgent.mcpApprovedEnvVars": ["TOKEN"]}, []),
        ({"kiroAgent.mcpApprovedEnvVars": "TOKEN"}, None, ["variable-approval-unknown"]),
    ],
)
def test_kiro_replaces_only_approved_variables(
    tmp_path: Path, command_line: Any, editor: Any, outcome: list[str]
) -> None:
    write(tmp_path / ".kiro/settings/mcp.json", {"mcpServers": {"git": {**ENTRY, "env": {"T": "${TOKEN}"}}}})
    if command_line is not None:
        write(tmp_path / ".kiro/settings/cli.json", command_line)
    if editor is not None:
        write(tmp_path / ".config/Kiro/User/settings.json", editor)
    assert outcomes(context_of(tmp_path, "kiro")) == {"git": outcome}


def inputs_of(home: Path, inputs: Any, field: str = "${input:token}") -> list[Verdict]:
    config = {"servers": {"git": {"type": "stdio", **ENTRY, "env": {"T": field}}}, "inputs": inputs}
    write(home / ".config/Code/User/mcp.json", config)
    context = context_of(home, "vscode")
    assert worded("config.inputs", context)
    (reference,) = context.references
    return ask("config.inputs", context, reference)


@pytest.mark.parametrize(
    ("inputs", "outcome", "status"),
    [
        ([{"id": "token", "type": "promptString", "password": True}], "sealed", Status.OK),
        ([{"id": "token", "type": "pickString"}], "sealed", Status.OK),
        ([{"id": "token", "type": "command", "command": "x"}], "by-command", Status.OK),
        ([{"id": "token", "type": "prompt"}], "unknown-type", Status.FAIL),
        ([{"id": "token"}], "unknown-type", Status.FAIL),
        ([{"id": "Token", "type": "promptString"}], "other-case", Status.FAIL),
        ([], "not-declared", Status.FAIL),
        ({"token": {}}, "not-declared", Status.FAIL),
        ([1, {"id": 5}, None], "not-declared", Status.FAIL),
    ],
)
def test_values_that_vs_code_asks_for(tmp_path: Path, inputs: Any, outcome: str, status: Status) -> None:
    (verdict,) = inputs_of(tmp_path, inputs)
    assert (verdict.outcome, verdict.status) == (outcome, status)


def test_where_vs_code_keeps_them(tmp_path: Path) -> None:
    (verdict,) = inputs_of(tmp_path, [{"id": "token", "type": "promptString"}])
    database = tmp_path / ".config/Code/User/globalStorage/state.vscdb"
    assert verdict.facts["database"] == str(database)
    assert verdict.evidence == ()
    write(database, "")
    assert inputs_of(tmp_path, [{"id": "token", "type": "promptString"}])[0].evidence == (
        f"{database} is there",
    )


def test_hostile_state_neither_hangs_nor_breaks(repo: Path) -> None:
    home = repo.parent
    for name in (".claude/settings.json", ".claude/plugins/installed_plugins.json"):
        path = write(home / name, "")
        path.unlink()
        os.mkfifo(path)
    evil = "\x1b[2J[bold]{0}"
    write(repo / ".mcp.json", {"mcpServers": {evil: ENTRY}})
    began = time.monotonic()
    context = context_of(home, "claude-code", repo)
    checks = [each for each in all_checks() if each.id == "config.approval"]
    (finding,) = diagnose(context, checks)
    assert finding.outcome == "pending"
    assert "\x1b" not in f"{finding}"
    assert time.monotonic() - began < 5


def test_looking_changes_nothing(repo: Path) -> None:
    def looks() -> str:
        listed = subprocess.run(
            ["find", str(repo.parent), "-type", "f", "-printf", "%p %s %T@\n"],
            capture_output=True, text=True, check=True, timeout=20,
        )  # fmt: skip
        return "\n".join(sorted(listed.stdout.splitlines()))

    write(a_plugin(repo.parent) / ".mcp.json", {"db": INLINE})
    before = looks()
    outcomes(context_of(repo.parent, "claude-code", repo))
    assert looks() == before
