"""Every client's file, in its own form, where it looks for it on each system and where a variable moves it."""

from pathlib import Path

import pytest

from diagnostics.catalog.clients import GENERIC, clients
from diagnostics.context import Options
from diagnostics.discovery import choose, discover
from diagnostics.model import ClientFile, Platform, Status
from tests.support.configs import a_host, write

LINUX, MACOS, WINDOWS = Platform.LINUX, Platform.MACOS, Platform.WINDOWS
MAC = "Library/Application Support"
ROAMING = "AppData/Roaming"
ENTRY = {"command": "prog", "args": ["one"], "env": {"A_TOKEN": "${SECRET:a}"}}
MAP = {"mcpServers": {"git": ENTRY}}
SERVERS = {"servers": {"git": ENTRY}}
OPENCODE = {
    "mcp": {"git": {"type": "local", "command": ["prog", "one"], "environment": {"A_TOKEN": "${SECRET:a}"}}}
}
TOML = '[mcp_servers.git]\ncommand = "prog"\nargs = ["one"]\nenv = { A_TOKEN = "${SECRET:a}" }\n'
CONTINUE = "mcpServers:\n- name: git\n  command: prog\n  args: [one]\n  env:\n    A_TOKEN: ${SECRET:a}\n"
GOOSE = "extensions:\n  git:\n    type: stdio\n    cmd: prog\n    args: [one]\n    envs: {A_TOKEN: '${SECRET:a}'}\n"
IDE = (
    '<application><component name="McpApplicationServerCommands"><commands><entry>'
    '<option name="name" value="git"/><option name="programPath" value="prog"/>'
    '<option name="arguments" value="one"/><envs><env name="A_TOKEN" value="${SECRET:a}"/></envs>'
    "</entry></commands></component></application>"
)
CLINE = "settings/cline_mcp_settings.json"
ROO = "User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"
EVERYWHERE = (LINUX, MACOS, WINDOWS)
SAME: dict[str, tuple[str, object]] = {
    "amazonq": (".aws/amazonq/mcp.json", MAP),
    "antigravity": (".gemini/config/mcp_config.json", MAP),
    "claude-code": (".claude.json", MAP),
    "cline": (f".cline/data/{CLINE}", {"mcpServers": {"git": {"transport": {"type": "stdio", **ENTRY}}}}),
    "codex": (".codex/config.toml", TOML),
    "continue": (".continue/config.yaml", CONTINUE),
    "copilot-cli": (".copilot/mcp-config.json", MAP),
    "cursor": (".cursor/mcp.json", MAP),
    "fx": (".fx/mcp.json", MAP),
    "gemini": (".gemini/settings.json", MAP),
    "grok": (".grok/config.toml", TOML),
    "junie": (".junie/mcp/mcp.json", MAP),
    "kilo": (".config/kilo/kilo.json", OPENCODE),
    "kimi": (".kimi-code/mcp.json", {"mcpServers": {"git": {"transport": "stdio", **ENTRY}}}),
    "kiro": (".kiro/settings/mcp.json", MAP),
    "lmstudio": (".lmstudio/mcp.json", MAP),
    "mastra": (".mastracode/mcp.json", MAP),
    "mcporter": (".mcporter/mcporter.json", MAP),
    "opencode": (".config/opencode/opencode.json", OPENCODE),
    "pi": (".pi/agent/mcp.json", MAP),
    "warp": (".warp/.mcp.json", MAP),
    "windsurf": (".codeium/windsurf/mcp_config.json", MAP),
}
OWN: list[tuple[str, Platform, str, object]] = [
    ("amp", LINUX, ".config/amp/settings.json", {"amp.mcpServers": {"git": ENTRY}}),
    ("amp", MACOS, ".config/amp/settings.json", {"amp.mcpServers": {"git": ENTRY}}),
    ("amp", WINDOWS, f"{ROAMING}/amp/settings.json", {"amp.mcpServers": {"git": ENTRY}}),
    ("claude-desktop", LINUX, ".config/Claude/claude_desktop_config.json", MAP),
    ("claude-desktop", MACOS, f"{MAC}/Claude/claude_desktop_config.json", MAP),
    ("claude-desktop", WINDOWS, f"{ROAMING}/Claude/claude_desktop_config.json", MAP),
    ("claude-desktop", MACOS, f"{MAC}/Claude-3p/claude_desktop_config.json", MAP),
    ("copilot-jetbrains", LINUX, ".config/github-copilot/intellij/mcp.json", SERVERS),
    ("copilot-jetbrains", MACOS, f"{MAC}/github-copilot/intellij/mcp.json", SERVERS),
    ("copilot-jetbrains", WINDOWS, "AppData/Local/github-copilot/intellij/mcp.json", SERVERS),
    ("goose", LINUX, ".config/goose/config.yaml", GOOSE),
    ("goose", MACOS, ".config/goose/config.yaml", GOOSE),
    ("goose", WINDOWS, f"{ROAMING}/Block/goose/config/config.yaml", GOOSE),
    ("jetbrains", LINUX, ".config/JetBrains/PyCharm2025.2/options/llm.mcpServers.xml", IDE),
    ("jetbrains", MACOS, f"{MAC}/JetBrains/Rider2025.2/options/llm.mcpServers.xml", IDE),
    ("jetbrains", WINDOWS, f"{ROAMING}/JetBrains/CLion2025.2/options/llm.mcpServers.xml", IDE),
    ("jetbrains", LINUX, ".ai/mcp/mcp.json", MAP),
    ("lmstudio", MACOS, ".cache/lm-studio/mcp.json", MAP),
    ("opencode", LINUX, ".config/opencode/opencode.jsonc", OPENCODE),
    ("cline", LINUX, f".config/Code/User/globalStorage/saoudrizwan.claude-dev/{CLINE}", MAP),
    ("continue", LINUX, ".continue/mcpServers/one.yml", CONTINUE),
    ("continue", LINUX, ".continue/mcpServers/one.json", MAP),
    ("amazonq", LINUX, ".aws/amazonq/cli-agents/me.json", MAP),
    ("gemini", LINUX, ".gemini/extensions/ext/gemini-extension.json", MAP),
    ("antigravity", LINUX, ".gemini/antigravity/mcp_config.json", MAP),
    ("windsurf", LINUX, ".codeium/mcp_config.json", MAP),
    ("roo", LINUX, f".config/Code/{ROO}", MAP),
    ("roo", MACOS, f"{MAC}/Code/{ROO}", MAP),
    ("roo", WINDOWS, f"{ROAMING}/Code/{ROO}", MAP),
    ("roo", LINUX, f".config/VSCodium/{ROO}", MAP),
    ("visual-studio", WINDOWS, ".mcp.json", SERVERS),
    ("vscode", LINUX, ".config/Code/User/mcp.json", SERVERS),
    ("vscode", MACOS, f"{MAC}/Code/User/mcp.json", SERVERS),
    ("vscode", WINDOWS, f"{ROAMING}/Code/User/mcp.json", SERVERS),
    ("vscode", LINUX, ".config/Code/User/profiles/-1a2b/mcp.json", SERVERS),
    ("vscode", LINUX, ".config/Code - Insiders/User/mcp.json", SERVERS),
    ("vscode", WINDOWS, f"{ROAMING}/VSCodium/User/mcp.json", SERVERS),
    ("vscode", LINUX, ".vscode-server/data/User/mcp.json", SERVERS),
    ("zed", LINUX, ".config/zed/settings.json", {"context_servers": {"git": ENTRY}}),
    ("zed", MACOS, ".config/zed/settings.json", {"context_servers": {"git": ENTRY}}),
    ("zed", WINDOWS, f"{ROAMING}/Zed/settings.json", {"context_servers": {"git": ENTRY}}),
]
PLACES = [(name, system, *said) for name, said in SAME.items() for system in EVERYWHERE] + OWN
MOVED: list[tuple[str, Platform, str, str, str]] = [
    ("amp", LINUX, "AMP_SETTINGS_FILE", "x/mine.json", "x/mine.json"),
    ("claude-code", LINUX, "CLAUDE_CONFIG_DIR", "x", "x/.claude.json"),
    ("claude-desktop", LINUX, "XDG_CONFIG_HOME", "x", "x/Claude/claude_desktop_config.json"),
    ("claude-desktop", WINDOWS, "APPDATA", "x", "x/Claude/claude_desktop_config.json"),
    ("cline", MACOS, "CLINE_MCP_SETTINGS_PATH", "x/s.json", "x/s.json"),
    ("cline", LINUX, "CLINE_DATA_DIR", "x", f"x/{CLINE}"),
    ("cline", WINDOWS, "CLINE_DIR", "x", f"x/data/{CLINE}"),
    ("codex", LINUX, "CODEX_HOME", "x", "x/config.toml"),
    ("continue", LINUX, "CONTINUE_GLOBAL_DIR", "x", "x/config.yaml"),
    ("copilot-cli", LINUX, "COPILOT_HOME", "x", "x/mcp-config.json"),
    ("gemini", MACOS, "GEMINI_CLI_HOME", "x", "x/.gemini/settings.json"),
    ("gemini", LINUX, "GEMINI_CLI_SYSTEM_SETTINGS_PATH", "x/s.json", "x/s.json"),
    ("gemini", LINUX, "GEMINI_CLI_SYSTEM_DEFAULTS_PATH", "x/d.json", "x/d.json"),
    ("goose", LINUX, "XDG_CONFIG_HOME", "x", "x/goose/config.yaml"),
    ("grok", LINUX, "GROK_HOME", "x", "x/config.toml"),
    ("kimi", LINUX, "KIMI_CODE_HOME", "x", "x/mcp.json"),
    ("opencode", LINUX, "XDG_CONFIG_HOME", "x", "x/opencode/opencode.json"),
    ("opencode", LINUX, "OPENCODE_CONFIG", "x/o.json", "x/o.json"),
    ("opencode", LINUX, "OPENCODE_CONFIG_DIR", "x", "x/opencode.jsonc"),
    ("pi", LINUX, "PI_CODING_AGENT_DIR", "x", "x/mcp.json"),
    ("roo", WINDOWS, "APPDATA", "x", f"x/Code/{ROO}"),
    ("vscode", LINUX, "XDG_CONFIG_HOME", "x", "x/Code/User/mcp.json"),
    ("zed", LINUX, "FLATPAK_XDG_CONFIG_HOME", "x", "x/zed/settings.json"),
]
IN_PROJECT: list[tuple[str, str, object]] = [
    ("amazonq", ".amazonq/mcp.json", MAP),
    ("amazonq", ".amazonq/cli-agents/a.json", MAP),
    ("amp", ".amp/settings.json", {"amp.mcpServers": {"git": ENTRY}}),
    ("claude-code", ".mcp.json", MAP),
    ("codex", ".codex/config.toml", TOML),
    ("continue", ".continue/mcpServers/one.yaml", CONTINUE),
    ("copilot-cli", ".github/mcp.json", MAP),
    ("cursor", ".cursor/mcp.json", MAP),
    ("gemini", ".gemini/settings.json", MAP),
    ("jetbrains", ".ai/mcp/mcp.json", MAP),
    ("junie", ".junie/mcp/mcp.json", MAP),
    ("kiro", ".kiro/settings/mcp.json", MAP),
    ("opencode", "opencode.jsonc", OPENCODE),
    ("opencode", ".opencode/opencode.json", OPENCODE),
    ("roo", ".roo/mcp.json", MAP),
    ("visual-studio", ".vs/mcp.json", SERVERS),
    ("vscode", ".vscode/mcp.json", SERVERS),
    ("warp", ".warp/.mcp.json", MAP),
    ("zed", ".zed/settings.json", {"context_servers": {"git": ENTRY}}),
]


