"""Renewing: a real authorization server, with and without rotation, and one that says what the test wants."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.oauth.login import Login
from diagnostics.secret import Secret
from recovery.login.error import LoginError
from recovery.login.refresh import issuer_of, refresh
from tests.support.oauth_server import OAuthServer
from tests.support.said_server import SaidServer, said_server

Start = Callable[..., OAuthServer]
__all__ = ["said_server"]


def host(tmp_path: Path, **env: str) -> Host:
    return Host(Platform.LINUX, Session.SSH, tmp_path, tmp_path, env)


def login_at(server: OAuthServer, **client: Any) -> Login:
    """A login of a real device flow whose token is over."""
    got = server.tokens(**client)
    return Login(
        access_token=Secret(got["access_token"]),
        refresh_token=Secret(got["refresh_token"]),
        expires_at=time.time() - 60,
        issuer=server.issuer,
        token_endpoint=f"{server.issuer}/token",
        client_id=got["client_id"],
        client_secret=Secret(client["client_secret"]) if "client_secret" in client else None,
        resource=server.resource,
        scope=got["scope"],
    )


def renewed(login: Login, at: Host) -> Login:
    return refresh(login, issuer_of(login, at), at)


def trouble_of(call: Callable[[], object]) -> LoginError:
    with pytest.raises(LoginError) as caught:
        call()
    return caught.value


def test_a_new_token_works_and_the_old_refresh_token_is_spent(oauth_server: Start, tmp_path: Path) -> None:
    server = oauth_server()
    old = login_at(server)
    new = renewed(old, host(tmp_path))
    assert new.access_token != old.access_token
    assert new.refresh_token is not None
    assert new.refresh_token != old.refresh_token
    assert new.expires_at is not None
    assert new.expires_at > time.time() + 3000
    assert server.takes(new.access_token.reveal())
    error = trouble_of(lambda: renewed(old, host(tmp_path)))
    assert error.trouble == "sign-in-again"
    assert "sign in again" in str(error)
    # reuse ends the whole login (RFC 9700 section 4.14): this is why the doctor never asks twice with one token
    assert trouble_of(lambda: renewed(new, host(tmp_path))).trouble == "sign-in-again"


def test_without_rotation_the_refresh_token_stays(oauth_server: Start, tmp_path: Path) -> None:
    old = login_at(oauth_server(rotate=False))
    new = renewed(old, host(tmp_path))
    assert new.refresh_token == old.refresh_token
    assert new.access_token != old.access_token
    assert renewed(old, host(tmp_path)).access_token != new.access_token


def test_a_revoked_grant_asks_for_a_new_login(oauth_server: Start, tmp_path: Path) -> None:
    server = oauth_server()
    login = login_at(server)
    assert login.refresh_token is not None
    server.post("/token/revocation", {"client_id": login.client_id, "token": login.refresh_token.reveal()})
    assert trouble_of(lambda: renewed(login, host(tmp_path))).trouble == "sign-in-again"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_with_a_secret_proves_itself(oauth_server: Start, tmp_path: Path, method: str) -> None:
    client = {"client_id": "me: & co", "client_secret": "s+ %" + "x" * 20}
    grants = ["refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
    more = {"redirect_uris": [], "response_types": [], "grant_types": grants}
    server = oauth_server(clients=[{**client, **more, "token_endpoint_auth_method": method}])
    old = login_at(server, **client, method=method)
    new = renewed(old, host(tmp_path))
    assert server.takes(new.access_token.reveal())
    assert new.client_secret == old.client_secret


def test_over_tls(oauth_server: Start, tmp_path: Path) -> None:
    server = oauth_server(tls=True)
    login = Login(
        Secret("x"), server.issuer, f"{server.issuer}/token", "nobody", Secret("spent"), expires_at=1.0
    )
    error = trouble_of(lambda: renewed(login, host(tmp_path, **server.env)))
    assert error.trouble == "invalid-client"
    untrusted = trouble_of(lambda: renewed(login, host(tmp_path)))
    assert untrusted.trouble == "outage"
    assert not [each for each in server.seen() if each["path"] == "/token"][1:]


def test_a_stored_place_that_is_not_the_issuers_gets_nothing(
    oauth_server: Start, said_server: SaidServer, tmp_path: Path
) -> None:
    login = dataclasses.replace(login_at(oauth_server()), token_endpoint=f"{said_server.url}/token")
    error = trouble_of(lambda: renewed(login, host(tmp_path)))
    assert error.trouble == "mismatch"
    assert said_server.seen == []


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"token_endpoint": "http://login.example/token", "issuer": "http://login.example"}, "unsafe"),
        ({"refresh_token": None}, "sign-in-again"),
        ({"issuer": "https://login.invalid", "token_endpoint": "https://login.invalid/token"}, "outage"),
    ],
)
def test_what_is_never_sent(change: dict[str, Any], trouble: str, tmp_path: Path) -> None:
    login = Login(Secret("x"), "https://a.example", "https://a.example/token", "c", Secret("r"))
    changed = dataclasses.replace(login, **change)
    assert trouble_of(lambda: renewed(changed, host(tmp_path))).trouble == trouble


@pytest.mark.parametrize(
    ("status", "answer", "trouble"),
    [
        (503, {}, "outage"),
        (429, {"error": "invalid_grant"}, "outage"),
        (400, {"error": "temporarily_unavailable"}, "outage"),
        (400, {"error": "invalid_grant"}, "sign-in-again"),
        (200, {"error": "invalid_grant"}, "sign-in-again"),
        (401, {"error": "invalid_client"}, "invalid-client"),
        (400, {"error": "invalid_scope"}, "refused"),
        (307, {}, "refused"),
        (404, {}, "refused"),
        (200, {"token_type": "Bearer"}, "unclear"),
        (200, "nonsense", "unclear"),
    ],
)
def test_what_an_answer_means(
    said_server: SaidServer, tmp_path: Path, status: int, answer: Any, trouble: str
) -> None:
    said_server.answers["/token"] = [(status, answer)]
    error = trouble_of(lambda: renewed(said_login(said_server), host(tmp_path)))
    assert error.trouble == trouble
    assert len([each for each in said_server.seen if each[0] == "/token"]) == 1


def test_a_lost_answer_is_told_as_such(said_server: SaidServer, tmp_path: Path) -> None:
    said_server.answers["/token"] = [(0, {})]
    error = trouble_of(lambda: renewed(said_login(said_server), host(tmp_path)))
    assert error.trouble == "lost"
    assert "may be spent" in str(error)


def test_nothing_that_was_sent_is_quoted(said_server: SaidServer, tmp_path: Path) -> None:
    login = said_login(said_server)
    assert login.refresh_token is not None
    said = f"\x1b[31mno: {login.refresh_token.reveal()}"
    said_server.answers["/token"] = [(400, {"error": "invalid_scope", "error_description": said})]
    error = trouble_of(lambda: renewed(login, host(tmp_path)))
    assert "no: •••" in str(error)
    assert "\x1b" not in str(error)


def said_login(server: SaidServer) -> Login:
    return Login(
        Secret("old-" * 8), server.url, f"{server.url}/token", "c", Secret("refresh-" * 4), expires_at=1.0
    )
