"""Asking a provider over real TLS: its answers in full, and everything that can go wrong on the way."""

import gzip
import io
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme

from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.providers import http
from diagnostics.providers.presented_certificate import issuer_of
from diagnostics.providers.verify import Answer, verify
from diagnostics.secret import Secret
from tests.support import tokens
from tests.support.provider_server import (
    Conversation,
    ProviderServer,
    closed_port,
    provider_server,
    proxy_server,
)

TOKEN = tokens.github("canary")


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def shared(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca"), ca=ca) as found:
        yield found


@pytest.fixture
def server(shared: ProviderServer) -> ProviderServer:
    shared.answers(200, {"login": "octo"})
    shared.seen.clear()
    return shared


def ask(
    server: ProviderServer | str,
    env: dict[str, str] | None = None,
    *,
    provider_id: str = "github_pat_classic",
    token: str = TOKEN,
    seconds: float = 5.0,
    home: Path = Path("/nonexistent"),
) -> Answer:
    """The answer, with no word of the token in it."""
    url = server if isinstance(server, str) else server.url
    own = server.env if isinstance(server, ProviderServer) else {}
    host = Host(Platform.LINUX, Session.LOCAL, home, home, {**own, **(env or {})})
    from diagnostics.catalog.providers import provider

    options = Options(provider_urls={provider(provider_id).family: url})
    answer = verify(provider_id, Secret(token), host, options, seconds)
    assert token not in repr(answer)
    return answer


# ── what providers say ──────────────────────────────────────────────────────────────────────────────────────


def test_github_classic_in_full(server: ProviderServer) -> None:
    server.answers(
        200,
        {"login": "octo", "id": 1},
        {
            "X-OAuth-Scopes": "repo, read:org",
            "github-authentication-token-expiration": "2031-02-03 04:05:06 UTC",
        },
    )
    answer = ask(server)
    assert answer.is_verdict
    assert (answer.meaning, answer.account, answer.scopes) == ("valid", "octo", ("repo", "read:org"))
    assert answer.expires == datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_github_fine_grained_reports_no_scopes(server: ProviderServer) -> None:
    server.answers(
        200, {"login": "octo"}, {"github-authentication-token-expiration": "2031-02-03 04:05:06 +0100"}
    )
    answer = ask(server, provider_id="github_pat_fine_grained", token=tokens.github_fine_grained())
    assert answer.scopes is None
    assert answer.expires == datetime(2031, 2, 3, 3, 5, 6, tzinfo=UTC)


def test_github_installation_token_lives_although_user_is_forbidden(server: ProviderServer) -> None:
    server.answers(403, {"message": "Resource not accessible by integration"})
    assert ask(server, provider_id="github_app_installation_token").meaning == "valid"


def test_github_limits_are_not_refusals(server: ProviderServer) -> None:
    reset = str(int(time.time()) + 600)
    server.answers(
        403,
        {"message": "API rate limit exceeded"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset},
    )
    answer = ask(server)
    assert answer.meaning == "rate_limited"
    assert 590 <= (answer.retry_after or 0) <= 600
    server.answers(403, {"message": "Sorry, too many failed logins"})
    assert ask(server).meaning == "indeterminate"


def test_gitlab_in_full(server: ProviderServer) -> None:
    server.answers(
        200,
        {"name": "my token", "revoked": False, "scopes": ["api", "read_user"], "expires_at": "2031-02-03"},
    )
    answer = ask(server, provider_id="gitlab_pat", token=tokens.gitlab())
    assert (answer.account, answer.scopes) == ("my token", ("api", "read_user"))
    assert answer.expires == datetime(2031, 2, 3, tzinfo=UTC)
    server.answers(200, {"name": "my token", "revoked": True})
    assert ask(server, provider_id="gitlab_pat", token=tokens.gitlab()).meaning != "valid"


def test_slack_says_no_with_200(server: ProviderServer) -> None:
    server.answers(200, {"ok": True, "team": "T", "user": "bot"}, {"X-OAuth-Scopes": "chat:write"})
    good = ask(server, provider_id="slack_bot_token", token=tokens.slack_bot())
    assert (good.meaning, good.account, good.scopes) == ("valid", "T / bot", ("chat:write",))
    for error, meaning in {
        "invalid_auth": "invalid",
        "token_revoked": "revoked",
        "else": "indeterminate",
    }.items():
        server.answers(200, {"ok": False, "error": error})
        assert ask(server, provider_id="slack_bot_token", token=tokens.slack_bot()).meaning == meaning


def test_openai_without_credit_is_no_bad_key(server: ProviderServer) -> None:
    server.answers(429, {"error": {"type": "insufficient_quota"}})
    assert ask(server, provider_id="openai_api_key", token=tokens.openai()).meaning == "quota_exhausted"
    server.answers(429, {"error": {"type": "requests"}})
    assert ask(server, provider_id="openai_api_key", token=tokens.openai()).meaning == "rate_limited"


def test_a_long_list_of_models_is_read_to_its_end(server: ProviderServer) -> None:
    models = [{"id": f"ft:model:{number}", "object": "model"} for number in range(3000)]
    server.answers(200, {"object": "list", "data": models})
    assert ask(server, provider_id="openai_api_key", token=tokens.openai()).meaning == "valid"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("not a date", None),
        ("-3", None),
        ("9" * 40, 31_536_000),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
    ],
)
def test_retry_after_in_every_form(server: ProviderServer, header: str, seconds: int | None) -> None:
    server.answers(429, {}, {"Retry-After": header})
    assert ask(server).retry_after == seconds


