"""From a home full of configs to the servers in them."""

import json
import os
import time
from pathlib import Path

import pytest

from diagnostics.configs.location import paths_of
from diagnostics.context import Options
from diagnostics.discovery import ConfigFileError, UnknownClientError, UnknownServerError, choose, discover
from diagnostics.model import ClientFile, Platform, Status
from tests.support.configs import a_host, one_file, write

ENTRY = {"command": "npx", "args": ["-y", "x"]}
GIT = {"mcpServers": {"git": ENTRY}}


def present(files: list[ClientFile]) -> dict[str, list[str]]:
    return {
        each.client: [server.id for server in each.servers]
        for each in files
        if each.status is not Status.SKIP
    }


def outcomes(file: ClientFile) -> list[str]:
    return [each.outcome for each in file.problems]


def test_an_empty_home_gives_one_absent_file_a_client(tmp_path: Path) -> None:
    files = discover(a_host(tmp_path), Options())
    assert {each.status for each in files} == {Status.SKIP}
    assert len({each.client for each in files}) == len(files)
    assert {"claude-desktop", "claude-code", "cursor", "vscode", "windsurf", "codex", "gemini"} <= {
        each.client for each in files
    }
    assert choose(files, []) == []


def test_every_clients_file_is_found(tmp_path: Path) -> None:
    write(tmp_path / ".config/Claude/claude_desktop_config.json", GIT)
    write(tmp_path / ".claude.json", GIT)
    write(tmp_path / ".cursor/mcp.json", GIT)
    write(tmp_path / ".config/Code/User/mcp.json", {"servers": {"git": ENTRY}})
    write(tmp_path / ".codeium/windsurf/mcp_config.json", GIT)
    write(tmp_path / ".codex/config.toml", '[mcp_servers.git]\ncommand = "npx"\n')
    write(tmp_path / ".gemini/settings.json", GIT)
    files = discover(a_host(tmp_path), Options())
    found = present(files)
    for client in ("claude-desktop", "claude-code", "cursor", "vscode", "windsurf", "codex", "gemini"):
        assert found[client] == [f"{client}:git"]
    assert {each.status for each in files} == {Status.OK, Status.SKIP}
    assert len({each.key for each in files}) == len(files)


@pytest.mark.parametrize("name", [".cursor/mcp.json", ".gemini/settings.json", ".kiro/settings/mcp.json"])
def test_in_the_home_a_file_is_the_users_and_no_projects(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, GIT)
    host = a_host(tmp_path, cwd=tmp_path)
    assert [each.scope for each in discover(host, Options()) if each.path == path] == ["user"]


def test_a_broken_file_is_a_finding_and_not_the_end(tmp_path: Path) -> None:
    write(tmp_path / ".cursor/mcp.json", "{ not json")
    os.mkfifo(write(tmp_path / ".gemini/settings.json", "").with_name("pipe"))
    (tmp_path / ".gemini/pipe").replace(tmp_path / ".gemini/settings.json")
    write(tmp_path / ".claude.json", GIT)
    files = {each.client: each for each in discover(a_host(tmp_path), Options())}
    assert files["cursor"].status is Status.FAIL
    assert (files["cursor"].problems[0].line, files["cursor"].problems[0].column) == (1, 3)
    assert outcomes(files["gemini"]) == ["not-a-file"]
    assert files["claude-code"].status is Status.OK


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".cursor").mkdir()
    (tmp_path / ".cursor/mcp.json").symlink_to(tmp_path / "gone.json")
    (file,) = discover(a_host(tmp_path), Options(client="cursor"))
    assert outcomes(file) == ["dangling-link"]
    assert file.status is Status.FAIL


