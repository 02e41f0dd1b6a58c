"""The logins that programs keep: real ones of mcp-remote, and files in the shapes that clients write."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from diagnostics.catalog.clients import client, clients
from diagnostics.host import Host
from diagnostics.model import Platform, Server, Session
from diagnostics.oauth.kept_logins import Kept, Match, claude_code_keys, kept_for
from diagnostics.oauth.mcp_remote import Parts, parts_of
from diagnostics.oauth.stored_login import Lifetime, StoredLogin, lifetime, seconds
from diagnostics.oauth.token_files import address_key, read_place
from diagnostics.secret import Secret
from diagnostics.servers.remote import RemoteOutcome, probe
from diagnostics.servers.remote_target import Target, target_of
from tests.support import tokens
from tests.support.lab import require
from tests.support.oauth_server import OAuthServer

URL = "https://mcp.example/mcp"
NOW = time.time()


def host(home: Path, platform: Platform = Platform.LINUX, **env: str) -> Host:
    return Host(platform, Session.LOCAL, home, home, env)


def remote(client_id: str, name: str = "it", url: str = URL, **headers: str) -> Target:
    server = Server(
        f"{client_id}:{name}", name, client_id, Path("/x.json"), "http", url=Secret(url),
        headers={key: Secret(value) for key, value in headers.items()},
    )  # fmt: skip
    found = target_of(server)
    assert found is not None
    return found


def proxied(*words: str, **env: str) -> Target:
    server = Server(
        "claude-desktop:it", "it", "claude-desktop", Path("/x.json"), "stdio", command="npx",
        args=tuple(map(Secret, ("-y", "mcp-remote@latest", *words))),
        env={key: Secret(value) for key, value in env.items()},
    )  # fmt: skip
    found = target_of(server)
    assert found is not None
    return found


def write(path: Path, content: Any, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path.chmod(mode)
    return path


# ── lifetimes ───────────────────────────────────────────────────────────────────────────────────────────────

A, R = Secret("a" * 20), Secret("r" * 20)


@pytest.mark.parametrize(
    ("access", "refresh", "ends", "expected"),
    [
        (A, None, 3600, Lifetime.GOOD),
        (A, R, 60, Lifetime.GOOD),
        (A, None, 60, Lifetime.SOON_OVER),
        (A, R, -1, Lifetime.RENEWABLE),
        (A, R, 5, Lifetime.RENEWABLE),
        (A, None, -1, Lifetime.EXPIRED),
        (A, None, None, Lifetime.UNTOLD),
        (None, R, None, Lifetime.RENEWABLE),
        (None, None, 9999, Lifetime.NO_TOKEN),
        (Secret(""), None, 9999, Lifetime.NO_TOKEN),
    ],
)
def test_lifetimes(
    access: Secret | None, refresh: Secret | None, ends: float | None, expected: Lifetime
) -> None:
    assert lifetime(access, refresh, None if ends is None else NOW + ends, NOW) is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (1_800_000_000, 1_800_000_000.0), (1_800_000_000_000, 1_800_000_000.0), ("1800000000", 1_800_000_000.0),
        (True, None), ("soon", None), (None, None), (-1, None), (float("nan"), None), (1e30, None), ([], None),
    ],
)  # fmt: skip
def test_points_in_time(told: object, expected: float | None) -> None:
    assert seconds(told) == expected


# ── mcp-remote ──────────────────────────────────────────────────────────────────────────────────────────────


def log_in(modules: Path, home: Path, server: OAuthServer, *words: str) -> None:
    """Lets the real program log in by the device flow."""
    script = modules / "node_modules/mcp-remote/dist/proxy.js"
    process = subprocess.Popen(
        ["node", str(script), server.resource, "--device-code", *words],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"user_code=([\w-]+)", line):
                server.person(found[1])
            if "Connected to remote server" in line or "Proxy established" in line:
                break
        ends = time.monotonic() + 20
        while not list(home.rglob("*_tokens.json")) and time.monotonic() < ends:
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stderr):
            if stream is not None:
                stream.close()


def test_a_real_login_of_mcp_remote_is_found_by_its_arguments(
    oauth_modules: Path, oauth_server: Callable[..., OAuthServer], tmp_path: Path
) -> None:
    server = oauth_server()
    extra = ("--header", "X-Team: ${TEAM}", "--resource", server.resource)
    log_in(oauth_modules, tmp_path, server, *extra)
    kept = kept_for(proxied(server.resource, "--device-code", *extra), host(tmp_path))
    assert kept.login is not None
    assert kept.login.lifetime(time.time()) is Lifetime.GOOD
    assert kept.login.refresh
    assert kept.login.client_id
    assert kept.login.access is not None
    header = Secret(f"Bearer {kept.login.access.reveal()}")
    assert probe(server.resource, {}, secrets={"Authorization": header}).outcome is RemoteOutcome.ANSWERED
    assert not kept.files[0].open_to_others
    assert kept_for(proxied(server.resource, "--device-code"), host(tmp_path)).login is None


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (Parts(URL), URL),
        (Parts(URL, resource="r"), f"{URL}|r"),
        (Parts(URL, headers={"b": "2", "A": 'ü"'}), f'{URL}|{{"A":"ü\\"","b":"2"}}'),
        (
            Parts(URL, params={"x": "1"}, headers={"a": "b"}, token_endpoint="t"),
            f'{URL}|{{"x":"1"}}|{{"a":"b"}}|t',
        ),
    ],
)
def test_the_hash_is_that_of_the_program(parts: Parts, text: str) -> None:
    require("node")
    node = [
        "node",
        "-e",
        "process.stdout.write(require('crypto').createHash('md5').update(process.argv[1]).digest('hex'))",
        text,
    ]
    assert parts.key() == subprocess.run(node, capture_output=True, text=True, check=True, timeout=30).stdout


def test_the_arguments_are_read_as_the_program_reads_them() -> None:
    words = [
        "--header",
        "A:b",
        URL,
        "3334",
        "--debug",
        "--header",
        "broken",
        "--authorize-param",
        "aud=x",
        "--resource",
        " r ",
    ]
    assert parts_of(words) == Parts(URL, "r", {"aud": "x"}, {"A": "b"})
    assert parts_of([URL, "--resource", "r", "--disable-resource-parameter"]) == Parts(URL)


def cache_file(folder: Path, parts: Parts, content: Any, name: str = "tokens", mode: int = 0o600) -> Path:
    return write(folder / f"{parts.key()}_{name}.json", content, mode)


TOKENS = {"access_token": "a" * 20, "refresh_token": "r" * 20, "expires_at": (NOW + 3600) * 1000}


def test_a_changed_header_loses_the_login(tmp_path: Path) -> None:
    cache_file(tmp_path / ".mcp-auth/mcp-remote-v1", Parts(URL), TOKENS)
    assert kept_for(proxied(URL), host(tmp_path)).match is Match.THIS
    changed = kept_for(proxied(URL, "--header", "X: y"), host(tmp_path))
    assert (changed.login, changed.match) == (None, Match.OTHER_HEADERS)


def test_an_update_of_the_program_lost_the_login(tmp_path: Path) -> None:
    old = cache_file(tmp_path / ".mcp-auth/mcp-remote-0.1.38", Parts(URL), TOKENS)
    kept = kept_for(proxied(URL), host(tmp_path))
    assert (kept.login, kept.match, kept.near_path) == (None, Match.OLD_VERSION, old)


def test_a_folder_of_ones_own_by_the_entrys_environment(tmp_path: Path) -> None:
    cache_file(tmp_path / "own/mcp-remote-v1", Parts(URL), TOKENS)
    assert kept_for(proxied(URL), host(tmp_path)).login is None
    assert kept_for(proxied(URL, MCP_REMOTE_CONFIG_DIR=str(tmp_path / "own")), host(tmp_path)).login
    assert kept_for(proxied(URL), host(tmp_path, MCP_REMOTE_CONFIG_DIR=str(tmp_path / "own"))).login


def test_a_registration_without_a_token(tmp_path: Path) -> None:
    cache_file(tmp_path / ".mcp-auth/mcp-remote-v1", Parts(URL), {"client_id": "c"}, "client_info")
    login = kept_for(proxied(URL), host(tmp_path)).login
    assert login is not None
    assert login.lifetime(NOW) is Lifetime.NO_TOKEN


def test_a_time_that_is_only_told_from_the_files_own(tmp_path: Path) -> None:
    path = cache_file(
        tmp_path / ".mcp-auth/mcp-remote-v1", Parts(URL), {"access_token": "a" * 20, "expires_in": 3600}
    )
    os.utime(path, (NOW - 7200, NOW - 7200))
    login = kept_for(proxied(URL), host(tmp_path)).login
    assert login is not None
    assert login.lifetime(NOW) is Lifetime.EXPIRED


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, "", "null"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = cache_file(tmp_path / ".mcp-auth/mcp-remote-v1", Parts(URL), content)
    kept = kept_for(proxied(URL), host(tmp_path))
    assert kept.login is None
    assert [(each.path, each.trouble) for each in kept.files] == [(path, "not-json")]


def test_headers_from_a_file_make_the_name_unknowable(tmp_path: Path) -> None:
    assert not kept_for(proxied(URL, "--header-file", "/x"), host(tmp_path)).is_known


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("npx", ["mcp-remote", URL]),
        ("npx", ["-y", "mcp-remote@0.1.38", URL, "--debug"]),
        ("bunx", ["mcp-remote@latest", URL]),
        ("mcp-remote", [URL]),
        ("/usr/local/bin/mcp-remote", ["--debug", URL]),
        ("node", ["/x/node_modules/mcp-remote/dist/proxy.js", URL]),
        ("mcp-doctor", ["run", "--", "npx", "mcp-remote", URL]),
    ],
)
def test_an_entry_that_goes_through_the_proxy_is_told(command: str, args: list[str]) -> None:
    server = Server("c:x", "x", "c", Path("/x"), "stdio", command=command, args=tuple(map(Secret, args)))
    found = target_of(server)
    assert found is not None
    assert (found.url.reveal(), found.proxy) == (URL, True)


def test_other_commands_are_no_proxy() -> None:
    for command, args in (("npx", ["server", URL]), ("npx", ["mcp-remote"]), ("curl", [URL + "/mcp-remote"])):
        server = Server("c:x", "x", "c", Path("/x"), "stdio", command=command, args=tuple(map(Secret, args)))
        assert target_of(server) is None


# ── clients ─────────────────────────────────────────────────────────────────────────────────────────────────


def claude(home: Path, target: Target, key: str = "", **more: Any) -> Kept:
    key = key or min(claude_code_keys(target))
    row = {
        "serverName": "it",
        "serverUrl": URL,
        "accessToken": "a" * 20,
        "expiresAt": (NOW + 999) * 1000,
        **more,
    }
    write(home / ".claude/.credentials.json", {"mcpOAuth": {key: row}, "claudeAiOauth": {"accessToken": "z"}})
    return kept_for(target, host(home))


def test_claude_codes_login(tmp_path: Path) -> None:
    kept = claude(tmp_path, remote("claude-code"))
    assert kept.match is Match.THIS
    assert kept.login is not None
    assert [each.server for file in kept.files for each in file.logins] == ["it"]


def test_claude_code_loses_a_login_with_each_change(tmp_path: Path) -> None:
    with_header = remote("claude-code", **{"X-Team": "a"})
    assert claude(tmp_path, with_header).match is Match.THIS
    key = min(claude_code_keys(with_header))
    changed = remote("claude-code", **{"X-Team": "b"})
    assert claude(tmp_path, changed, key).match is Match.OTHER_HEADERS
    moved = remote("claude-code", url="https://mcp.example/v2")
    assert claude(tmp_path, moved, key).match is Match.OTHER_ADDRESS


def test_claude_code_on_macos_keeps_it_in_the_keychain(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    assert "keychain" in kept_for(remote("claude-code"), host(tmp_path, Platform.MACOS)).where
    assert not kept_for(remote("claude-code"), host(tmp_path)).where


SHAPES: Mapping[str, tuple[str, Any]] = {
    "gemini": (
        ".gemini/mcp-oauth-tokens.json",
        [
            {
                "serverName": "it",
                "mcpServerUrl": URL,
                "clientId": "c",
                "token": {"accessToken": "a" * 20, "refreshToken": "r" * 20, "expiresAt": (NOW + 999) * 1000},
            }
        ],
    ),
    "codex": (
        ".codex/.credentials.json",
        {"it|hash": {"server_name": "it", "server_url": URL, "client_id": "c", "access_token": "a" * 20,
                     "refresh_token": "r" * 20, "expires_at": (NOW + 999) * 1000}},
    ),
    "opencode": (
        ".local/share/opencode/mcp-auth.json",
        {"it": {"serverUrl": URL, "clientInfo": {"clientId": "c"},
                "tokens": {"accessToken": "a" * 20, "refreshToken": "r" * 20, "expiresAt": NOW + 999}}},
    ),
    "cline": (
        ".cline/data/settings/cline_mcp_settings.json",
        {"mcpServers": {"it": {"transport": {"type": "streamableHttp", "url": URL}, "oauth": {
            "clientInformation": {"client_id": "c"},
            "tokens": {"access_token": tokens.jwt(int(NOW) + 999), "refresh_token": "r" * 20}}}}},
    ),
    "continue": (
        ".continue/index/globalContext.json",
        {"mcpOauthStorage": {URL: {"clientInformation": {"client_id": "c"}, "tokens": {
            "access_token": tokens.jwt(int(NOW) + 999), "refresh_token": "r" * 20}}}},
    ),
    "copilot-cli": (
        ".copilot/mcp-oauth-config/abc.tokens.json",
        {"accessToken": "a" * 20, "refreshToken": "r" * 20, "expiresAt": NOW + 999},
    ),
    "amazonq": (
        f".aws/sso/cache/{address_key(URL)}.token.json",
        {"access_token": tokens.jwt(int(NOW) + 999), "refresh_token": "r" * 20, "token_type": "bearer"},
    ),
}  # fmt: skip
BESIDE = {
    "copilot-cli": (".copilot/mcp-oauth-config/abc.json", {"serverUrl": URL, "clientId": "c"}),
    "amazonq": (f".aws/sso/cache/{address_key(URL)}.registration.json", {"client_id": "c"}),
}


@pytest.mark.parametrize("client_id", SHAPES)
def test_the_login_of_a_client(tmp_path: Path, client_id: str) -> None:
    for at, content in (SHAPES[client_id], BESIDE.get(client_id, SHAPES[client_id])):
        write(tmp_path / at, content)
    login = kept_for(remote(client_id), host(tmp_path)).login
    assert login is not None
    assert login.lifetime(NOW) is Lifetime.GOOD
    assert (login.client_id, bool(login.refresh)) == ("c", True)
    assert "a" * 20 not in repr(login)
    assert kept_for(remote(client_id, "other", "https://other.example/mcp"), host(tmp_path)).login is None


@pytest.mark.parametrize("client_id", SHAPES)
@pytest.mark.parametrize(
    "content", ["{", "[]", '"x"', "[[[1]]]", '{"mcpOAuth": 7, "mcpServers": [null, 3]}', "\x00"]
)
def test_any_content_is_read_without_an_error(tmp_path: Path, client_id: str, content: str) -> None:
    write(tmp_path / SHAPES[client_id][0], content)
    assert kept_for(remote(client_id), host(tmp_path)).login is None


def test_a_file_that_others_may_read(tmp_path: Path) -> None:
    at, content = SHAPES["opencode"]
    write(tmp_path / at, content, 0o644)
    assert kept_for(remote("opencode"), host(tmp_path)).files[0].open_to_others


def test_a_login_for_the_same_name_at_another_address(tmp_path: Path) -> None:
    at, content = SHAPES["opencode"]
    write(tmp_path / at, content)
    kept = kept_for(remote("opencode", url="https://new.example/mcp"), host(tmp_path))
    assert (kept.login, kept.match) == (None, Match.OTHER_ADDRESS)


@pytest.mark.parametrize(
    ("client_id", "word"), [("vscode", "VS Code"), ("zed", "keychain"), ("claude-desktop", "account")]
)
def test_what_can_not_be_read_is_said(tmp_path: Path, client_id: str, word: str) -> None:
    assert word in kept_for(remote(client_id), host(tmp_path)).where


def test_every_place_of_the_catalogue_can_be_looked_at(tmp_path: Path) -> None:
    for one in clients().values():
        for place in one.tokens:
            assert read_place(place, host(tmp_path)) == []
            assert place.renew.endswith(".")
    assert client("claude-code").tokens
    assert not client("no-such-client").tokens


def test_nothing_shows_a_value() -> None:
    login = StoredLogin(None, access=Secret("secret-" * 3), refresh=Secret("secret-" * 3))
    assert "secret-" not in repr(login)