def test_retry_after_as_a_date(server: ProviderServer) -> None:
    then = datetime.now(UTC) + timedelta(seconds=300)
    server.answers(429, {}, {"Retry-After": format_datetime(then, usegmt=True)})
    assert 295 <= (ask(server).retry_after or 0) <= 300


def test_the_clock_is_compared(server: ProviderServer) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=10)
    server.answers(200, {"login": "x"}, {"Date": format_datetime(ahead, usegmt=True)})
    assert ask(server).skew == pytest.approx(600, abs=5)
    server.answers(200, {"login": "x"}, {"Date": format_datetime(ahead, usegmt=True), "Age": "60"})
    assert ask(server).skew == pytest.approx(660, abs=5)
    for bad in ("", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"):
        server.answers(200, {"login": "x"}, {"Date": bad})
        assert ask(server).skew is None


# ── bad answers ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\xff\xfe garbage \x1b[31m",
        b"[" * 50_000,
        b'{"login":',
        b'"login"',
        b"null",
        b'{"login": null}',
        b'{"ok": 1}',
        b"\xef\xbb\xbf",
        gzip.compress(b'{"login": "x"}', mtime=0),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 404])
def test_garbage_is_no_verdict(server: ProviderServer, body: bytes, status: int) -> None:
    server.answers(status, body)
    answer = ask(server)
    assert answer.meaning == "indeterminate"
    assert not answer.is_verdict


def test_hostile_names_are_made_harmless(server: ProviderServer) -> None:
    name = f"\x1b[31mroot\x07 [bold]x[/] \u202e {TOKEN} " + "y" * 5000
    server.answers(200, {"login": name}, {"X-OAuth-Scopes": ",".join([TOKEN, "repo"] * 100)})
    answer = ask(server)
    assert answer.meaning == "valid"
    assert answer.account.isprintable()
    assert len(answer.account) <= 120
    assert TOKEN not in answer.account
    assert answer.scopes is not None
    assert len(answer.scopes) <= 200


def test_a_huge_body_is_not_read(server: ProviderServer) -> None:
    sent = []

    def flood(talk: Conversation) -> None:
        talk.send_response_only(200)
        talk.send_header("Content-Type", "application/json")
        talk.send_header("Content-Length", str(1 << 32))
        talk.end_headers()
        for _ in range(4096):
            talk.wfile.write(b" " * 65536)
            sent.append(65536)

    server.script = flood
    assert ask(server).meaning == "indeterminate"
    assert sum(sent) < 64 << 20


def test_a_huge_redirect_is_not_read_either(server: ProviderServer) -> None:
    sent = []

    def flood(talk: Conversation) -> None:
        talk.send_response_only(302)
        talk.send_header("Location", "https://elsewhere.example/")
        talk.send_header("Content-Length", str(1 << 32))
        talk.end_headers()
        for _ in range(4096):
            talk.wfile.write(b" " * 65536)
            sent.append(65536)

    server.script = flood
    assert ask(server).meaning == "redirected"
    assert sum(sent) < 64 << 20


