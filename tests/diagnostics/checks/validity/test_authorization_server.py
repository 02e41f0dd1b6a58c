"""The checks of a remote server's login: what it promises, and what a client keeps of it."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.catalog.wording import wording
from diagnostics.check import all_checks
from diagnostics.model import Finding, Status
from diagnostics.oauth.mcp_remote import Parts
from diagnostics.runner import diagnose
from tests.support import tokens
from tests.support.configured import context_of
from tests.support.oauth_server import OAuthServer
from tests.support.provider_server import ProviderServer, closed_port, provider_server

Start = Callable[..., OAuthServer]
SERVER, LOGIN = "validity.authorization-server", "validity.login"
NOW = time.time()


def findings(folder: Path, check: str, row: dict[str, Any], **more: Any) -> list[Finding]:
    more.setdefault("client", "opencode" if "enabled" in row else "claude-code")
    context = context_of(folder, {"it": row}, **more)
    return list(diagnose(context, [each for each in all_checks() if each.id == check]))


def entry(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "http", "url": url, **more}


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[ProviderServer]:
    with provider_server(tmp_path) as found:
        yield found


# ── promises ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_real_server_is_sound(oauth_server: Start, tmp_path: Path) -> None:
    (found,) = findings(tmp_path, SERVER, entry(oauth_server().resource))
    assert (found.status, found.outcome) == (Status.OK, "sound")
    for promise in ("PKCE with S256: yes", "device flow: yes", "refresh tokens: yes"):
        assert promise in found.evidence
    assert "client registration: yes (dynamic client registration)" in found.evidence


@pytest.mark.parametrize(
    ("options", "status", "outcome", "cause"),
    [
        ({"registration": False}, Status.WARN, "no-registration", "oauth_dcr_unsupported"),
        ({"resource_metadata": {"resource": "https://x.example"}}, Status.FAIL, "resource-mismatch", "oauth_metadata_invalid"),
        ({"resource_metadata": {"scopes_supported": ["nobody-knows"]}, "header_names_metadata": False}, Status.WARN, None, None),
    ],
)  # fmt: skip
def test_a_real_server_with_a_fault(
    oauth_server: Start,
    tmp_path: Path,
    options: dict[str, Any],
    status: Status,
    outcome: str | None,
    cause: str | None,
) -> None:
    found = findings(tmp_path, SERVER, entry(oauth_server(**options).resource))
    if outcome is None:
        assert all(each.status is Status.OK for each in found)  # the scopes that the answer asks for count
    else:
        assert [(each.status, each.outcome, each.cause) for each in found] == [(status, outcome, cause)]


def test_a_server_that_wants_no_login(odd: ProviderServer, tmp_path: Path) -> None:
    result = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "x"}}
    odd.answers(200, {"jsonrpc": "2.0", "id": 1, "result": result})
    assert [each.outcome for each in findings(tmp_path, SERVER, entry(odd.url), env=odd.env)] == [
        "no-login-needed"
    ]


@pytest.mark.parametrize(
    ("headers", "status", "outcome"),
    [({}, Status.FAIL, "no-login-offered"), ({"Authorization": "Bearer x"}, Status.SKIP, "own-credential")],
)
def test_a_server_that_wants_a_key(
    odd: ProviderServer, tmp_path: Path, headers: dict[str, str], status: Status, outcome: str
) -> None:
    odd.answers(401, {}, {"WWW-Authenticate": "Bearer"})
    (found,) = findings(tmp_path, SERVER, entry(odd.url, headers=headers), env=odd.env)
    assert (found.status, found.outcome) == (status, outcome)


def test_an_outage_of_the_documents_is_nothing_found_out(odd: ProviderServer, tmp_path: Path) -> None:
    metadata = f"https://localhost:{closed_port()}/x"

    def script(talk: Any) -> None:
        if talk.command == "POST":
            talk.send_response_only(401)
            talk.send_header("WWW-Authenticate", f'Bearer resource_metadata="{metadata}"')
            talk.send_header("Content-Length", "0")
            talk.end_headers()
        else:
            talk.connection.shutdown(
                socket.SHUT_RDWR
            )  # close() would leave it open: the handler holds it too

    odd.script = script
    (found,) = findings(tmp_path, SERVER, entry(odd.url), env=odd.env)
    assert (found.status, found.outcome) == (Status.UNKNOWN, "not-found-out")


def test_every_point_has_words() -> None:
    from diagnostics.oauth import judge

    text = Path(judge.__file__).read_text(encoding="utf-8")
    outcomes = {
        line.split('"')[1]
        for line in text.replace("Status.FAIL, ", "\n~").replace("Status.WARN, ", "\n~").splitlines()
        if line.startswith('~"')
    }
    assert {"no-pkce", "issuer-mismatch", "no-registration"} <= outcomes
    assert not [each for each in outcomes if f"{SERVER}.{each}" not in wording()]


# ── kept logins ─────────────────────────────────────────────────────────────────────────────────────────────


def keep(folder: Path, url: str, mode: int = 0o600, **more: Any) -> Path:
    """A login of mcp-remote."""
    path = folder / f".mcp-auth/mcp-remote-v1/{Parts(url).key()}_tokens.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"access_token": "a" * 30, **more}))
    path.chmod(mode)
    return path


def through_proxy(url: str, *words: str) -> dict[str, Any]:
    return {"command": "npx", "args": ["-y", "mcp-remote", url, *words]}


def test_a_real_server_and_no_login(oauth_server: Start, tmp_path: Path) -> None:
    (found,) = findings(tmp_path, LOGIN, through_proxy(oauth_server().resource))
    assert (found.status, found.outcome, found.cause) == (Status.FAIL, "none", "oauth_login_missing")
    assert "mcp-remote opens the login" in " ".join(found.fix)


@pytest.mark.parametrize(
    ("row", "status", "outcome", "cause"),
    [
        ({"expires_at": (NOW + 7200) * 1000}, Status.OK, "good", None),
        ({"expires_at": 1000}, Status.FAIL, "expired", "token_expired"),
        ({"expires_at": 1000, "refresh_token": "r" * 30}, Status.OK, "renewable", None),
        ({"expires_at": (NOW + 590) * 1000}, Status.WARN, "soon-over", "token_expired"),
        ({}, Status.OK, "untold", None),
    ],
    ids=["good", "expired", "renewable", "soon-over", "untold"],
)
def test_a_kept_login_is_judged(
    tmp_path: Path, row: dict[str, Any], status: Status, outcome: str, cause: str | None
) -> None:
    keep(tmp_path, "https://m.example/mcp", **row)
    (found,) = findings(tmp_path, LOGIN, through_proxy("https://m.example/mcp"), offline=True)
    assert (found.status, found.outcome, found.cause) == (status, outcome, cause)
    assert "a" * 12 not in repr(found)


def test_others_may_read_it(tmp_path: Path) -> None:
    keep(tmp_path, "https://m.example/mcp", 0o644)
    found = findings(tmp_path, LOGIN, through_proxy("https://m.example/mcp"), offline=True)
    assert [each.outcome for each in found] == ["untold", "open-to-others"]
    assert found[1].cause == "file_permission_denied"


def test_a_changed_header_is_why_one_is_asked_again(oauth_server: Start, tmp_path: Path) -> None:
    url = oauth_server().resource
    keep(tmp_path, url)
    (found,) = findings(tmp_path, LOGIN, through_proxy(url, "--header", "X: y"))
    assert (found.status, found.outcome) == (Status.FAIL, "other-headers")
    assert "because" in found.title


def test_offline_a_lost_login_is_a_warning(tmp_path: Path) -> None:
    keep(tmp_path, "https://m.example/mcp")
    row = through_proxy("https://m.example/mcp", "--header", "X: y")
    (found,) = findings(tmp_path, LOGIN, row, offline=True)
    assert (found.status, found.outcome) == (Status.WARN, "other-headers")


def test_a_damaged_file(tmp_path: Path) -> None:
    keep(tmp_path, "https://m.example/mcp").write_text("{")
    (found,) = findings(tmp_path, LOGIN, through_proxy("https://m.example/mcp"), offline=True)
    assert (found.status, found.outcome, found.cause) == (Status.FAIL, "broken", "credential_corrupted")


def test_a_header_of_ones_own_needs_no_login(tmp_path: Path) -> None:
    row = entry("https://m.example/mcp", headers={"Authorization": f"Bearer {tokens.github()}"})
    assert findings(tmp_path, LOGIN, row, offline=True) == []


def test_offline_a_missing_login_is_not_called_a_fault(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, LOGIN, entry("https://m.example/mcp"), offline=True)
    assert (found.status, found.outcome) == (Status.SKIP, "none-seen")


def test_what_only_the_client_can_open_is_said(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, LOGIN, entry("https://m.example/mcp"), offline=True, client="cursor")
    assert (found.status, found.outcome) == (Status.SKIP, "sealed")


def test_a_login_of_another_authorization_server(oauth_server: Start, tmp_path: Path) -> None:
    url = oauth_server().resource
    row = {"server_name": "it", "server_url": url, "client_id": "c", "access_token": "a" * 30,
           "issuer": "https://old.example", "expires_at": (NOW + 7200) * 1000}  # fmt: skip
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex/.credentials.json").write_text(json.dumps({"it|1": row}))
    (tmp_path / ".codex/.credentials.json").chmod(0o600)
    config = tmp_path / "config.toml"
    config.write_text(f'[mcp_servers.it]\nurl = "{url}"\n')
    from diagnostics.context import Context, Options
    from diagnostics.discovery import discover
    from diagnostics.host import Host
    from diagnostics.model import Platform, Session
    from tests.support.configured import HeldStore

    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {})
    options = Options(config=(config,), client="codex")
    files = discover(host, options)
    context = Context(host, options, files, [each for file in files for each in file.servers], HeldStore({}))
    found = list(diagnose(context, [each for each in all_checks() if each.id == LOGIN]))
    assert [(each.status, each.outcome) for each in found] == [
        (Status.OK, "good"),
        (Status.FAIL, "other-issuer"),
    ]