def test_claude_code_local_beats_project_beats_user(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    (repo / "src").mkdir(parents=True)
    other = {**ENTRY, "command": "user"}
    write(
        tmp_path / ".claude.json",
        {
            "mcpServers": {"both": other, "mine": other, "all": other},
            "projects": {
                str(repo): {"mcpServers": {"all": {**ENTRY, "command": "local"}}},
                str(tmp_path / "elsewhere"): {"mcpServers": {"foreign": ENTRY}},
            },
        },
    )
    write(repo / ".mcp.json", {"mcpServers": {"both": {**ENTRY, "command": "project"}, "all": ENTRY}})
    files = discover(a_host(tmp_path, cwd=repo / "src"), Options(client="claude-code"))
    servers = {each.name: each for each in choose(files, [])}
    assert {name: (each.command, each.scope) for name, each in servers.items()} == {
        "both": ("project", "project"),
        "mine": ("user", "user"),
        "all": ("local", "local"),
    }
    hidden = [each.detail for file in files for each in file.problems if each.outcome == "hidden-entry"]
    assert sorted(hidden) == ["all", "both"]


def test_the_organisations_file_replaces_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    managed = write(tmp_path / "etc/managed-mcp.json", {"mcpServers": {"allowed": ENTRY}})
    write(tmp_path / ".claude.json", GIT)
    monkeypatch.setattr(
        "diagnostics.discovery.paths_of",
        lambda place, host: [managed] if place.scope == "managed" else paths_of(place, host),
    )
    files = discover(a_host(tmp_path), Options(client="claude-code"))
    assert [each.name for each in choose(files, [])] == ["allowed"]
    assert [outcomes(each) for each in files] == [[], ["managed-only"]]


def test_the_packaged_windows_app_ignores_the_other_file(tmp_path: Path) -> None:
    inside = (
        tmp_path / "AppData/Local/Packages/Claude_abc/LocalCache/Roaming/Claude/claude_desktop_config.json"
    )
    write(inside, {"mcpServers": {"seen": ENTRY}})
    write(tmp_path / "AppData/Roaming/Claude/claude_desktop_config.json", GIT)
    files = discover(a_host(tmp_path, platform=Platform.WINDOWS), Options(client="claude-desktop"))
    assert [each.name for each in choose(files, [])] == ["seen"]
    assert [outcomes(each) for each in files] == [[], ["ignored-place"]]


def test_the_packaged_windows_app_without_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "AppData/Local/Packages/Claude_abc").mkdir(parents=True)
    write(tmp_path / "AppData/Roaming/Claude/claude_desktop_config.json", GIT)
    files = discover(a_host(tmp_path, platform=Platform.WINDOWS), Options(client="claude-desktop"))
    assert choose(files, []) == []
    assert ["ignored-place"] in [outcomes(each) for each in files]


# ── --config and --client ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "content", "client", "server"),
    [
        ("claude_desktop_config.json", GIT, "claude-desktop", "git"),
        (".mcp.json", GIT, "claude-code", "git"),
        (".cursor/mcp.json", GIT, "cursor", "git"),
        (".vscode/mcp.json", {"servers": {"git": ENTRY}}, "vscode", "git"),
        ("x.json", {"servers": {"git": ENTRY}}, "vscode", "git"),
        ("x.json", {"mcpServers": {"git": {"httpUrl": "https://x"}}}, "gemini", "git"),
        ("x.json", {"mcpServers": {"git": {"serverUrl": "https://x"}}}, "windsurf", "git"),
        ("x.toml", '[mcp_servers.git]\ncommand = "x"', "codex", "git"),
        ("x.json", {"context_servers": {"git": ENTRY}}, "zed", "git"),
        ("x.json", {"mcp": {"git": {"type": "local", "command": ["x"]}}}, "opencode", "git"),
        ("x.json", {"projects": {}, "mcpServers": {"git": ENTRY}}, "claude-code", "git"),
        ("x.json", GIT, "generic", "git"),
        ("cursor/1.json", GIT, "cursor", "git"),
    ],
)
def test_whose_file_it_is(tmp_path: Path, name: str, content: object, client: str, server: str) -> None:
    file = one_file(write(tmp_path / name, content))
    assert (file.client, file.scope, file.status) == (client, "named", Status.OK)
    assert [each.name for each in file.servers] == [server]


def test_the_client_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / ".cursor/mcp.json", GIT)
    assert one_file(path, "Claude Code").client == "claude-code"


def test_a_relative_path_counts_from_the_working_directory(tmp_path: Path) -> None:
    write(tmp_path / "sub/x.json", GIT)
    (file,) = discover(a_host(tmp_path, cwd=tmp_path / "sub"), Options(config=(Path("x.json"),)))
    assert file.status is Status.OK


def test_named_files_discover_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / ".cursor/mcp.json", GIT)
    path = write(tmp_path / "x.json", {"mcpServers": {}})
    assert [each.path for each in discover(a_host(tmp_path), Options(config=(path,)))] == [path]