def holds_git(files: list[ClientFile], client: str, path: Path) -> None:
    """The one server, read whole, and nothing else anywhere."""
    (file,) = [each for each in files if each.status is not Status.SKIP]
    assert (file.client, file.path, file.status, file.problems) == (client, path, Status.OK, ())
    (server,) = file.servers
    assert (server.name, server.command, server.transport) == ("git", "prog", "stdio")
    assert [each.reveal() for each in server.args] == ["one"]
    assert [(each.field, each.name) for each in server.references] == [("env.A_TOKEN", "a")]
    assert server.line > 0


@pytest.mark.parametrize(("client", "system", "where", "content"), PLACES)
def test_the_file_is_found_and_read(
    tmp_path: Path, client: str, system: Platform, where: str, content: object
) -> None:
    path = write(tmp_path / where, content)
    (tmp_path / "elsewhere").mkdir()
    files = discover(a_host(tmp_path, {}, system, tmp_path / "elsewhere"), Options())
    holds_git([each for each in files if each.client == client], client, path)
    assert {each.client for each in files if each.status is not Status.SKIP} == {client}


@pytest.mark.parametrize(("client", "system", "variable", "value", "where"), MOVED)
def test_a_variable_moves_it(
    tmp_path: Path, client: str, system: Platform, variable: str, value: str, where: str
) -> None:
    content = next(said[3] for said in PLACES if said[0] == client)
    path = write(tmp_path / where, content)
    host = a_host(tmp_path, {variable: str(tmp_path / value)}, system, tmp_path / "elsewhere")
    holds_git(discover(host, Options(client=client)), client, path)
    unmoved = a_host(tmp_path, {}, system, tmp_path / "elsewhere")
    assert choose(discover(unmoved, Options(client=client)), []) == []


