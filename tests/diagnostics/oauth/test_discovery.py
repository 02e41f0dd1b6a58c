"""Finding out where one logs in: against a real authorization server, and against documents that lie."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session, Status
from diagnostics.oauth.discovery import Discovery, discover
from diagnostics.oauth.document import fetch
from diagnostics.oauth.judge import Point, judge_discovery
from diagnostics.providers.http import HttpError, Request, ask
from diagnostics.providers.proxy import Reach, is_within
from diagnostics.servers.remote import RemoteOutcome, probe
from tests.support.oauth_server import OAuthServer
from tests.support.provider_server import Conversation, ProviderServer, provider_server

Start = Callable[..., OAuthServer]


def host(folder: Path, env: dict[str, str] | None = None) -> Host:
    return Host(Platform.LINUX, Session.LOCAL, folder, folder, env or {})


def walked(server: OAuthServer, folder: Path) -> tuple[Discovery, dict[str, Point]]:
    """As a client comes: first the refused request, then what its answer names."""
    answer = probe(server.resource, server.env)
    assert answer.outcome is RemoteOutcome.LOGIN
    found = discover(server.resource, host(folder, server.env), answer.resource_metadata)
    return found, {each.name: each for each in judge_discovery(found, answer.scopes)}


PROMISES = ("PKCE with S256", "client registration", "device flow", "refresh tokens", "issuer in the answer")


@pytest.mark.parametrize("tls", [False, True])
def test_a_real_server_keeps_its_promises(oauth_server: Start, tmp_path: Path, tls: bool) -> None:
    server = oauth_server(tls=tls)
    found, points = walked(server, tmp_path)
    assert found.named_by_header
    assert (found.issuer, found.metadata["issuer"]) == (server.issuer, server.issuer)
    assert {name: points[name].status for name in PROMISES} == dict.fromkeys(PROMISES, Status.OK)
    assert not [each for each in points.values() if each.status in {Status.FAIL, Status.WARN}]


@pytest.mark.parametrize(
    ("options", "point", "status"),
    [
        ({"registration": False}, "client registration", Status.WARN),
        ({"device": False}, "device flow", Status.SKIP),
    ],
)
def test_a_real_server_without_one_of_them(
    oauth_server: Start, tmp_path: Path, options: dict[str, Any], point: str, status: Status
) -> None:
    _, points = walked(oauth_server(**options), tmp_path)
    assert points[point].status is status
    assert points["PKCE with S256"].status is Status.OK


@pytest.mark.parametrize("inserted", [False, True])
def test_an_issuer_with_a_path_is_found_at_its_third_address_or_its_second(
    oauth_server: Start, tmp_path: Path, inserted: bool
) -> None:
    server = oauth_server(issuer_path="/tenant", well_known_inserted=inserted)
    found, points = walked(server, tmp_path)
    end = ".well-known/openid-configuration/tenant" if inserted else "tenant/.well-known/openid-configuration"
    assert found.metadata_url == f"{server.issuer_origin}/{end}"
    assert points["issuer"].status is Status.OK


def test_metadata_are_found_where_the_answer_does_not_name_them(oauth_server: Start, tmp_path: Path) -> None:
    found, points = walked(oauth_server(header_names_metadata=False), tmp_path)
    assert not found.named_by_header
    assert points["resource identifier"].status is Status.OK


@pytest.mark.parametrize(
    ("wrong", "point", "outcome"),
    [
        ({"resource": "http://localhost:1/mcp"}, "resource identifier", "resource-mismatch"),
        ({"authorization_servers": []}, "authorization servers", "no-authorization-server"),
    ],
)
def test_a_real_server_with_wrong_metadata(
    oauth_server: Start, tmp_path: Path, wrong: dict[str, Any], point: str, outcome: str
) -> None:
    _, points = walked(oauth_server(resource_metadata=wrong), tmp_path)
    assert (points[point].status, points[point].outcome) == (Status.FAIL, outcome)


# ── documents that lie ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca"), tls=False) as found:
        yield found


@pytest.fixture
def liar(shared: ProviderServer) -> ProviderServer:
    shared.answers(404)
    shared.seen.clear()
    return shared


def serve(server: ProviderServer, documents: dict[str, bytes | tuple[int, str]]) -> None:
    """By path: a body, or a status with a Location."""

    def script(talk: Conversation) -> None:
        found = documents.get(talk.path, (404, ""))
        status, location, body = (200, "", found) if isinstance(found, bytes) else (*found, b"")
        talk.send_response_only(status)
        talk.send_header("Content-Length", str(len(body)))
        if location:
            talk.send_header("Location", location)
        talk.end_headers()
        talk.wfile.write(body)

    server.script = script


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"{", "not-json"),
        (b"[" * 200_000, "not-json"),
        (b"[]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b" " * 300_000 + b"{}", "too-large"),
        ((301, "/x"), "redirected"),
        ((302, "http://localhost:1/elsewhere"), "redirected"),
        ((302, "http://[broken"), "redirected"),
        ((500, ""), "absent"),
        ((301, "/one"), "redirected"),
    ],
)
def test_a_document_that_is_none(liar: ProviderServer, body: bytes | tuple[int, str], outcome: str) -> None:
    serve(liar, {"/x": body, "/one": (301, "/two"), "/two": (301, "/one")})
    found = fetch(f"{liar.url}/x", {}, 5, Reach.ANYWHERE)
    assert found.outcome == outcome
    assert found.line.isprintable()
    assert len(liar.seen) <= 3


def test_a_redirect_within_the_host_is_followed(liar: ProviderServer) -> None:
    serve(liar, {"/x": (307, "/y"), "/y": b'{"a": 1}'})
    assert fetch(f"{liar.url}/x", {}, 5, Reach.ANYWHERE).content == {"a": 1}


def test_a_list_of_issuers_is_tried_with_moderation(liar: ProviderServer, tmp_path: Path) -> None:
    named = [f"{liar.url}/{number}" for number in range(1000)]
    body = json.dumps({"resource": liar.url, "authorization_servers": [None, *named]}).encode()
    serve(liar, {"/.well-known/oauth-protected-resource": body})
    found = discover(liar.url, host(tmp_path))
    assert len(found.issuers) == 3
    assert len(liar.seen) == 1 + 3 * 3


def test_the_old_way_is_tried_where_no_resource_is_described(liar: ProviderServer, tmp_path: Path) -> None:
    body = json.dumps({"issuer": liar.url}).encode()
    serve(liar, {"/.well-known/oauth-authorization-server": body})
    found = discover(f"{liar.url}/mcp", host(tmp_path))
    assert found.metadata == {"issuer": liar.url}
    assert found.is_certain


def test_nobody_reached_is_nothing_found_out(tmp_path: Path) -> None:
    found = discover("http://localhost:1/mcp", host(tmp_path))
    assert not found.is_offered
    assert not found.is_certain


# ── the wall around this machine ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "public", "network"),
    [
        ("example.com", True, True),
        ("93.184.216.34", True, True),
        ("localhost", False, False),
        ("127.0.0.1", False, False),
        ("127.1", False, False),
        ("2130706433", False, False),
        ("0x7f000001", False, False),
        ("[::1]", False, False),
        ("::ffff:127.0.0.1", False, False),
        ("0.0.0.0", False, False),
        ("169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("10.1.2.3", False, True),
        ("192.168.0.1", False, True),
        ("fd00::1", False, True),
        ("metadata.google.internal", False, True),
        ("printer.local", False, True),
    ],
)
def test_where_a_strangers_text_may_lead(name: str, public: bool, network: bool) -> None:
    assert is_within(name, Reach.PUBLIC) is public
    assert is_within(name, Reach.NETWORK) is network
    assert is_within(name, Reach.ANYWHERE)


def test_a_name_that_leads_home_is_refused_before_a_byte_is_sent(
    liar: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public name with a private address behind it: only the connection itself shows that."""
    import socket

    real = socket.getaddrinfo

    def resolve(name: Any, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.1" if name == "innocent.example" else name, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://innocent.example:{liar.port}/x"
    assert ask(Request("GET", url), {}, 5).status == 404
    liar.seen.clear()
    for reach in (Reach.PUBLIC, Reach.NETWORK):
        with pytest.raises(HttpError) as caught:
            ask(Request("GET", url, reach=reach), {}, 5)
        assert caught.value.trouble == "private-address"
    assert not liar.seen


@pytest.mark.parametrize(
    "named",
    [
        "http://169.254.169.254/latest/",
        "https://localhost/x",
        "https://127.0.0.1:8443/",
        "http://public.example/x",
    ],
)
def test_a_public_server_does_not_send_us_home(named: str, tmp_path: Path) -> None:
    found = discover("https://mcp.invalid/mcp", host(tmp_path), named, seconds=3)
    assert found.tried[0].url == named
    assert found.tried[0].outcome in {"not-https", "private-address"}


def test_documents_that_never_come_end_with_the_deadline_and_tell_nothing(tmp_path: Path) -> None:
    released = threading.Event()

    def says_nothing(_talk: Conversation) -> None:
        released.wait(30)

    with provider_server(tmp_path) as silent:
        silent.script = says_nothing
        try:
            began = time.monotonic()
            found = discover(silent.url, host(tmp_path, silent.env), seconds=0.3)
            assert time.monotonic() - began < 3
        finally:
            released.set()
    assert [each.outcome for each in found.tried][:1] == ["timeout"]
    assert (found.is_offered, found.is_certain) == (False, False)