def test_one_name_in_two_named_files(tmp_path: Path) -> None:
    paths = (
        write(tmp_path / "a.json", GIT),
        write(tmp_path / "b.json", {"mcpServers": {"git": {"args": 1}}}),
    )
    files = discover(a_host(tmp_path), Options(config=paths))
    assert [each.id for each in choose(files, ["git"])] == ["generic:git", "generic:git#2"]
    assert {each.server for each in files[1].problems} == {"generic:git#2"}


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_a_named_file_that_cannot_be_opened_is_an_error_of_the_call(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.json"
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(ConfigFileError) as caught:
        discover(a_host(tmp_path), Options(config=(path,)))
    assert caught.value.path == path
    assert str(path) in str(caught.value)


def test_a_named_file_that_is_broken_is_a_finding(tmp_path: Path) -> None:
    file = one_file(write(tmp_path / "x.json", "{"))
    assert file.status is Status.FAIL
    assert outcomes(file) == ["truncated"]
    assert outcomes(one_file(write(tmp_path / "x.toml", "= 1"))) == ["syntax"]


def test_an_unknown_client(tmp_path: Path) -> None:
    with pytest.raises(UnknownClientError, match=r"notepad.*cursor"):
        discover(a_host(tmp_path), Options(client="notepad"))


# ── what a client makes of notation ─────────────────────────────────────────────────────────────────────────

COMMENTED = '{\n  // mine\n  "mcpServers": {"git": {"command": "x"}}\n}'
TRAILING = '{\n  "mcpServers": {"git": {"command": "x"},}\n}'


@pytest.mark.parametrize(
    ("client", "text", "outcome", "status"),
    [
        ("claude-code", COMMENTED, "comment", Status.FAIL),
        ("claude-code", TRAILING, "trailing-comma", Status.FAIL),
        ("gemini", COMMENTED, None, Status.OK),
        ("gemini", TRAILING, "trailing-comma", Status.FAIL),
        ("cursor", COMMENTED, "comment-perhaps", Status.WARN),
        ("cursor", TRAILING, "trailing-comma-perhaps", Status.WARN),
    ],
)
def test_comments_and_commas(
    tmp_path: Path, client: str, text: str, outcome: str | None, status: Status
) -> None:
    file = one_file(write(tmp_path / "x.json", text), client)
    assert (outcomes(file), file.status) == ([outcome] if outcome else [], status)
    assert [each.name for each in file.servers] == ["git"]


def test_vscode_accepts_both(tmp_path: Path) -> None:
    file = one_file(
        write(tmp_path / "x.json", COMMENTED.replace("mcpServers", "servers").replace("}}", "},}")), "vscode"
    )
    assert file.status is Status.OK


def test_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GIT).encode())
    for client, outcome, status in [
        ("gemini", "byte-order-mark", Status.FAIL),
        ("cursor", "byte-order-mark-perhaps", Status.WARN),
    ]:
        file = one_file(path, client)
        assert (outcomes(file), file.status) == ([outcome], status)
        assert file.problems[0].cause == "config_bom"


# ── where the servers stand ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("client", "content", "outcome", "status", "names"),
    [
        ("cursor", {"servers": {"git": ENTRY}}, "wrong-key", Status.FAIL, ["git"]),
        ("vscode", GIT, "wrong-key", Status.FAIL, ["git"]),
        ("claude-code", {"git": ENTRY}, "no-key", Status.FAIL, ["git"]),
        (
            "vscode",
            {"servers": {"a": ENTRY}, "mcpServers": {"b": ENTRY}},
            "wrong-key-too",
            Status.WARN,
            ["a", "b"],
        ),
        ("vscode", {"servers": [{"name": "a", **ENTRY}]}, "servers-not-a-map", Status.FAIL, ["a"]),
        ("cursor", {"mcpServers": "x"}, "servers-not-a-map", Status.FAIL, []),
        ("cursor", {"mcpServers": {}}, None, Status.OK, []),
        ("cursor", {}, None, Status.OK, []),
        ("gemini", {"mcp": {"allowed": ["x"]}, "mcpServers": {"a": ENTRY}}, None, Status.OK, ["a"]),
    ],
)
def test_sections(
    tmp_path: Path, client: str, content: object, outcome: str | None, status: Status, names: list[str]
) -> None:
    file = one_file(write(tmp_path / "x.json", content), client)
    assert (outcomes(file), file.status) == ([outcome] if outcome else [], status)
    assert [each.name for each in file.servers] == names


