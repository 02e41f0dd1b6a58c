"""Keys that travel in the address or the body: whatever goes wrong, nothing that is kept or shown holds them."""

import io
import logging
import traceback
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.providers import http
from diagnostics.providers.verify import Answer, verify
from diagnostics.secret import Secret
from tests.support.provider_server import (
    Conversation,
    ProviderServer,
    closed_port,
    provider_server,
    proxy_server,
)

TOKENS = {
    "telegram_bot_token": "1234567890:" + "c4n4ry+/&?#%" * 3,
    "serpapi_key": "c4n4ry+/&?#%" * 5,
    "trello_key_token": "c4n4ry00" * 8,
    "mapbox_token": "c4n4ry+/&?#%" * 5,
    "docker_hub_pat": 'c4n4ry"\\\\' * 5,
}
BESIDE = {"key": Secret("ab" * 16), "user": Secret("ann")}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


def ask(provider_id: str, url: str, env: dict[str, str]) -> tuple[Answer, str]:
    """The answer, and all that was logged meanwhile."""
    host = Host(Platform.LINUX, Session.LOCAL, Path("/"), Path("/"), env)
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        options = Options(provider_urls={provider_id: url} if url else {})
        answer = verify(provider_id, Secret(TOKENS[provider_id]), host, options, 2.0, {}, BESIDE)
        return answer, log.getvalue()
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def assert_clean(provider_id: str, text: str) -> None:
    token = TOKENS[provider_id]
    for form in (token, urllib.parse.quote(token), urllib.parse.quote(token, safe=""), token[:20]):
        assert form not in text


@pytest.mark.parametrize("provider_id", TOKENS)
def test_it_arrives_whole_and_stays_out_of_everything(provider_id: str, server: ProviderServer) -> None:
    def echo(talk: Conversation) -> None:
        """Says back what it was sent, as error pages and redirects do."""
        talk.send_response_only(302)
        talk.send_header("Location", f"https://c4n4ry.example{talk.path}")
        talk.send_header("Content-Length", "0")
        talk.end_headers()

    server.seen.clear()
    server.script = echo
    answer, log = ask(provider_id, server.url, server.env)
    assert (answer.meaning, answer.target) == ("redirected", "c4n4ry.example")
    [seen] = server.seen
    sent = urllib.parse.unquote(seen.path) + seen.body.decode().replace('\\"', '"').replace("\\\\", "\\")
    assert TOKENS[provider_id] in sent
    assert "authorization" not in seen.headers
    assert_clean(provider_id, repr(answer) + log)


@pytest.mark.parametrize("provider_id", TOKENS)
def test_failures_of_the_way_do_not_tell_it(provider_id: str, tmp_path: Path) -> None:
    answer, log = ask(provider_id, f"https://127.0.0.1:{closed_port()}", {})
    assert answer.meaning == "refused"
    assert_clean(provider_id, repr(answer) + log)
    answer, log = ask(provider_id, "https://no-such-host.invalid", {})
    assert not answer.is_verdict
    assert_clean(provider_id, repr(answer) + log)
    with provider_server(tmp_path, ca=trustme.CA()) as unknown:
        answer, log = ask(provider_id, unknown.url, {})
        assert answer.meaning == "certificate-untrusted"
        assert unknown.seen == []
    assert_clean(provider_id, repr(answer) + log)


@pytest.mark.parametrize("provider_id", ["telegram_bot_token", "serpapi_key"])
def test_a_proxy_hears_the_host_alone(provider_id: str) -> None:
    with proxy_server(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as (url, heard):
        answer, log = ask(provider_id, "", {"HTTPS_PROXY": url})
    assert answer.meaning == "proxy-refused"
    assert_clean(provider_id, b"".join(heard).decode() + repr(answer) + log)


@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_an_answer_that_quotes_the_address_is_scrubbed(server: ProviderServer, status: int) -> None:
    token = TOKENS["telegram_bot_token"]
    quoted = urllib.parse.quote(token, safe=":")
    body = {"ok": True, "result": {"username": f"{token} {quoted}", "first_name": f"/bot{quoted}/getMe"}}
    server.answers(status, body)
    answer, log = ask("telegram_bot_token", server.url, server.env)
    assert_clean("telegram_bot_token", repr(answer) + log)


def test_an_error_keeps_no_address() -> None:
    request = http.Request(
        "GET", f"https://127.0.0.1:{closed_port()}/x", secret_url=Secret("https://elsewhere.example/canary")
    )
    with pytest.raises(http.HttpError) as caught:
        http.ask(request, {}, 1.0)
    assert caught.value.trouble == "not-https", "the credential's place must not change where it goes"
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert "canary" not in repr(request)
