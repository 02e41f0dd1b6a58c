"""The finding about what the provider says, from the config file to the words, over real HTTPS."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from diagnostics.checks.validity import provider as module
from diagnostics.model import Finding, Status
from tests.support import tokens
from tests.support.configured import ask, context_of
from tests.support.provider_server import Conversation, ProviderServer, closed_port, provider_server

TOKEN = tokens.github("validity")
CHECK = "validity.provider"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


@pytest.fixture
def server(shared: ProviderServer) -> ProviderServer:
    shared.answers(200, {"login": "octo"}, {"X-OAuth-Scopes": "repo"})
    shared.seen.clear()
    return shared


def github(**env: str) -> dict[str, Any]:
    return {"github": {"command": "x", "env": {"GITHUB_TOKEN": "${SECRET:t}", **env}}}


def finding(folder: Path, server: ProviderServer, value: str = TOKEN, **options: Any) -> Finding:
    options.setdefault("provider_urls", {"github": server.url})
    context = context_of(folder, github(), {"t": value}, server.env, **options)
    return ask(context, CHECK)[f"{CHECK} env.GITHUB_TOKEN"]


def test_a_good_token_shows_account_scopes_and_host(server: ProviderServer, tmp_path: Path) -> None:
    found = finding(tmp_path, server)
    assert (found.status, found.outcome, found.cause) == (Status.OK, "valid", None)
    assert "octo" in found.title
    assert "repo" in found.detail
    assert found.evidence[0] == f"asked: localhost:{server.port}, which answered with HTTP 200"
    assert found.facts["account"] == "octo"
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("status", "body", "headers", "verdict", "outcome", "cause"),
    [
        (401, {"message": "Bad credentials"}, {}, Status.FAIL, "invalid", "token_invalid"),
        (403, {}, {"X-GitHub-SSO": "required; url=https://x"}, Status.FAIL, "sso-required", "sso_required"),
        (403, {}, {"X-RateLimit-Remaining": "0"}, Status.UNKNOWN, "rate-limited", "rate_limited"),
        (429, {}, {"Retry-After": "3600"}, Status.UNKNOWN, "rate-limited", "rate_limited"),
        (403, {}, {}, Status.UNKNOWN, "unclear", "provider_answer_unclear"),
        (403, b"<html>", {"Content-Type": "text/html"}, Status.UNKNOWN, "address-blocked", "address_blocked"),
        (503, {}, {}, Status.UNKNOWN, "provider-down", "provider_down"),
        (
            302,
            {},
            {"Location": "https://x.example/"},
            Status.UNKNOWN,
            "redirected",
            "provider_answer_unclear",
        ),
        (200, b"hello", {}, Status.UNKNOWN, "unclear", "provider_answer_unclear"),
        (200, {"login": "x"}, {"X-OAuth-Scopes": ""}, Status.WARN, "no-scopes", "token_insufficient_scope"),
    ],
)
def test_outcomes(
    server: ProviderServer,
    tmp_path: Path,
    status: int,
    body: Any,
    headers: dict[str, str],
    verdict: Status,
    outcome: str,
    cause: str,
) -> None:
    server.answers(status, body, headers)
    found = finding(tmp_path, server)
    assert (found.status, found.outcome, found.cause) == (verdict, outcome, cause)
    assert found.fix


def test_the_wait_is_told_in_words(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(429, {}, {"Retry-After": "120"})
    assert "2 minutes" in finding(tmp_path, server).detail


@pytest.mark.parametrize(("days", "status"), [(3, Status.WARN), (0, Status.WARN), (30, Status.OK)])
def test_an_end_that_is_near(server: ProviderServer, tmp_path: Path, days: int, status: Status) -> None:
    ends = datetime.now(UTC) + timedelta(days=days, hours=1)
    header = {"github-authentication-token-expiration": f"{ends:%Y-%m-%d %H:%M:%S} UTC"}
    server.answers(200, {"login": "x"}, header)
    found = finding(tmp_path, server)
    assert found.status is status
    assert any(f"{ends:%Y-%m-%d}" in line for line in found.evidence)


def test_every_meaning_has_an_outcome_with_words() -> None:
    from diagnostics.catalog.providers import MEANINGS
    from diagnostics.catalog.wording import wording
    from diagnostics.providers.http import TROUBLES

    for meaning in (*MEANINGS, *TROUBLES):
        if meaning not in {"unsendable", "not-https"}:
            assert f"validity.provider.{module._ANSWERS[meaning][1]}" in wording()
    for status, outcome, cause in module._ANSWERS.values():
        assert (cause is None) == (status is Status.OK), outcome


def test_only_the_providers_clear_word_fails_a_token() -> None:
    failing = {meaning for meaning, (status, *_) in module._ANSWERS.items() if status is Status.FAIL}
    assert failing == {"invalid", "expired", "revoked", "sso_required"}


def test_a_host_of_the_configs_own_is_not_asked(server: ProviderServer, tmp_path: Path) -> None:
    own = github(GITHUB_HOST=server.url)
    found = ask(context_of(tmp_path, own, {"t": TOKEN}, server.env), CHECK)[f"{CHECK} env.GITHUB_TOKEN"]
    assert (found.status, found.outcome) == (Status.SKIP, "needs-agreement")
    assert any(f"--provider-url github=https://localhost:{server.port}" in line for line in found.fix)
    assert server.seen == []
    agreed = context_of(tmp_path, own, {"t": TOKEN}, server.env, provider_urls={"github": server.url})
    assert ask(agreed, CHECK)[f"{CHECK} env.GITHUB_TOKEN"].status is Status.OK


def test_the_host_may_stand_in_a_variable(server: ProviderServer, tmp_path: Path) -> None:
    own = github(GITHUB_HOST="${MY_HOST}")
    env = {**server.env, "MY_HOST": "git.corp.example"}
    found = ask(context_of(tmp_path, own, {"t": TOKEN}, env), CHECK)[f"{CHECK} env.GITHUB_TOKEN"]
    assert found.facts["host"] == "git.corp.example"
    inherited = {**server.env, "GITHUB_HOST": "git.corp.example"}
    found = ask(context_of(tmp_path, github(), {"t": TOKEN}, inherited), CHECK)[f"{CHECK} env.GITHUB_TOKEN"]
    assert found.outcome == "needs-agreement"


def test_a_key_whose_question_costs_is_not_asked(server: ProviderServer, tmp_path: Path) -> None:
    servers = {"brave": {"command": "x", "env": {"BRAVE_API_KEY": "${SECRET:b}"}}}
    held = {"b": tokens.brave()}
    found = ask(context_of(tmp_path, servers, held, server.env), CHECK)[f"{CHECK} env.BRAVE_API_KEY"]
    assert (found.status, found.outcome) == (Status.SKIP, "would-cost")
    server.answers(200, {"type": "search", "web": {}})
    urls = {"brave_search_key": server.url}
    context = context_of(tmp_path, servers, held, server.env, provider_urls=urls)
    assert ask(context, CHECK)[f"{CHECK} env.BRAVE_API_KEY"].status is Status.OK


@pytest.mark.parametrize(
    ("name", "value", "command", "outcome"),
    [
        ("SOME_TOKEN", "no-known-shape-at-all", "x", "no-provider"),
        ("SOME_TOKEN", "no-known-shape-at-all", "github-mcp-server", "not-sure-whose"),
        ("LITELLM_API_KEY", "sk-" + "0123456789abcdef", "x", "no-provider"),
        ("GITHUB_TOKEN", tokens.github("a", "ghr"), "x", "not-askable"),
    ],
)
def test_a_token_is_sent_only_where_it_surely_belongs(
    server: ProviderServer, tmp_path: Path, name: str, value: str, command: str, outcome: str
) -> None:
    servers = {"one": {"command": command, "env": {name: "${SECRET:it}"}}}
    families = ("github", "openai", "slack")
    urls = dict.fromkeys(families, server.url)
    context = context_of(tmp_path, servers, {"it": value}, server.env, provider_urls=urls)
    assert ask(context, CHECK)[f"{CHECK} env.{name}"].outcome == outcome
    assert server.seen == []


def test_offline_asks_nobody(server: ProviderServer, tmp_path: Path) -> None:
    assert finding(tmp_path, server, offline=True).outcome == "runner.offline"
    assert server.seen == []


def test_a_broken_token_is_not_sent(server: ProviderServer, tmp_path: Path) -> None:
    context = context_of(
        tmp_path, github(), {"t": TOKEN + "\n"}, server.env, provider_urls={"github": server.url}
    )
    found = ask(context, "format.hygiene", "format.token", CHECK)
    assert found[f"{CHECK} env.GITHUB_TOKEN"].outcome == "runner.waits"
    assert server.seen == []


def test_a_shape_that_is_off_is_asked_all_the_same(server: ProviderServer, tmp_path: Path) -> None:
    urls = {"github": server.url}
    context = context_of(tmp_path, github(), {"t": "new-shape-of-tomorrow"}, server.env, provider_urls=urls)
    found = ask(context, "format.hygiene", "format.token", CHECK)
    assert found["format.token env.GITHUB_TOKEN"].status is Status.WARN
    assert found[f"{CHECK} env.GITHUB_TOKEN"].status is Status.OK


def test_one_token_of_many_servers_is_sent_once(server: ProviderServer, tmp_path: Path) -> None:
    gate = threading.Event()

    def slowly(talk: Conversation) -> None:
        gate.wait(0.3)
        talk._plain()

    server.script = slowly
    servers = {f"s{number}": github()["github"] for number in range(20)}
    context = context_of(tmp_path, servers, {"t": TOKEN}, server.env, provider_urls={"github": server.url})
    from diagnostics.check import all_checks
    from diagnostics.runner import diagnose

    found = list(diagnose(context, [each for each in all_checks() if each.id == CHECK]))
    assert [each.status for each in found] == [Status.OK] * 20
    assert len(server.seen) == 1


def test_different_tokens_are_asked_at_once(server: ProviderServer, tmp_path: Path) -> None:
    together = threading.Barrier(8, timeout=10)

    def all_here(talk: Conversation) -> None:
        together.wait()
        talk._plain()

    server.script = all_here
    env = {f"S{number}": f"${{SECRET:t{number}}}" for number in range(8)}
    servers = {"many": {"command": "x", "env": {**env}}}
    held = {f"t{number}": tokens.github(str(number)) for number in range(8)}
    context = context_of(tmp_path, servers, held, server.env, provider_urls={"github": server.url})
    found = ask(context, CHECK)
    assert [each.status for each in found.values()] == [Status.OK] * 8


def test_the_persons_time_limit_holds(server: ProviderServer, tmp_path: Path) -> None:
    over = threading.Event()

    def wait(_talk: Conversation) -> None:
        over.wait(10)

    server.script = wait
    began = time.monotonic()
    found = finding(tmp_path, server, timeout=0.5)
    over.set()
    assert (found.status, found.outcome) == (Status.UNKNOWN, "timeout")
    assert time.monotonic() - began < 2


def test_failures_of_the_way_are_unknown(tmp_path: Path, server: ProviderServer) -> None:
    gone = f"https://localhost:{closed_port()}"
    refused = finding(tmp_path, server, provider_urls={"github": gone})
    assert (refused.status, refused.cause) == (Status.UNKNOWN, "connection_refused")
    context = context_of(tmp_path, github(), {"t": TOKEN}, {}, provider_urls={"github": server.url})
    untrusted = ask(context, CHECK)[f"{CHECK} env.GITHUB_TOKEN"]
    assert (untrusted.status, untrusted.cause) == (Status.UNKNOWN, "tls_interception")


# ── the clock ───────────────────────────────────────────────────────────────────────────────────────────────


def with_date(server: ProviderServer, minutes: float) -> None:
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    server.answers(
        200, {"login": "x", "name": "x", "revoked": False}, {"Date": format_datetime(then, usegmt=True)}
    )


def clock(folder: Path, urls: dict[str, str], env: dict[str, str]) -> dict[str, Finding]:
    servers = {"one": {"command": "x", "env": {"GITHUB_TOKEN": "${SECRET:t}", "GITLAB_TOKEN": "${SECRET:l}"}}}
    held = {"t": TOKEN, "l": tokens.gitlab()}
    return ask(context_of(folder, servers, held, env, provider_urls=urls), CHECK, "validity.clock")


def test_a_right_clock(server: ProviderServer, tmp_path: Path) -> None:
    found = clock(tmp_path, {"github": server.url, "gitlab": server.url}, server.env)
    assert found["validity.clock"].status is Status.OK


def test_what_else_a_run_remembers_does_not_disturb_the_clock(server: ProviderServer, tmp_path: Path) -> None:
    servers = {"one": {"command": "x", "env": {"GITHUB_TOKEN": "${SECRET:t}"}}}
    made = context_of(tmp_path, servers, {"t": TOKEN}, server.env, provider_urls={"github": server.url})
    made.env_file(tmp_path / ".env")
    assert ask(made, CHECK, "validity.clock")["validity.clock"].status is Status.OK


def test_one_provider_alone_accuses_lightly(server: ProviderServer, tmp_path: Path) -> None:
    with_date(server, 10)
    found = clock(
        tmp_path, {"github": server.url, "gitlab": f"https://localhost:{closed_port()}"}, server.env
    )
    assert found["validity.clock"].outcome == "one-says-off"
    assert any("behind" in line for line in found[f"{CHECK} env.GITHUB_TOKEN"].evidence)


def test_two_that_agree_accuse_the_clock(tmp_path: Path) -> None:
    ca = trustme.CA()
    with provider_server(tmp_path, ca=ca) as one, provider_server(tmp_path, ca=ca) as other:
        with_date(one, 10)
        with_date(other, 10)
        found = clock(tmp_path, {"github": one.url, "gitlab": other.url}, one.env)["validity.clock"]
        assert (found.status, found.outcome, found.cause) == (Status.WARN, "off", "clock_skew")
        assert "10 minutes behind" in found.title
        with_date(other, 0)
        found = clock(tmp_path, {"github": one.url, "gitlab": other.url}, one.env)["validity.clock"]
        assert found.outcome == "one-says-off"


def test_nobody_asked_no_word_about_the_clock(tmp_path: Path) -> None:
    assert "validity.clock" not in ask(context_of(tmp_path, {}), "validity.clock")
