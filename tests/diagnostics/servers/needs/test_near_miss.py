"""Which variable was meant."""

import pytest

from diagnostics.servers.needs.near_miss import meant_for


@pytest.mark.parametrize(
    ("name", "wanted", "strictly"),
    [
        ("GITHUB_TOKEN", "GITHUB_PERSONAL_ACCESS_TOKEN", False),
        ("GITHUB_PAT", "GITHUB_PERSONAL_ACCESS_TOKEN", False),
        ("BRAVE_SEARCH_API_KEY", "BRAVE_API_KEY", False),
        ("NOTION_API_KEY", "NOTION_TOKEN", False),
        ("github_personal_access_token", "GITHUB_PERSONAL_ACCESS_TOKEN", True),
        ("GITLAB_API_UR", "GITLAB_API_URL", True),
        ("SLACK_TEAMID", "SLACK_TEAM_ID", True),
        ("SLACK-TEAM-ID", "SLACK_TEAM_ID", True),
    ],
)
def test_a_near_miss(name: str, wanted: str, strictly: bool) -> None:
    assert meant_for(name, ["UNRELATED_THING", wanted], strictly) == wanted


@pytest.mark.parametrize(
    ("name", "wanted", "strictly"),
    [
        ("SLACK_BOT_TOKEN", "GITHUB_TOKEN", False),
        ("ACME_URL", "ACME_TOKEN", False),
        ("ACME_API_KEY", "ACME_API_URL", False),
        ("GITHUB_TOKEN", "GITHUB_PERSONAL_ACCESS_TOKEN", True),
        ("PORT", "HOST", False),
    ],
)
def test_no_near_miss(name: str, wanted: str, strictly: bool) -> None:
    assert meant_for(name, [wanted], strictly) is None
