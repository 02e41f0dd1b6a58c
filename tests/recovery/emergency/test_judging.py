"""What is said of an emergency token before it is held: its provider's word, and scopes that the server has no use for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.catalog.scopes import needs_of
from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import Platform, Reference, Server, Session, Status, Syntax
from diagnostics.secret import Secret
from diagnostics.tokens.scope import beyond
from recovery.emergency.opening import Judgement, judge
from recovery.emergency.target import Target
from tests.support import tokens
from tests.support.provider_server import ProviderServer, provider_server

FIELD = "env.GITHUB_PERSONAL_ACCESS_TOKEN"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[ProviderServer]:
    with provider_server(tmp_path) as server:
        yield server


def judged(provider: ProviderServer, home: Path, token: str) -> Judgement:
    reference = Reference(
        "a:github", FIELD, Syntax.SECRET, "t", Secret("${SECRET:t}"), spelling="${SECRET:t}"
    )
    words = ("run", "--", "npx", "-y", "@modelcontextprotocol/server-github")
    server = Server("a:github", "github", "a", home, "stdio", "mcp-doctor", tuple(map(Secret, words)))
    server = replace(server, references=(reference,), launcher=True)
    host = Host(Platform.LINUX, Session.LOCAL, home, home, provider.env)
    options = Options(provider_urls={"github": provider.url})
    return judge(Secret(token), Target("github", (server,), (reference,)), host, options)


def test_scopes_beyond_what_the_server_needs_are_named(provider: ProviderServer, tmp_path: Path) -> None:
    provider.answers(200, {"login": "someone"}, {"X-OAuth-Scopes": "repo, admin:org, delete_repo"})
    found = judged(provider, tmp_path, tokens.github())
    assert not found.is_bad
    (wide,) = [each.words for each in found.remarks if each.status is Status.WARN]
    assert "delete_repo" in wide
    assert "(repo" not in wide


def test_one_that_fits_has_no_warning(provider: ProviderServer, tmp_path: Path) -> None:
    provider.answers(200, {"login": "someone"}, {"X-OAuth-Scopes": "repo"})
    assert {each.status for each in judged(provider, tmp_path, tokens.github()).remarks} == {Status.OK}


def test_a_refused_one_is_bad_and_an_outage_is_not(provider: ProviderServer, tmp_path: Path) -> None:
    provider.answers(401, {"message": "Bad credentials"})
    assert judged(provider, tmp_path, tokens.github()).is_bad
    provider.answers(503, b"")
    assert not judged(provider, tmp_path, tokens.github()).is_bad


def test_what_a_needed_scope_brings_with_it_is_not_too_much() -> None:
    needs = needs_of("github", "github")
    assert beyond(needs, ("repo", "public_repo", "read:org", "gist"), "github") == tuple(
        each for each in ("gist",) if all("gist" not in need.any for need in needs)
    )
    assert beyond((), ("everything",), "github") == ()
