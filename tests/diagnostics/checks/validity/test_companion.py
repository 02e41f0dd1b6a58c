"""Credentials of several values: the e-mail address, the account's number, the other half of a pair."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.model import Finding, Status
from tests.support import tokens
from tests.support.configured import ask, context_of
from tests.support.provider_server import ProviderServer, provider_server

CHECK = "validity.provider"
ZENDESK = "c4n4ry00" * 5


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


@pytest.fixture
def server(shared: ProviderServer) -> ProviderServer:
    shared.answers(200, {"user": {"id": 1, "name": "Ann", "email": "ann@example.com", "role": "agent"}})
    shared.seen.clear()
    return shared


def findings(
    folder: Path, server: ProviderServer, family: str, held: dict[str, str], **env: str
) -> dict[str, Finding]:
    urls = {family: server.url}
    entry = {"command": "x", "env": env}
    context = context_of(folder, {"it": entry}, held, server.env, provider_urls=urls)
    return ask(context, CHECK)


def zendesk(folder: Path, server: ProviderServer, **env: str) -> Finding:
    held = {"t": ZENDESK, "mail": "ann@example.com"}
    found = findings(folder, server, "zendesk", held, ZENDESK_API_TOKEN="${SECRET:t}", **env)
    return found[f"{CHECK} env.ZENDESK_API_TOKEN"]


@pytest.mark.parametrize("mail", ["ann@example.com", "${SECRET:mail}"])
def test_the_address_beside_the_token_is_used(server: ProviderServer, tmp_path: Path, mail: str) -> None:
    found = zendesk(tmp_path, server, ZENDESK_EMAIL=mail)
    assert (found.status, found.outcome) == (Status.OK, "valid")
    assert "Ann" in found.title
    assert ZENDESK not in repr(found)


def test_a_missing_one_is_named_and_nothing_is_sent(server: ProviderServer, tmp_path: Path) -> None:
    found = zendesk(tmp_path, server)
    assert (found.status, found.outcome) == (Status.SKIP, "needs-companion")
    assert "ZENDESK_EMAIL" in found.detail
    assert zendesk(tmp_path, server, ZENDESK_EMAIL="${SECRET:unknown}").outcome == "needs-companion"
    assert zendesk(tmp_path, server, ZENDESK_EMAIL="not an address").outcome == "companion-odd"
    assert server.seen == []


def test_a_temporary_aws_key_without_its_session(server: ProviderServer, tmp_path: Path) -> None:
    held = {"id": "ASIA" + "CANARY7" * 2 + "QQ", "key": "c4n4ry+/" * 5}
    env = {"AWS_ACCESS_KEY_ID": "${SECRET:id}", "AWS_SECRET_ACCESS_KEY": "${SECRET:key}"}
    found = findings(tmp_path, server, "aws", held, **env)
    one = found[f"{CHECK} env.AWS_ACCESS_KEY_ID"]
    assert (one.status, one.outcome, one.cause) == (Status.FAIL, "lacks-companion", "env_var_missing")
    assert "AWS_SESSION_TOKEN" in one.detail
    other = found[f"{CHECK} env.AWS_SECRET_ACCESS_KEY"]
    assert (other.status, other.outcome) == (Status.SKIP, "other-half")
    assert server.seen == []


def test_an_aws_key_signs_and_its_secret_stays(server: ProviderServer, tmp_path: Path) -> None:
    pytest.importorskip("botocore")
    who = {"Account": "1", "Arn": "arn:aws:iam::1:user/ann", "UserId": "u"}
    server.answers(200, {"GetCallerIdentityResponse": {"GetCallerIdentityResult": who}})
    held = {"id": "AKIA" + "CANARY7" * 2 + "QQ", "key": "c4n4ry+/" * 5}
    env = {"AWS_ACCESS_KEY_ID": "${SECRET:id}", "AWS_SECRET_ACCESS_KEY": "${SECRET:key}"}
    one = findings(tmp_path, server, "aws", held, **env)[f"{CHECK} env.AWS_ACCESS_KEY_ID"]
    assert (one.status, one.facts["account"]) == (Status.OK, "arn:aws:iam::1:user/ann")
    [seen] = server.seen
    assert held["key"] not in str(seen)


def test_without_the_signing_package_nobody_is_asked(
    server: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.providers.placement.find_spec", lambda _name: None)
    held = {"id": "AKIA" + "CANARY7" * 2 + "QQ", "key": "c4n4ry+/" * 5}
    env = {"AWS_ACCESS_KEY_ID": "${SECRET:id}", "AWS_SECRET_ACCESS_KEY": "${SECRET:key}"}
    one = findings(tmp_path, server, "aws", held, **env)[f"{CHECK} env.AWS_ACCESS_KEY_ID"]
    assert (one.status, one.outcome) == (Status.SKIP, "needs-extra")
    assert any("[aws]" in line for line in one.fix)


def test_two_keys_in_two_headers(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(200, {"data": [{"attributes": {"email": "ann@example.com"}}]})
    held = {"api": "c0a0a1ed" * 4, "app": "ca4a4700" * 5}
    env = {"DD_API_KEY": "${SECRET:api}", "DD_APP_KEY": "${SECRET:app}"}
    one = findings(tmp_path, server, "datadog", held, **env)[f"{CHECK} env.DD_APP_KEY"]
    assert (one.status, one.facts["account"]) == (Status.OK, "ann@example.com")
    asked = next(seen for seen in server.seen if seen.path.startswith("/api/v2/users"))
    assert asked.headers["dd-api-key"] == held["api"]
    assert asked.headers["dd-application-key"] == held["app"]


def test_a_token_of_another_installation_than_the_configured(server: ProviderServer, tmp_path: Path) -> None:
    held = {"t": tokens.sentry_org(url="https://sentry.corp.example")}
    env = {"SENTRY_AUTH_TOKEN": "${SECRET:t}", "SENTRY_HOST": "sentry.io"}
    one = findings(tmp_path, server, "github", held, **env)[f"{CHECK} env.SENTRY_AUTH_TOKEN"]
    assert (one.status, one.outcome, one.cause) == (Status.WARN, "other-installation", "token_invalid")
    assert "sentry.corp.example" in one.title
    assert server.seen == []


def test_a_page_in_the_providers_place_is_named(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(200, b"<html><title>Guest network</title></html>", content_type="text/html")
    one = zendesk(tmp_path, server, ZENDESK_EMAIL="ann@example.com")
    assert (one.status, one.outcome, one.cause) == (Status.UNKNOWN, "login-page", "provider_answer_unclear")
    assert "Guest network" in one.detail
