"""What the address of a remote server answers, told apart: real HTTP, real TLS, real answers of real kinds."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from diagnostics.secret import Secret
from diagnostics.servers import event_stream
from diagnostics.servers.remote import RemoteAnswer, RemoteOutcome, near_misses, probe
from tests.support import tokens
from tests.support.oauth_server import OAuthServer
from tests.support.provider_server import Conversation, ProviderServer, closed_port, provider_server

INITIALIZED = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "serverInfo": {"name": "x", "version": "2"},
    },
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


@pytest.fixture
def server(shared: ProviderServer) -> ProviderServer:
    shared.answers(404)
    shared.seen.clear()
    return shared


def asked(server: ProviderServer, path: str = "/mcp", **more: Any) -> RemoteAnswer:
    return probe(f"{server.url}{path}", server.env, seconds=5, **more)


def send(
    talk: Conversation, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> None:
    talk.send_response_only(status)
    for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
        talk.send_header(name, value)
    talk.send_header("Content-Length", str(len(body)))
    talk.end_headers()
    talk.wfile.write(body)


def routes(server: ProviderServer, answers: Mapping[str, Callable[[Conversation], None]]) -> None:
    """By `POST /mcp`; everything else is not found."""

    def missing(talk: Conversation) -> None:
        send(talk, 404)

    server.script = lambda talk: answers.get(f"{talk.command} {talk.path}", missing)(talk)


def initialized(talk: Conversation) -> None:
    send(talk, 200, json.dumps(INITIALIZED).encode())


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_json_answer(server: ProviderServer) -> None:
    server.answers(200, INITIALIZED)
    found = asked(server)
    assert (found.outcome, found.name, found.version, found.protocol) == (
        RemoteOutcome.ANSWERED, "x", "2", "2025-11-25",
    )  # fmt: skip
    first = server.seen[0]
    assert (first.method, first.headers["accept"]) == ("POST", "application/json, text/event-stream")
    assert json.loads(first.body)["params"]["protocolVersion"] == "2025-11-25"
    assert "authorization" not in first.headers
    assert len(server.seen) == 1


@pytest.mark.parametrize("chunked", [True, False])
def test_an_answer_in_a_stream_that_never_ends(server: ProviderServer, chunked: bool) -> None:
    ping = ": hello\r\n\r\ndata: {}\r\n\r\nevent: message\r\n"
    text = f"{ping}data: {json.dumps(INITIALIZED)}\r\n\r\n".encode()

    def stream(talk: Conversation) -> None:
        talk.send_response_only(200)
        talk.send_header("Content-Type", "text/event-stream")
        if chunked:
            talk.send_header("Transfer-Encoding", "chunked")
            text_now = f"{len(text):x}\r\n".encode() + text + b"\r\n"
        else:
            talk.close_connection = True
            text_now = text
        talk.end_headers()
        talk.wfile.write(text_now)
        talk.wfile.flush()
        talk.rfile.read(1)  # until the other side ends the connection

    server.script = stream
    found = asked(server)
    assert found.outcome is RemoteOutcome.ANSWERED
    assert found.seconds < 3


def test_a_session_that_was_opened_for_us_is_ended(server: ProviderServer) -> None:
    server.answers(200, INITIALIZED, {"Mcp-Session-Id": "s-1"})
    assert asked(server).outcome is RemoteOutcome.ANSWERED
    assert [(each.method, each.headers.get("mcp-session-id")) for each in server.seen] == [
        ("POST", None), ("DELETE", "s-1"),
    ]  # fmt: skip


def test_a_server_of_the_stateless_protocol_alone(server: ProviderServer) -> None:
    def talk(it: Conversation) -> None:
        question = json.loads(server.seen[-1].body)
        if question["method"] != "server/discover":
            error = {"code": -32022, "message": "unsupported", "data": {"supported": ["2026-07-28"]}}
            return send(it, 400, json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode())
        meta = {"io.modelcontextprotocol/serverInfo": {"name": "new", "version": "9"}}
        result = {"supportedVersions": ["2026-07-28"], "capabilities": {}, "_meta": meta}
        return send(it, 200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())

    routes(server, {"POST /mcp": talk})
    found = asked(server)
    assert (found.outcome, found.name, found.protocol) == (RemoteOutcome.ANSWERED, "new", "2026-07-28")
    assert server.seen[-1].headers["mcp-protocol-version"] == "2026-07-28"
    assert server.seen[-1].headers["mcp-method"] == "server/discover"


HTML = {"Content-Type": "text/html"}
BEARER = {"WWW-Authenticate": 'Bearer resource_metadata="https://m.example/x", scope="a b"'}
JSON_ERROR = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {"code": -32000, "message": "Bad Request: No valid session ID"},
}


@pytest.mark.parametrize(
    ("status", "headers", "body", "outcome"),
    [
        (401, BEARER, {}, RemoteOutcome.LOGIN),
        (401, {}, {}, RemoteOutcome.LOGIN),
        (401, {**HTML, "WWW-Authenticate": "Basic realm=x"}, b"<html>", RemoteOutcome.LOGIN),
        (403, BEARER, {}, RemoteOutcome.LOGIN),
        (403, {}, {"error": "no"}, RemoteOutcome.FORBIDDEN),
        (403, {}, {"error": "Invalid Host header"}, RemoteOutcome.HOST_REFUSED),
        (403, {}, b"Invalid Origin header", RemoteOutcome.HOST_REFUSED),
        (421, {}, b"Misdirected", RemoteOutcome.HOST_REFUSED),
        (403, HTML, b"<html>blocked", RemoteOutcome.PAGE),
        (200, HTML, b"<html>log in to this network", RemoteOutcome.PAGE),
        (404, {}, {}, RemoteOutcome.NOT_FOUND),
        (405, {}, {}, RemoteOutcome.NOT_FOUND),
        (400, {}, JSON_ERROR, RemoteOutcome.SESSION),
        (400, {}, {"message": "nope"}, RemoteOutcome.REFUSED),
        (406, {}, {}, RemoteOutcome.REFUSED),
        (200, {}, {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no"}}, RemoteOutcome.REFUSED),
        (429, {}, {}, RemoteOutcome.RATE_LIMITED),
        (500, {}, {}, RemoteOutcome.OUTAGE),
        (503, HTML, b"<html>", RemoteOutcome.OUTAGE),
        (302, {"Location": "https://portal.example/login"}, {}, RemoteOutcome.REDIRECTED),
        (308, {"Location": "https://[x"}, {}, RemoteOutcome.REDIRECTED),
        (202, {}, b"", RemoteOutcome.UNCLEAR),
        (200, {}, {"hello": "world"}, RemoteOutcome.UNCLEAR),
        (200, {}, b"[" * 50_000, RemoteOutcome.UNCLEAR),
        (200, {}, {"jsonrpc": "2.0", "id": 1, "result": []}, RemoteOutcome.REFUSED),
    ],
)
def test_what_an_answer_means(
    server: ProviderServer, status: int, headers: dict[str, str], body: Any, outcome: RemoteOutcome
) -> None:
    server.answers(status, body, headers)
    assert asked(server).outcome is outcome


def test_what_the_challenge_asks_for(server: ProviderServer) -> None:
    server.answers(401, {}, BEARER)
    found = asked(server)
    assert (found.resource_metadata, found.scopes, found.schemes) == (
        "https://m.example/x",
        ("a", "b"),
        ("bearer",),
    )


def test_a_redirect_shows_its_host_and_is_not_followed(server: ProviderServer) -> None:
    server.answers(307, {}, {"Location": f"{server.url}/mcp/?key=1"})
    found = asked(server)
    assert (found.target, found.elsewhere) == ("localhost", f"{server.url}/mcp/")
    assert len(server.seen) == 1


# ── near misses ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "there", "transport"),
    [
        ("/", "POST /mcp", "http"),
        ("/mcp", "POST /mcp/", "http"),
        ("/sse", "POST /mcp", "http"),
        ("/api", "POST /api/mcp", "http"),
    ],
)
def test_the_server_is_nearby(server: ProviderServer, written: str, there: str, transport: str) -> None:
    routes(server, {there: initialized})
    found = asked(server, written)
    assert (found.outcome, found.elsewhere, found.transport) == (
        RemoteOutcome.NOT_FOUND, server.url + there.partition(" ")[2], transport,
    )  # fmt: skip


def test_a_login_nearby_counts_as_the_server(server: ProviderServer) -> None:
    routes(server, {"POST /mcp": lambda it: send(it, 401, b"{}", {"WWW-Authenticate": "Bearer"})})
    assert asked(server, "").elsewhere == f"{server.url}/mcp"


def endpoint(talk: Conversation) -> None:
    body = b"event: endpoint\ndata: /messages?id=1\n\n"
    send(talk, 200, body, {"Content-Type": "text/event-stream"})


def test_the_old_transport_where_the_new_one_is_written(server: ProviderServer) -> None:
    routes(server, {"GET /mcp": endpoint, "POST /mcp": lambda it: send(it, 405)})
    found = asked(server)
    assert (found.outcome, found.transport) == (RemoteOutcome.OTHER_TRANSPORT, "sse")


def test_the_new_transport_where_the_old_one_is_written(server: ProviderServer) -> None:
    routes(server, {"POST /mcp": initialized, "GET /mcp": lambda it: send(it, 405)})
    found = asked(server, transport="sse")
    assert (found.outcome, found.transport) == (RemoteOutcome.OTHER_TRANSPORT, "http")


def test_the_old_transport_as_written(server: ProviderServer) -> None:
    routes(server, {"GET /sse": endpoint})
    found = asked(server, "/sse", transport="sse")
    assert (found.outcome, found.transport) == (RemoteOutcome.ANSWERED, "sse")


def test_near_misses_stay_on_the_host_and_are_few() -> None:
    for url in (
        "https://h.example",
        "https://h.example/mcp",
        "https://h.example/a/sse?x=1",
        "https://h.example/a/",
    ):
        found = near_misses(url)
        assert 0 < len(found) <= 3
        assert url not in found
        assert all(each.startswith("https://h.example/") for each in found)


# ── the way there ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_that_is_none() -> None:
    assert probe("https://nowhere.invalid/mcp", {}, seconds=5).trouble == "dns"


def test_nobody_listens() -> None:
    assert probe(f"http://localhost:{closed_port()}/mcp", {}, seconds=5).trouble == "refused"


def test_an_authority_that_is_not_trusted(server: ProviderServer) -> None:
    assert probe(server.url, {}, seconds=5).trouble == "certificate-untrusted"


def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    ca = trustme.CA()
    with provider_server(tmp_path, ca=ca, cert=ca.issue_cert("other.example")) as found:
        assert probe(found.url, found.env, seconds=5).trouble == "certificate-name"


def test_tls_asked_of_a_plain_server(tmp_path: Path) -> None:
    with provider_server(tmp_path, tls=False) as found:
        assert probe(found.url.replace("http:", "https:"), found.env, seconds=5).trouble == "tls"


def test_a_server_that_hangs_is_left_in_time(server: ProviderServer) -> None:
    def hang(talk: Conversation) -> None:
        talk.rfile.read(1)

    server.script = hang
    found = probe(f"{server.url}/mcp", server.env, seconds=1)
    assert (found.outcome, found.trouble) == (RemoteOutcome.NO_ANSWER, "timeout")
    assert found.seconds < 3


# ── credentials ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_credential_goes_to_the_address_and_to_no_near_miss(server: ProviderServer) -> None:
    secret = Secret("Bearer " + tokens.github("remote"))
    routes(server, {"POST /api/mcp": initialized})
    assert asked(server, "/api", secrets={"Authorization": secret}).elsewhere.endswith("/api/mcp")
    with_it = [each.path for each in server.seen if "authorization" in each.headers]
    assert with_it == ["/api"]
    assert len(server.seen) > 1


def test_a_credential_is_not_sent_without_tls() -> None:
    found = probe("http://203.0.113.1/mcp", {}, secrets={"X-Key": Secret("k" * 20)}, seconds=2)
    assert (found.outcome, found.trouble) == (RemoteOutcome.NO_ANSWER, "not-https")


def test_a_credential_is_not_sent_along_a_redirect(server: ProviderServer) -> None:
    server.answers(307, {}, {"Location": f"https://localhost:{server.port}/other"})
    asked(server, secrets={"Authorization": Secret("Bearer x" * 9)})
    assert [each.path for each in server.seen] == ["/mcp"]


def test_a_real_server_takes_a_real_token_and_lists_its_tools(
    oauth_server: Callable[..., OAuthServer],
) -> None:
    real = oauth_server()
    token = real.tokens()["access_token"]
    assert probe(real.resource, {}).outcome is RemoteOutcome.LOGIN
    found = probe(real.resource, {}, secrets={"Authorization": Secret(f"Bearer {token}")}, list_tools=True)
    assert (found.outcome, found.name, found.tools, found.tools_error) == (
        RemoteOutcome.ANSWERED,
        "guarded",
        1,
        "",
    )
    refused = probe(real.resource, {}, secrets={"Authorization": Secret("Bearer wrong")})
    assert refused.challenge is not None
    assert refused.challenge.params["error"] == "invalid_token"


def test_events_cut_anywhere_are_read_without_an_error() -> None:
    whole = b"event: message\r\ndata: " + json.dumps(INITIALIZED).encode() + b"\r\n\r\n"
    for cut in range(len(whole)):
        assert event_stream.answer(whole[:cut], 1) is None or cut >= len(whole) - 2
    assert event_stream.answer(whole, 1) == INITIALIZED
