"""The checks of remote servers' addresses, from the config file to the words."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.catalog.wording import wording
from diagnostics.checks.remote import TROUBLES
from diagnostics.model import Finding, Status
from diagnostics.providers import http_error
from tests.support import tokens
from tests.support.configured import ask, context_of
from tests.support.oauth_server import OAuthServer
from tests.support.provider_server import ProviderServer, closed_port, provider_server

INITIALIZED = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "serverInfo": {"name": "x", "version": "2"},
    },
}
TOKEN = tokens.github("remote-check")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


@pytest.fixture
def server(shared: ProviderServer) -> ProviderServer:
    shared.answers(200, INITIALIZED)
    shared.seen.clear()
    return shared


def entry(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "http", "url": url, **more}


def found_at(folder: Path, row: dict[str, Any], check: str = "start.remote", **more: Any) -> Finding:
    more.setdefault("client", "claude-code")
    return ask(context_of(folder, {"it": row}, **more), check)[check]


def test_a_server_that_answers(server: ProviderServer, tmp_path: Path) -> None:
    found = found_at(tmp_path, entry(f"{server.url}/mcp"), env=server.env)
    assert (found.status, found.outcome) == (Status.OK, "answers")
    assert "x 2" in found.title


def test_offline_nobody_is_asked(server: ProviderServer, tmp_path: Path) -> None:
    found = found_at(tmp_path, entry(f"{server.url}/mcp"), env=server.env, offline=True)
    assert found.status is Status.SKIP
    assert not server.seen


def test_without_being_asked_no_credential_goes_out(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(401, {}, {"WWW-Authenticate": "Bearer"})
    row = entry(
        f"{server.url}/mcp?api_key={TOKEN}", headers={"Authorization": f"Bearer {TOKEN}", "X-Key": TOKEN}
    )
    found = found_at(tmp_path, row, env=server.env)
    assert (found.status, found.outcome) == (Status.OK, "wants-credential")
    assert TOKEN not in repr(server.seen)
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("place", ["https://{host}/{token}/mcp", "https://user:{token}@{host}/mcp"])
def test_a_credential_in_the_address(server: ProviderServer, tmp_path: Path, place: str) -> None:
    url = place.format(host=f"localhost:{server.port}", token=TOKEN)
    found = found_at(tmp_path, entry(url), env=server.env)
    assert found.outcome == ("answers" if "@" in place else "credential-in-address")
    assert TOKEN not in repr(server.seen) + repr(found)
    assert "authorization" not in {name for each in server.seen for name in each.headers}


def test_variables_in_the_address_are_replaced(server: ProviderServer, tmp_path: Path) -> None:
    row = entry("https://${PLACE}/${NOWHERE:-mcp}")
    env = {**server.env, "PLACE": f"localhost:{server.port}"}
    assert found_at(tmp_path, row, env=env).outcome == "answers"
    assert server.seen[0].path == "/mcp"
    assert found_at(tmp_path, row, env=server.env).outcome == "address-open"


@pytest.mark.parametrize(
    "url", ["https://", "https://a b/", "https://h:99999/", "https://[x/", "http:///mcp"]
)
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    assert found_at(tmp_path, entry(url)).outcome == "address-unclear"


@pytest.mark.parametrize(
    ("url", "outcome", "cause"),
    [
        ("https://nowhere.invalid/mcp", "dns", "dns_failure"),
        (f"http://localhost:{closed_port()}/mcp", "refused", "connection_refused"),
    ],
    ids=["dns", "refused"],
)
def test_nobody_there(tmp_path: Path, url: str, outcome: str, cause: str) -> None:
    found = found_at(tmp_path, entry(url))
    assert (found.status, found.outcome, found.cause) == (Status.FAIL, outcome, cause)


def test_an_untrusted_certificate_is_a_warning(server: ProviderServer, tmp_path: Path) -> None:
    found = found_at(tmp_path, entry(server.url))
    assert (found.status, found.cause) == (Status.WARN, "tls_interception")


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (401, {"WWW-Authenticate": "Bearer"}, (Status.OK, "wants-login", None)),
        (403, {}, (Status.WARN, "forbidden", "auth_header_wrong")),
        (404, {}, (Status.FAIL, "not-found", "config_wrong_endpoint")),
        (421, {}, (Status.FAIL, "host-refused", "host_or_origin_rejected")),
        (429, {}, (Status.UNKNOWN, "rate-limited", "rate_limited")),
        (503, {}, (Status.UNKNOWN, "outage", "provider_down")),
        (
            302,
            {"Location": "https://portal.example/"},
            (Status.UNKNOWN, "redirected", "provider_answer_unclear"),
        ),
        (200, {"Content-Type": "text/html"}, (Status.UNKNOWN, "page", "provider_answer_unclear")),
        (400, {}, (Status.FAIL, "refused-protocol", "protocol_version_mismatch")),
    ],
)
def test_what_an_answer_means(
    server: ProviderServer, tmp_path: Path, status: int, headers: dict[str, str], expected: tuple[Any, ...]
) -> None:
    server.answers(status, {}, headers)
    found = found_at(tmp_path, entry(f"{server.url}/mcp"), env=server.env)
    assert (found.status, found.outcome, found.cause) == expected


def test_hostile_words_of_a_server_are_made_harmless(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(400, {"message": f"\x1b[31m\u202e{TOKEN} [red]"})
    row = entry(f"{server.url}/mcp", headers={"Authorization": f"Bearer {TOKEN}"})
    found = found_at(tmp_path, row, env=server.env)
    assert TOKEN not in repr(found)
    assert all(line.isprintable() for line in found.evidence)


def test_every_trouble_has_words() -> None:
    assert set(TROUBLES) == set(http_error.TROUBLES)
    assert all(f"start.remote.{each}" in wording() for each in TROUBLES)


def test_the_proxys_server_is_asked_too(server: ProviderServer, tmp_path: Path) -> None:
    row = {
        "command": "npx",
        "args": ["-y", "mcp-remote", f"{server.url}/mcp", "--header", f"Authorization: {TOKEN}"],
    }
    found = found_at(tmp_path, row, env=server.env)
    assert found.outcome == "answers"
    assert TOKEN not in repr(server.seen)


# ── the handshake, asked for ────────────────────────────────────────────────────────────────────────────────


def started(folder: Path, row: dict[str, Any], **more: Any) -> Finding:
    return found_at(folder, row, "start.handshake", start=True, **more)


def test_a_real_server_takes_the_configured_token(
    oauth_server: Callable[..., OAuthServer], tmp_path: Path
) -> None:
    real = oauth_server()
    token = real.tokens()["access_token"]
    row = entry(real.resource, headers={"Authorization": "Bearer ${TOKEN}"})
    found = started(tmp_path, row, env={"TOKEN": token})
    assert (found.status, found.outcome) == (Status.OK, "remote-answered")
    assert "1 tool" in found.title
    assert token not in repr(found)
    wrong = started(tmp_path, row, env={"TOKEN": "wrong-token-1234"})
    assert (wrong.status, wrong.outcome, wrong.cause) == (
        Status.FAIL,
        "remote-token-or-login",
        "token_invalid",
    )
    assert started(tmp_path, entry(real.resource)).outcome == "remote-login"


def test_a_token_of_the_keychain_is_sent_where_it_is_configured(
    server: ProviderServer, tmp_path: Path
) -> None:
    row = entry(f"{server.url}/mcp", headers={"Authorization": "Bearer ${SECRET:t}"})
    started(tmp_path, row, held={"t": TOKEN}, env=server.env)
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert started(tmp_path, row, env=server.env).outcome == "unresolved"


@pytest.mark.parametrize(
    ("challenge", "value", "status", "outcome", "cause"),
    [
        ("Bearer", "Bearer {}", 401, "remote-token", "token_invalid"),
        ('Bearer resource_metadata="https://x.example/m"', "Bearer {}", 401, "remote-token-or-login", "token_invalid"),
        ('Bearer error="invalid_token", error_description="Token expired"', "Bearer {}", 401, "remote-token-expired", "token_expired"),
        ('Bearer error="insufficient_scope", scope="admin"', "Bearer {}", 403, "remote-scope", "token_insufficient_scope"),
        ("Bearer", "{}", 401, "remote-scheme", "auth_header_wrong"),
        ("Basic realm=x", "Bearer {}", 401, "remote-scheme", "auth_header_wrong"),
        ("", "Bearer {}", 401, "remote-token", "token_invalid"),
        ("", "Bearer {}", 403, "remote-forbidden", "token_insufficient_scope"),
    ],
)  # fmt: skip
def test_why_a_credential_is_refused(
    server: ProviderServer, tmp_path: Path, challenge: str, value: str, status: int, outcome: str, cause: str
) -> None:
    server.answers(status, {}, {"WWW-Authenticate": challenge} if challenge else {})
    row = entry(f"{server.url}/mcp", headers={"Authorization": value.format(TOKEN)})
    found = started(tmp_path, row, env=server.env)
    assert (found.status, found.outcome, found.cause) == (Status.FAIL, outcome, cause)
    assert TOKEN not in repr(found)


def test_a_credential_does_not_go_over_plain_http(tmp_path: Path) -> None:
    row = entry("http://203.0.113.1/mcp", headers={"Authorization": f"Bearer {TOKEN}"})
    found = started(tmp_path, row, timeout=3)
    assert (found.status, found.outcome) == (Status.FAIL, "remote-not-https")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_says_nothing_about_the_credential(
    server: ProviderServer, tmp_path: Path, status: int
) -> None:
    server.answers(status)
    row = entry(f"{server.url}/mcp", headers={"Authorization": f"Bearer {TOKEN}"})
    assert started(tmp_path, row, env=server.env).status is Status.UNKNOWN


def test_offline_the_handshake_is_not_made(server: ProviderServer, tmp_path: Path) -> None:
    assert started(tmp_path, entry(server.url), offline=True).status is Status.SKIP
    assert not server.seen
