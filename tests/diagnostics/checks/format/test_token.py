"""The finding about a token's look."""

import time
from pathlib import Path

import pytest

from diagnostics.model import Finding, Status
from tests.support import tokens
from tests.support.configured import ask, context_of


def finding(folder: Path, name: str, value: str, **more: str) -> Finding:
    servers = {"one": {"command": "x", "env": {name: "${SECRET:it}", **more}}}
    return ask(context_of(folder, servers, {"it": value}), "format.token")[f"format.token env.{name}"]


def changed(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


@pytest.mark.parametrize(
    ("name", "value", "status", "outcome", "cause"),
    [
        ("GITHUB_TOKEN", tokens.github(), Status.OK, "checksum-agrees", None),
        ("GITHUB_TOKEN", tokens.github_fine_grained(), Status.OK, "looks-right", None),
        ("GITHUB_TOKEN", changed(tokens.github()), Status.FAIL, "checksum-wrong", "token_invalid"),
        ("GITHUB_TOKEN", changed(tokens.github("a", "gho")), Status.WARN, "checksum-odd", "token_invalid"),
        ("GITHUB_TOKEN", tokens.github()[:-3], Status.WARN, "truncated", "credential_corrupted"),
        ("GITHUB_TOKEN", "something-else", Status.WARN, "unlike", "token_invalid"),
        ("GITHUB_TOKEN", tokens.github("a", "ghr"), Status.WARN, "wrong-kind", "token_invalid"),
        ("GITHUB_TOKEN", tokens.gitlab(), Status.WARN, "other-provider", "token_invalid"),
        ("SLACK_BOT_TOKEN", tokens.slack_app(), Status.WARN, "wrong-kind", "token_invalid"),
        ("SOME_TOKEN", "0123456789abcdef", Status.SKIP, "no-provider", None),
        ("MISTRAL_API_KEY", "short", Status.SKIP, "no-rule", None),
    ],
)
def test_outcomes(
    tmp_path: Path, name: str, value: str, status: Status, outcome: str, cause: str | None
) -> None:
    found = finding(tmp_path, name, value)
    assert (found.status, found.outcome, found.cause) == (status, outcome, cause)
    assert value not in repr(found)


def test_a_web_token_that_is_over(tmp_path: Path) -> None:
    found = finding(tmp_path, "MONDAY_PERSONAL_ACCESS_TOKEN", tokens.jwt(int(time.time()) - 86_400))
    assert (found.status, found.cause) == (Status.FAIL, "token_expired")


@pytest.mark.parametrize(("days", "words"), [(0.5, "today"), (1.5, "tomorrow"), (9.5, "in 9 days")])
def test_a_web_token_that_ends_soon_is_warned_of_without_asking_anyone(
    tmp_path: Path, days: float, words: str
) -> None:
    for name in ("MONDAY_PERSONAL_ACCESS_TOKEN", "SOME_TOKEN"):
        ends = int(time.time() + days * 86_400)
        found = finding(tmp_path, name, tokens.jwt(ends))
        assert (found.status, found.outcome, found.cause) == (Status.WARN, "ends-soon", "token_expired"), name
        assert found.title.endswith(words)
        assert time.strftime("%Y-%m-%d %H:%M", time.localtime(ends)) in found.detail


def test_a_web_token_of_nobody_that_is_over(tmp_path: Path) -> None:
    found = finding(tmp_path, "SOME_TOKEN", tokens.jwt(int(time.time()) - 86_400))
    assert (found.status, found.outcome) == (Status.FAIL, "over")


def test_a_web_token_that_ends_next_year_is_not_warned_of(tmp_path: Path) -> None:
    found = finding(tmp_path, "SOME_TOKEN", tokens.jwt(int(time.time()) + 300 * 86_400))
    assert found.status is Status.SKIP


def test_an_own_installation_may_have_its_own_shapes(tmp_path: Path) -> None:
    value = "acme-" + tokens.gitlab()
    assert finding(tmp_path, "GITLAB_TOKEN", value).outcome == "unlike"
    own = finding(tmp_path, "GITLAB_TOKEN", value, GITLAB_API_URL="https://git.corp.example/api/v4")
    assert own.outcome == "no-rule"


def test_a_compatible_provider_under_anothers_variable_is_meant(tmp_path: Path) -> None:
    other = "gsk" + "_" + "a1" * 26
    assert finding(tmp_path, "OPENAI_API_KEY", other).outcome == "other-provider"
    meant = finding(tmp_path, "OPENAI_API_KEY", other, OPENAI_BASE_URL="https://api.groq.com/openai/v1")
    assert meant.outcome == "no-rule"


def test_the_entrys_name_tells_where_the_variable_does_not(tmp_path: Path) -> None:
    servers = {"one": {"command": "x", "env": {"TOKEN": "${SECRET:github_token}"}}}
    context = context_of(tmp_path, servers, {"github_token": tokens.gitlab()})
    assert ask(context, "format.token")["format.token env.TOKEN"].outcome == "other-provider"
