"""The stand-in provider, asked over real HTTP."""

from collections.abc import Iterator

import pytest
import requests

from tui.demo.provider import StandInProvider
from tui.demo.token import made_up

GOOD, OLD, BUSY, DOWN = (made_up("github", word) for word in ("good", "old", "busy", "down"))


@pytest.fixture
def github() -> Iterator[StandInProvider]:
    provider = StandInProvider("github", {GOOD: "valid", OLD: "revoked", BUSY: "rate-limited", DOWN: "down"})
    yield provider
    provider.close()


def ask(provider: StandInProvider, token: str) -> requests.Response:
    return requests.get(f"{provider.url}/user", headers={"Authorization": f"Bearer {token}"}, timeout=10)


def test_knows_its_own_tokens_and_refuses_all_others(github: StandInProvider) -> None:
    answer = ask(github, GOOD)
    assert (answer.status_code, answer.json()["login"]) == (200, "demo-user")
    assert answer.headers["X-OAuth-Scopes"] == "repo, read:org"
    assert ask(github, OLD).status_code == 401
    assert ask(github, made_up("github", "stranger")).json()["message"] == "Bad credentials"
    assert ask(github, BUSY).headers["Retry-After"] == "60"
    assert ask(github, DOWN).status_code == 503


def test_slack_says_no_with_200() -> None:
    provider = StandInProvider("slack", {})
    try:
        answer = requests.post(f"{provider.url}/api/auth.test", data={}, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (200, "invalid_auth")
    finally:
        provider.close()


def test_nobody_listens_after_close(github: StandInProvider) -> None:
    url = github.url
    github.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)
