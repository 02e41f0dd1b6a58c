"""Where each client's files are, on every system."""

from pathlib import Path

import pytest

from diagnostics.catalog.clients import client
from diagnostics.configs.location import expand, paths_of
from diagnostics.model import Platform
from tests.support.configs import a_host, write

SYSTEMS = (Platform.LINUX, Platform.MACOS, Platform.WINDOWS)


def user_paths(
    client_id: str, home: Path, platform: Platform, env: dict[str, str] | None = None
) -> list[str]:
    host = a_host(home, env, platform)
    found = [
        path
        for place in client(client_id).places
        if place.scope == "user" and not place.apart and not place.foreign
        for path in paths_of(place, host)
    ]
    return [path.relative_to(home).as_posix() for path in found]


@pytest.mark.parametrize(
    ("client_id", "linux", "macos", "windows"),
    [
        (
            "claude-desktop",
            ".config/Claude/claude_desktop_config.json",
            "Library/Application Support/Claude/claude_desktop_config.json",
            "AppData/Roaming/Claude/claude_desktop_config.json",
        ),
        ("claude-code", ".claude.json", ".claude.json", ".claude.json"),
        ("cursor", ".cursor/mcp.json", ".cursor/mcp.json", ".cursor/mcp.json"),
        (
            "vscode",
            ".config/Code/User/mcp.json",
            "Library/Application Support/Code/User/mcp.json",
            "AppData/Roaming/Code/User/mcp.json",
        ),
        ("codex", ".codex/config.toml", ".codex/config.toml", ".codex/config.toml"),
        ("gemini", ".gemini/settings.json", ".gemini/settings.json", ".gemini/settings.json"),
        (
            "windsurf",
            ".codeium/windsurf/mcp_config.json",
            ".codeium/windsurf/mcp_config.json",
            ".codeium/windsurf/mcp_config.json",
        ),
    ],
)
def test_the_users_file(tmp_path: Path, client_id: str, linux: str, macos: str, windows: str) -> None:
    for platform, wanted in zip(SYSTEMS, (linux, macos, windows), strict=True):
        assert user_paths(client_id, tmp_path, platform)[0] == wanted


@pytest.mark.parametrize(
    ("client_id", "variable", "wanted"),
    [
        ("claude-desktop", "XDG_CONFIG_HOME", "x/Claude/claude_desktop_config.json"),
        ("claude-code", "CLAUDE_CONFIG_DIR", "x/.claude.json"),
        ("codex", "CODEX_HOME", "x/config.toml"),
        ("gemini", "GEMINI_CLI_HOME", "x/.gemini/settings.json"),
        ("vscode", "XDG_CONFIG_HOME", "x/Code/User/mcp.json"),
    ],
)
def test_variables_that_move_it(tmp_path: Path, client_id: str, variable: str, wanted: str) -> None:
    env = {variable: str(tmp_path / "x")}
    assert user_paths(client_id, tmp_path, Platform.LINUX, env) == [wanted]
    assert user_paths(client_id, tmp_path, Platform.LINUX, {variable: ""}) != [wanted]


def test_the_packaged_windows_app_comes_first(tmp_path: Path) -> None:
    inside = "AppData/Local/Packages/Claude_abc/LocalCache/Roaming/Claude"
    (tmp_path / inside).mkdir(parents=True)
    assert user_paths("claude-desktop", tmp_path, Platform.WINDOWS) == [
        f"{inside}/claude_desktop_config.json",
        "AppData/Roaming/Claude/claude_desktop_config.json",
    ]


def test_the_organisations_file(tmp_path: Path) -> None:
    places = [each for each in client("claude-code").places if each.scope == "managed"]
    assert paths_of(places[0], a_host(tmp_path)) == [Path("/etc/claude-code/managed-mcp.json")]


def test_a_project_file_is_looked_for_upward_but_not_in_the_home(tmp_path: Path) -> None:
    place = next(each for each in client("cursor").places if each.scope == "project")
    deep = tmp_path / "work" / "repo" / "src"
    deep.mkdir(parents=True)
    write(tmp_path / ".cursor/mcp.json", {})
    host = a_host(tmp_path, cwd=deep)
    assert paths_of(place, host) == [deep / ".cursor/mcp.json"]
    wanted = write(tmp_path / "work/repo/.cursor/mcp.json", {})
    write(tmp_path / "work/.cursor/mcp.json", {})
    assert paths_of(place, host) == [wanted]
    assert paths_of(place, a_host(tmp_path)) == [tmp_path / ".cursor/mcp.json"]


def test_gemini_looks_in_the_working_directory_alone(tmp_path: Path) -> None:
    place = next(each for each in client("gemini").places if each.scope == "project")
    (tmp_path / "repo/src").mkdir(parents=True)
    write(tmp_path / "repo/.gemini/settings.json", {})
    wanted = tmp_path / "repo/src/.gemini/settings.json"
    assert paths_of(place, a_host(tmp_path, cwd=tmp_path / "repo/src")) == [wanted]


def test_hostile_values_of_variables(tmp_path: Path) -> None:
    for value in ("a\0b", "\n", "*", "[", "~"):
        host = a_host(tmp_path, {"CODEX_HOME": value})
        assert isinstance(expand("${CODEX_HOME:-~/.codex}/config.toml", host), list)