@pytest.mark.parametrize("where", ["body", "headers", "silence"])
def test_a_slow_answer_ends_at_the_limit(server: ProviderServer, where: str) -> None:
    over = threading.Event()

    def drip(talk: Conversation) -> None:
        if where == "body":
            talk.send_response_only(200)
            talk.send_header("Content-Length", "100000")
            talk.end_headers()
        elif where == "headers":
            talk.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while where != "silence" and not over.wait(0.05):
            talk.wfile.write(b"x")
            talk.wfile.flush()
        over.wait(10)

    server.script = drip
    began = time.monotonic()
    answer = ask(server, seconds=0.6)
    spent = time.monotonic() - began
    over.set()
    assert answer.meaning == "timeout"
    assert spent < 2


def test_a_connection_cut_off(server: ProviderServer) -> None:
    def cut(talk: Conversation) -> None:
        talk.close_connection = True
        talk.connection.close()

    server.script = cut
    assert ask(server).meaning in {"closed", "tls"}


def test_an_answer_cut_off_in_the_middle(server: ProviderServer) -> None:
    def cut(talk: Conversation) -> None:
        talk.send_response_only(200)
        talk.send_header("Content-Length", "1000")
        talk.end_headers()
        talk.wfile.write(b'{"login"')
        talk.close_connection = True

    server.script = cut
    assert not ask(server).is_verdict


# ── where the token goes ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("provider_id", ["github_pat_classic", "gitlab_pat"])
def test_a_redirect_is_reported_and_never_followed(
    server: ProviderServer, tmp_path: Path, ca: trustme.CA, status: int, provider_id: str
) -> None:
    with provider_server(tmp_path, ca=ca) as other:
        server.answers(status, {}, {"Location": f"{other.url}/take?it"})
        answer = ask(server, provider_id=provider_id)
        assert (answer.meaning, answer.target) == ("redirected", "localhost")
        assert other.seen == []
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "location", ["", "//", "https://[", "\x1b[31m", f"https://x.example/{TOKEN}", "/same"]
)
def test_odd_redirects(server: ProviderServer, location: str) -> None:
    server.answers(302, {}, {"Location": location})
    answer = ask(server)
    assert answer.meaning == "redirected"
    assert answer.target.isprintable()


