"""Tokens told by shape, name and check digits."""

import time

import pytest

from diagnostics.catalog.providers import provider
from diagnostics.secret import Secret
from diagnostics.tokens.token_format import Look, identify, is_told_by_shape, judge
from tests.support import tokens


def look(text: str, provider_id: str | None = None, env_name: str | None = None) -> Look:
    found = provider_id or identify(text, env_name)
    assert found is not None
    return judge(Secret(text), found, env_name).look


@pytest.mark.parametrize("provider_id", tokens.EVERY)
def test_a_token_is_told_by_its_shape_alone(provider_id: str) -> None:
    text = tokens.EVERY[provider_id]("seed")
    assert identify(text) == provider_id
    assert is_told_by_shape(text, provider_id)
    entry = provider(provider_id)
    if entry.use == "access":
        assert look(text) in {Look.OK, Look.CHECKSUM_AGREES}


@pytest.mark.parametrize("seed", [str(number) for number in range(200)])
def test_github_check_digits(seed: str) -> None:
    text = tokens.github(seed)
    assert look(text) is Look.CHECKSUM_AGREES
    other = "B" if text[10] != "B" else "C"
    assert look(text[:10] + other + text[11:]) is Look.CHECKSUM_WRONG
    assert judge(Secret(text[:-1] + ("0" if text[-1] != "0" else "1")), "github_pat_classic").proven


@pytest.mark.parametrize("kind", ["gho", "ghs"])
def test_unconfirmed_rules_only_hint(kind: str) -> None:
    text = tokens.github("x", kind)
    wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert look(wrong) is Look.CHECKSUM_ODD
    found = identify(wrong)
    assert found
    assert not judge(Secret(wrong), found).proven


def test_fine_grained_tokens_have_no_known_check_digits() -> None:
    assert look(tokens.github_fine_grained()) is Look.OK


def test_long_installation_tokens_are_fine() -> None:
    text = "ghs" + "_123456_" + tokens.jwt(1)
    assert identify(text) == "github_app_installation_token"
    assert look(text) is Look.OK, "its inner part is opaque to clients"


def test_grafana_and_sentry_digits_prove() -> None:
    grafana = tokens.grafana()
    digits = grafana[-8:]
    swapped = grafana[:-8] + bytes.fromhex(digits)[::-1].hex()
    assert look(swapped) is Look.CHECKSUM_WRONG
    sentry = tokens.sentry_org()
    assert look(sentry) is Look.CHECKSUM_AGREES
    assert look(sentry[:-4]) is Look.CHECKSUM_WRONG


def test_gitlab_routable_digits_hint() -> None:
    text = tokens.gitlab_routable()
    assert look(text) is Look.CHECKSUM_AGREES
    assert look(text[:-1] + ("0" if text[-1] != "0" else "1")) is Look.CHECKSUM_ODD


def test_a_cut_token() -> None:
    assert look(tokens.github()[:-1]) is Look.TRUNCATED
    assert look(tokens.github_fine_grained().rpartition("_")[0]) is Look.TRUNCATED
    assert look(tokens.notion()[:20]) is Look.TRUNCATED


def test_the_name_decides_where_the_shape_does_not() -> None:
    assert identify("0123456789abcdef" * 4, "SENTRY_ACCESS_TOKEN") == "sentry_user_token"
    assert identify("0123456789abcdef" * 4) is None
    assert identify("anything", "GITHUB_TOKEN") == "github_pat_classic"
    assert look("anything", env_name="GITHUB_TOKEN") is Look.UNLIKE
    assert identify("a" * 40, "GITHUB_TOKEN") == "github_legacy_hex"
    assert identify("anything", None, "npx -y @notionhq/notion-mcp-server") == "notion_token"
    assert identify("anything", None, "npx -y something-else") is None


@pytest.mark.parametrize(
    "text", ["sk-0123456789abcdef", "secret_of_mine", "pat-a-cake", "api-v2", "re_use", "", "\0", "pk_mine"]
)
def test_common_beginnings_tell_nothing(text: str) -> None:
    assert identify(text) is None


def test_another_providers_token_under_this_name() -> None:
    judgement = judge(Secret(tokens.gitlab()), "gitlab_pat", "GITHUB_TOKEN")
    assert judgement.look is Look.OTHER_PROVIDER
    assert judgement.expected is not None
    assert judgement.expected.family == "github"
    assert not judgement.proven


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (tokens.github("a", "ghr"), "GITHUB_TOKEN"),
        (tokens.slack_app(), "SLACK_BOT_TOKEN"),
        (tokens.stripe("a", "pk"), "STRIPE_SECRET_KEY"),
    ],
)
def test_the_wrong_kind_for_this_place(text: str, name: str) -> None:
    judgement = judge(Secret(text), identify(text, name) or "", name)
    assert judgement.look is Look.WRONG_KIND
    assert judgement.expected is not None
    assert judgement.expected.use == "access"


def test_a_kind_that_is_meant_there_is_fine() -> None:
    assert look(tokens.slack_app(), env_name="SLACK_APP_TOKEN") is Look.OK
    assert look(tokens.github("a", "gho"), env_name="GITHUB_PERSONAL_ACCESS_TOKEN") is Look.CHECKSUM_AGREES


def test_a_web_token_that_is_over() -> None:
    now = int(time.time())
    over = judge(Secret(tokens.jwt(now - 3600)), "monday_token", "MONDAY_PERSONAL_ACCESS_TOKEN")
    assert (over.look, over.proven, over.ended) == (Look.OVER, True, now - 3600)
    for ends in (now + 60, now - 60):
        assert (
            judge(Secret(tokens.jwt(ends)), "monday_token", "MONDAY_PERSONAL_ACCESS_TOKEN").look
            is not Look.OVER
        ), "clocks differ a little"
