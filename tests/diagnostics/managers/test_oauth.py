"""`${OAUTH:provider}`: a login in a real keychain, what is handed on of it and what never is."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.context import Options
from diagnostics.managers import Answer, Found, Question, Trouble, ask, find
from diagnostics.managers.oauth import OAuth
from diagnostics.model import Status, Syntax
from diagnostics.oauth.login import Login, NotALoginError, account_of, read_login
from diagnostics.oauth.stored_login import Lifetime
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from tests.support.lab import Lab
from tests.support.looking import undisturbed

NOW = time.time()
ROW: dict[str, Any] = {
    "access_token": "access-" * 4,
    "refresh_token": "refresh-" * 4,
    "expires_at": NOW + 3600,
    "token_type": "Bearer",
    "scope": "a b",
    "issuer": "https://login.example",
    "token_endpoint": "https://login.example/token",
    "client_id": "c",
    "resource": "https://mcp.example/mcp",
}


def row(**changes: Any) -> str:
    return json.dumps({name: value for name, value in {**ROW, **changes}.items() if value is not None})


def answer(lab: Lab, name: str = "example") -> Answer:
    """What the checks' way and the launcher's way say, which must be the same."""
    host = lab.host()
    with undisturbed(lab):
        in_a_check = ask(OAuth(), Question(name, host, Options(), store=open_store(host)))
        in_a_start = ask(OAuth(), Question(name, host, Options()))
    assert type(in_a_check) is type(in_a_start)
    if isinstance(in_a_check, Trouble) and isinstance(in_a_start, Trouble):
        assert in_a_check.outcome == in_a_start.outcome
    return in_a_check


def test_the_frame_knows_it() -> None:
    assert isinstance(find(Syntax.OAUTH), OAuth)


def test_a_good_login_gives_its_access_token_alone(unlocked: Lab) -> None:
    unlocked.add_entry(account_of("example"), row())
    found = answer(unlocked)
    assert isinstance(found, Found)
    assert found.value.reveal() == ROW["access_token"]
    assert not found.warnings
    assert "refresh-" not in repr(found)


@pytest.mark.parametrize(
    ("change", "outcome", "cause"),
    [
        ({"expires_at": 1}, "renewable", "token_expired"),
        ({"expires_at": 1, "refresh_token": None}, "expired", "token_expired"),
        ({"token_endpoint": None}, "not-a-login", "credential_corrupted"),
    ],
)
def test_what_is_never_handed_on(unlocked: Lab, change: dict[str, Any], outcome: str, cause: str) -> None:
    unlocked.add_entry(account_of("example"), row(**change))
    found = answer(unlocked)
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause, found.status) == (outcome, cause, Status.FAIL)
    assert "access-" not in repr(found)


def test_a_bare_token_is_no_login(unlocked: Lab) -> None:
    unlocked.add_entry(account_of("example"), "just-a-token")
    found = answer(unlocked)
    assert isinstance(found, Trouble)
    assert found.outcome == "not-json"


def test_a_token_that_is_soon_over_is_handed_on_with_a_warning(unlocked: Lab) -> None:
    unlocked.add_entry(account_of("example"), row(expires_at=NOW + 590, refresh_token=None))
    found = answer(unlocked)
    assert isinstance(found, Found)
    assert [(each.outcome, each.status) for each in found.warnings] == [("soon-over", Status.WARN)]


def test_no_login(unlocked: Lab) -> None:
    unlocked.add_entry(account_of("other"), row())
    found = answer(unlocked)
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause) == ("missing", "oauth_login_missing")


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 200, "\x1b[31m"])
def test_a_name_that_is_none(unlocked: Lab, name: str) -> None:
    found = answer(unlocked, name)
    assert isinstance(found, Trouble)
    assert found.outcome == "malformed"


# ── the stored form ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_written_is_read() -> None:
    login = read_login(Secret(row(client_secret="s" * 20)))
    assert read_login(login.to_secret()) == login
    assert login.can_renew
    assert login.lifetime(NOW) is Lifetime.GOOD


@pytest.mark.parametrize(
    "value", ["", "{", "[]", "null", '"x"', "[" * 100_000, "{}", '{"access_token": 7}', row(issuer=[])]
)
def test_what_is_no_login(value: str) -> None:
    with pytest.raises(NotALoginError) as caught:
        read_login(Secret(value))
    assert caught.value.outcome in {"not-json", "not-a-login"}


@given(
    st.dictionaries(
        st.sampled_from(sorted(ROW)), st.none() | st.booleans() | st.integers() | st.text() | st.floats()
    )
)
def test_any_object_is_a_login_or_none_and_never_an_error(found: dict[str, Any]) -> None:
    with contextlib.suppress(NotALoginError):
        assert isinstance(read_login(Secret(json.dumps(found))), Login)


def test_a_renewal_keeps_what_the_answer_leaves_out() -> None:
    login = read_login(Secret(row(expires_at=NOW - 60)))
    renewed = login.renewed({"access_token": "new", "expires_in": 60}, NOW)
    assert renewed.access_token == Secret("new")
    assert renewed.refresh_token == login.refresh_token
    assert renewed.expires_at == NOW + 60
    assert login.renewed({"access_token": "n", "refresh_token": "r2"}, NOW).refresh_token == Secret("r2")
    with pytest.raises(NotALoginError):
        login.renewed({"error": "x"}, NOW)