def test_netrc_does_not_replace_the_header(
    server: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine localhost login me password other\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert ask(server, home=tmp_path).meaning == "valid"
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_process_environment_is_not_used(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    assert ask(server).meaning == "valid"


@pytest.mark.parametrize(
    "value",
    [TOKEN + "\n", " " + TOKEN, TOKEN + "\r\nX-Evil: 1", TOKEN + "ü", "\u200b" + TOKEN, "a\0b", "", "\udcff"],
)
def test_what_no_header_can_carry_is_not_sent(server: ProviderServer, value: str) -> None:
    host = Host(Platform.LINUX, Session.LOCAL, Path("/"), Path("/"), server.env)
    answer = verify("github_pat_classic", Secret(value), host, Options(provider_urls={"github": server.url}))
    assert (answer.meaning, answer.reason) == ("not-asked", "unsendable")
    assert server.seen == []


def test_clear_text_goes_to_this_machine_only(tmp_path: Path) -> None:
    with provider_server(tmp_path, tls=False) as plain:
        plain.answers(200, {"login": "x"})
        with proxy_server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (proxy, heard):
            assert ask(plain, {"HTTP_PROXY": proxy, "ALL_PROXY": proxy}).meaning == "valid"
            assert heard == [], "no proxy reads what goes to this machine"
    answer = ask("http://192.0.2.1/")
    assert (answer.meaning, answer.reason) == ("not-asked", "address-unclear")


def test_nothing_is_logged_or_raised_with_the_token(
    server: ProviderServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers(401, {"message": TOKEN})
    ask(server)
    ask(f"https://localhost:{closed_port()}/{TOKEN}")
    assert TOKEN not in caplog.text
    assert TOKEN not in "".join(capfd.readouterr())
    request = http.Request(
        "GET", f"https://localhost:{closed_port()}/{TOKEN}", Secret(TOKEN), "Authorization"
    )
    with pytest.raises(http.HttpError) as caught:
        http.ask(request, {}, 2)
    told = io.StringIO()
    traceback.print_exception(caught.value, file=told)
    assert TOKEN not in told.getvalue()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# ── the way there ───────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_listens() -> None:
    assert ask(f"https://localhost:{closed_port()}").meaning == "refused"


def test_an_unknown_name_in_bounded_time() -> None:
    began = time.monotonic()
    answer = ask("https://no-such-host.invalid", seconds=3)
    assert answer.meaning in {"dns", "timeout"}
    assert time.monotonic() - began < 5


def test_an_unknown_authority(server: ProviderServer) -> None:
    answer = ask(server.url)
    assert answer.meaning == "certificate-untrusted"
    assert "trustme" in answer.issuer
    assert answer.issuer.isprintable()
    assert server.seen == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_authorities_of_the_hosts_environment(server: ProviderServer, variable: str, tmp_path: Path) -> None:
    assert ask(server.url, {variable: str(server.ca_file)}).meaning == "valid"
    missing = ask(server.url, {variable: str(tmp_path / "none.pem")})
    assert missing.meaning == "authorities-unreadable"
    assert variable in missing.said
    (tmp_path / "bad.pem").write_text("no certificate")
    assert ask(server.url, {variable: str(tmp_path / "bad.pem")}).meaning == "authorities-unreadable"


def test_a_certificate_of_another_name(tmp_path: Path, ca: trustme.CA) -> None:
    with provider_server(tmp_path, ca=ca, cert=ca.issue_cert("elsewhere.example")) as server:
        assert ask(server).meaning == "certificate-name"
        assert server.seen == []


def test_an_expired_certificate(tmp_path: Path, ca: trustme.CA) -> None:
    cert = ca.issue_cert(
        "localhost", not_before=datetime(2001, 1, 1, tzinfo=UTC), not_after=datetime(2002, 1, 1, tzinfo=UTC)
    )
    with provider_server(tmp_path, ca=ca, cert=cert) as server:
        assert ask(server).meaning == "certificate-expired"
        assert server.seen == []


def test_a_certificate_of_the_future(tmp_path: Path, ca: trustme.CA) -> None:
    cert = ca.issue_cert(
        "localhost", not_before=datetime(2037, 1, 1, tzinfo=UTC), not_after=datetime(2038, 1, 1, tzinfo=UTC)
    )
    with provider_server(tmp_path, ca=ca, cert=cert) as server:
        assert ask(server).meaning == "certificate-not-yet-valid"
        assert server.seen == []


def test_no_tls_at_the_other_end(tmp_path: Path) -> None:
    with provider_server(tmp_path, tls=False) as plain:
        assert ask(plain.url.replace("http:", "https:")).meaning == "tls"
        assert plain.seen == []


PUBLIC = Options()


def ask_out(env: dict[str, str], seconds: float = 3.0) -> Answer:
    """Asks the provider's public address, over whatever the environment says. It never gets there."""
    host = Host(Platform.LINUX, Session.LOCAL, Path("/"), Path("/"), env)
    return verify("github_pat_classic", Secret(TOKEN), host, PUBLIC, seconds)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "proxy-login"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "proxy-refused"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "proxy-refused"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_refuses(answer: bytes, meaning: str, variable: str) -> None:
    with proxy_server(answer) as (url, heard):
        found = ask_out({variable: url})
    assert (found.meaning, found.host) == (meaning, "api.github.com")
    assert heard[0].startswith(b"CONNECT api.github.com:443 ")
    assert TOKEN.encode() not in b"".join(heard)


def test_a_proxy_that_is_gone() -> None:
    assert ask_out({"HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}"}).meaning == "proxy-unreachable"


def test_a_proxy_whose_name_is_unknown() -> None:
    assert ask_out({"HTTPS_PROXY": "http://no-such-proxy.invalid:3128"}).meaning in {
        "proxy-unreachable",
        "timeout",
    }


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "gopher://127.0.0.1:1", "http://[", "::::"])
def test_a_proxy_of_another_kind(url: str) -> None:
    answer = ask_out({"HTTPS_PROXY": url})
    assert answer.meaning in {"proxy-unsupported", "proxy-unreachable"}


def test_a_proxy_that_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        found = ask_out({"HTTPS_PROXY": f"http://127.0.0.1:{silent.getsockname()[1]}"}, seconds=0.6)
        assert found.meaning in {"timeout", "proxy-unreachable"}
        assert time.monotonic() - began < 2


def test_proxy_password_is_not_told() -> None:
    secret = "hunter2-and-more"
    answer = ask_out({"HTTPS_PROXY": f"http://me:{secret}@127.0.0.1:{closed_port()}"})
    assert secret not in repr(answer)


def test_json_of_every_shape_reaches_no_traceback(server: ProviderServer) -> None:
    for document in (
        [],
        [1],
        {"login": {"a": 1}},
        {"login": [1]},
        {"login": 7},
        {"login": True},
        {"errors": 1},
    ):
        server.answers(200, json.dumps(document).encode())
        for provider_id in ("github_pat_classic", "linear_api_key", "slack_bot_token", "gitlab_pat"):
            ask(server, provider_id=provider_id)


def test_the_issuer_is_named_and_nothing_is_sent_for_it(tmp_path: Path) -> None:
    own = trustme.CA(organization_name="Corp \x1b[31mInspection\u202e", organization_unit_name="gateway")
    with provider_server(tmp_path, ca=own) as server:
        answer = ask(server.url)
        assert answer.meaning == "certificate-untrusted"
        assert answer.issuer.startswith("Corp ")
        assert "Inspection" in answer.issuer
        assert answer.issuer.isprintable()
        assert server.seen == []


def test_an_issuer_that_never_comes_costs_little() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        assert issuer_of(url, {}, 0.5) == ""
        assert time.monotonic() - began < 2
    assert issuer_of(f"https://127.0.0.1:{closed_port()}", {}, 1) == ""
    assert issuer_of("http://127.0.0.1:1", {}, 1) == ""


def test_a_login_page_is_named_by_its_title(server: ProviderServer) -> None:
    page = b"<html><head><TITLE lang=en>\n Hotel \x1b[31m Guest Wi-Fi </TITLE></head>"
    for status in (200, 401, 403, 404):
        server.answers(status, page, content_type="text/html")
        answer = ask(server)
        assert not answer.is_verdict
        assert "Guest Wi-Fi" in answer.page
        assert answer.page.isprintable()
    server.answers(511, page, content_type="text/html")
    assert (ask(server).meaning, "Hotel" in ask(server).page) == ("indeterminate", True)
    server.answers(200, b"<html>" + b"x" * 100, content_type="text/html")
    assert ask(server).page == "a page without a title"


def test_a_sentry_token_goes_to_the_place_it_names(server: ProviderServer) -> None:
    host = Host(Platform.LINUX, Session.LOCAL, Path("/"), Path("/"), server.env)

    def at(url: str, **configured: str) -> Answer:
        token = Secret(tokens.sentry_org(url=url))
        return verify("sentry_org_token", token, host, Options(), 3.0, configured)

    own = at("https://sentry.corp.example")
    assert (own.meaning, own.reason, own.host) == ("not-asked", "needs-agreement", "sentry.corp.example")
    other = at("https://sentry.corp.example", SENTRY_HOST="sentry.io")
    assert (other.reason, other.host) == ("other-installation", "sentry.corp.example")
    assert at("http://sentry.corp.example").reason == "address-unclear"
    agreed = Options(provider_urls={"sentry": server.url})
    server.answers(200, {"user": None})
    found = verify("sentry_org_token", Secret(tokens.sentry_org()), host, agreed, 3.0)
    assert found.meaning == "valid"


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"parameters": {"retry_after": 5}}, 5),
        ({"retry_after": 0.3}, 1),
        ({"retry_after": "soon"}, None),
        ({"retry_after": True}, None),
        ({"retry_after": -1}, None),
    ],
)
def test_the_wait_may_stand_in_the_answer(
    server: ProviderServer, body: dict[str, object], seconds: int | None
) -> None:
    server.answers(429, body)
    assert ask(server).retry_after == seconds