def test_opencode_newer_form_is_no_server_called_servers(tmp_path: Path) -> None:
    content = {"mcp": {"servers": {"a": {"type": "local", "command": ["x", "y"]}}}}
    (server,) = one_file(write(tmp_path / "x.json", content), "opencode").servers
    assert (server.name, server.command, [each.reveal() for each in server.args]) == ("a", "x", ["y"])


def test_duplicate_servers_and_keys_are_warnings_with_both_lines(tmp_path: Path) -> None:
    text = '{"mcpServers": {\n"a": {"command": "x"},\n"b": {"command": "x", "command": "y"},\n"a": {"command": "z"}}}'
    file = one_file(write(tmp_path / "x.json", text), "cursor")
    server, entry = file.problems
    assert (server.outcome, server.detail, dict(server.facts)) == (
        "repeated-server",
        "a",
        {"first": "2", "last": "4"},
    )
    assert (entry.outcome, entry.detail, entry.server) == ("repeated-key", "command", "cursor:b")
    assert {each.name: each.command for each in file.servers} == {"a": "z", "b": "y"}
    assert file.status is Status.WARN


def test_hostile_names_are_clean_wherever_they_appear(tmp_path: Path) -> None:
    name = "\x1b]0;title\x07a\nb\u202e"
    file = one_file(
        write(tmp_path / "x.json", {"mcpServers": {name: {"command": "x", "env": {name: 1}}}}), "cursor"
    )
    (server,) = file.servers
    for text in (server.id, server.name, *(each.detail for each in file.problems)):
        assert text.isprintable()


# ── choosing ────────────────────────────────────────────────────────────────────────────────────────────────


def test_choosing_by_name_and_id(tmp_path: Path) -> None:
    write(tmp_path / ".cursor/mcp.json", {"mcpServers": {"GitHub": ENTRY, "slack": ENTRY}})
    write(tmp_path / ".claude.json", {"mcpServers": {"github": ENTRY}})
    files = discover(a_host(tmp_path), Options())
    assert [each.id for each in choose(files, ["github"])] == ["claude-code:github", "cursor:GitHub"]
    assert [each.id for each in choose(files, ["cursor:github", "SLACK"])] == [
        "cursor:GitHub",
        "cursor:slack",
    ]
    with pytest.raises(UnknownServerError) as caught:
        choose(files, ["githbu"])
    assert "github" in caught.value.near
    assert "githbu" in str(caught.value)
    with pytest.raises(UnknownServerError) as caught:
        choose(files, ["\x1b[31mzzz\n"])
    assert str(caught.value).isprintable()
    assert caught.value.near == ()


def test_a_thousand_servers_are_read_in_no_time(tmp_path: Path) -> None:
    rows = {
        f"s{number}": {
            "command": "npx",
            "args": ["-y", f"@x/y{number}", "--token", "${SECRET:a}"],
            "env": {"TOKEN": "${SECRET:b}", "MODE": "fast", "API_KEY": "Ab1" * 9 + str(number)},
        }
        for number in range(1000)
    }
    path = write(tmp_path / "x.json", {"mcpServers": rows})
    began = time.monotonic()
    file = one_file(path, "cursor")
    assert time.monotonic() - began < 10  # 0.15 s on an idle machine; the rest is for a busy one
    assert len(file.servers) == 1000
    assert sum(len(each.references) for each in file.servers) == 3000
    assert file.servers[500].line == 1 + next(
        number for number, line in enumerate(path.read_text().split("\n")) if '"s500"' in line
    )


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.json", '{"mcpServers": {\n"a": {"command": "x",\n "timeout": ' + "9" * 5000 + "}}}", 3),
        ("a.toml", '[mcp_servers.a]\ncommand = "x"\ntimeout = ' + "9" * 5000 + "\n", 3),
        ("b.toml", '[mcp_servers.a]\ncommand = "x"\nargs = [0x' + "f" * 5000 + "]\n", 3),
    ],
)
def test_a_number_of_thousands_of_digits_is_a_problem_with_its_line(
    tmp_path: Path, name: str, text: str, line: int
) -> None:
    path = tmp_path / name
    path.write_text(text)
    (file,) = discover(a_host(tmp_path), Options(config=(path,)))
    assert [each.line for each in file.problems] == [line]