@pytest.mark.parametrize(("client", "where", "content"), IN_PROJECT)
def test_a_projects_file(tmp_path: Path, client: str, where: str, content: object) -> None:
    path = write(tmp_path / "repo" / where, content)
    host = a_host(tmp_path / "home", {}, LINUX, tmp_path / "repo")
    holds_git(discover(host, Options(client=client)), client, path)


def test_no_client_is_without_a_file_here() -> None:
    assert {said[0] for said in PLACES} == set(clients()) - {GENERIC}


def test_files_of_another_client_are_read_when_asked_for_by_name(tmp_path: Path) -> None:
    write(tmp_path / ".mcp.json", MAP)
    host = a_host(tmp_path / "home", {}, LINUX, tmp_path)
    assert [each.id for each in choose(discover(host, Options()), [])] == ["claude-code:git"]
    assert [each.id for each in choose(discover(host, Options(client="copilot-cli")), [])] == [
        "copilot-cli:git"
    ]


def test_a_variable_switches_the_projects_file_off(tmp_path: Path) -> None:
    write(tmp_path / "opencode.json", OPENCODE)
    host = a_host(tmp_path / "home", {"OPENCODE_DISABLE_PROJECT_CONFIG": "1"}, LINUX, tmp_path)
    assert choose(discover(host, Options()), []) == []


def test_the_older_file_of_cline_is_not_read_beside_the_new_one(tmp_path: Path) -> None:
    write(tmp_path / f".cline/data/{CLINE}", MAP)
    write(tmp_path / f".config/Code/User/globalStorage/saoudrizwan.claude-dev/{CLINE}", MAP)
    files = discover(a_host(tmp_path), Options(client="cline"))
    assert [(len(each.servers), [one.outcome for one in each.problems]) for each in files] == [
        (1, []),
        (0, ["ignored-place"]),
    ]


def test_copies_of_other_programs_and_profiles_hide_nothing(tmp_path: Path) -> None:
    for where in ("Code/User", "VSCodium/User", "Code/User/profiles/p1"):
        write(tmp_path / ".config" / where / "mcp.json", SERVERS)
    files = discover(a_host(tmp_path), Options(client="vscode"))
    assert [each.status for each in files] == [Status.OK] * 3
    assert len({each.id for each in choose(files, [])}) == 3


def test_only_configs_are_read_from_a_folder_of_configs(tmp_path: Path) -> None:
    write(tmp_path / ".continue/mcpServers/a.yaml", CONTINUE)
    for other in ("notes.md", ".hidden.yaml", "b.yaml.bak", "sub/c.yaml"):
        write(tmp_path / ".continue/mcpServers" / other, "not: [a config")
    files = discover(a_host(tmp_path), Options(client="continue"))
    assert [each.path.name for each in files] == ["a.yaml"]


def test_entries_of_goose_that_are_no_servers_are_passed_over(tmp_path: Path) -> None:
    more = "  dev: {type: builtin, enabled: true}\n  web: {type: sse, uri: 'https://x.example/sse', enabled: false}\n"
    write(tmp_path / ".config/goose/config.yaml", GOOSE + more)
    servers = choose(discover(a_host(tmp_path), Options(client="goose")), [])
    assert [(each.name, each.transport, each.disabled) for each in servers] == [
        ("git", "stdio", False),
        ("web", "sse", True),
    ]


def test_an_ides_entry_without_a_command_is_only_a_state(tmp_path: Path) -> None:
    text = IDE.replace('<option name="programPath" value="prog"/>', "")
    write(tmp_path / ".config/JetBrains/X1/options/llm.mcpServers.xml", text)
    assert choose(discover(a_host(tmp_path), Options(client="jetbrains")), []) == []


def test_a_table_where_continue_wants_a_list(tmp_path: Path) -> None:
    path = write(tmp_path / ".continue/config.yaml", "mcpServers:\n  git:\n    command: prog\n")
    (file,) = discover(a_host(tmp_path), Options(client="continue"))
    assert [(each.outcome, each.line) for each in file.problems] == [("servers-not-a-list", 1)]
    assert ([each.name for each in file.servers], file.path) == (["git"], path)


def test_continue_keeps_headers_and_token_in_places_of_its_own(tmp_path: Path) -> None:
    text = (
        "mcpServers:\n- name: web\n  type: streamable-http\n  url: https://x.example/mcp\n"
        "  apiKey: ${{ secrets.KEY }}\n  requestOptions:\n    headers:\n      X-Team: ${{ secrets.TEAM }}\n"
    )
    write(tmp_path / ".continue/config.yaml", text)
    (server,) = choose(discover(a_host(tmp_path), Options(client="continue")), [])
    assert [(each.field, each.name, each.expanded_by_client) for each in server.references] == [
        ("headers.X-Team", "TEAM", True),
        ("headers.Authorization", "KEY", True),
    ]


@pytest.mark.parametrize(
    ("name", "content", "client"),
    [
        ("a.yaml", GOOSE, "goose"),
        ("a.yml", CONTINUE, "continue"),
        ("a.xml", IDE, "jetbrains"),
        ("a.json", {"amp.mcpServers": {"git": ENTRY}}, "amp"),
        (".warp/.mcp.json", MAP, "warp"),
    ],
)
def test_whose_a_named_file_is(tmp_path: Path, name: str, content: object, client: str) -> None:
    path = write(tmp_path / "x" / name, content)
    files = discover(a_host(tmp_path), Options(config=(path,)))
    assert [(each.client, [one.name for one in each.servers]) for each in files] == [(client, ["git"])]
