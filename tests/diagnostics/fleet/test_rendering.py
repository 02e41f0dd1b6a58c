"""The fleet without the app: for people, tickets and programs."""

import json
from pathlib import Path

import pytest

from diagnostics.fleet import rendering, words
from tests.support import fleet as made

NOW = made.NOON.timestamp()


def test_the_table_tells_a_trouble_once_and_fits_its_width(tmp_path: Path) -> None:
    text = rendering.text(made.fleet_of(made.ward(tmp_path)), NOW)
    lines = text.splitlines()
    assert lines[0] == "✗ 3 broken   ? 2 without report   ? 1 unclear   ▲ 1 warning   ✓ 13 ok"
    assert lines[1] == "20 hosts, 70 servers. Oldest: old-01, 3 days ago."
    assert max(map(len, lines)) <= 80
    assert "slack: broken at validity: The provider does not accept the token any more" in " ".join(
        text.split()
    )
    assert "✓ 13 hosts in order" in text
    assert "  could not be reached: ssh: connect to host 192.0.2.7" in text
    assert "       2  keyring_locked" in text
    assert "cut-off.json: is damaged or cut off" in text
    plain = rendering.text(made.fleet_of(tmp_path), NOW, ascii_only=True)
    assert plain.isascii()


def test_hosts_with_the_same_trouble_are_told_together(tmp_path: Path) -> None:
    made.write(tmp_path, *(made.envelope(f"h{at:03}", made.locked("github")) for at in range(100)))
    text = rendering.text(made.fleet_of(tmp_path), NOW)
    assert "✗ h000, h001, h002, h003, h004, h005 and 94 hosts more\n" in text
    assert text.count("The keychain login is locked") == 1


def test_markdown_lets_no_host_write_markup(tmp_path: Path) -> None:
    evil = "<script>|a|[x](http://y)` @all https://evil.example #12"
    told = made.with_one("fail", "github", title=evil)
    made.write(tmp_path, made.envelope("web-01", told))
    text = rendering.markdown(made.fleet_of(tmp_path), NOW)
    assert "<script>" not in text
    assert "](http" not in text
    assert "\\<script\\>\\|a\\|" in text
    acting = ("@all", "://", "#12")  # a mention, a link, a reference, where a ticket is shown
    assert not [each for each in acting if each in text]


def test_data_for_programs(tmp_path: Path) -> None:
    data = json.loads(json.dumps(rendering.data(made.fleet_of(made.ward(tmp_path)), NOW)))
    assert data["schema"] == "mcp-doctor.fleet-summary/1"
    assert data["summary"] == {
        "hosts": 20, "servers": 70, "ok": 13, "warn": 1, "fail": 3, "skip": 0, "unknown": 1, "unreachable": 1,
        "failed": 1, "unreadable": 1, "stale": 0,
    }  # fmt: skip
    assert data["hosts"][0]["host"] == "build-01"
    assert data["hosts"][0]["servers"][0]["cause"] == "keyring_locked"
    assert data["causes"] == {"keyring_locked": 2, "token_expired": 1}
    assert data["problems"][0]["where"] == "cut-off.json"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7300, "2 hours ago"),
        (86400 * 400, "400 days ago"),
    ],
)
def test_ages(seconds: float, said: str) -> None:
    assert words.age(seconds) == said


def test_what_is_known_of_long_ago_is_told_to_be_so(tmp_path: Path) -> None:
    """A host that was well a year ago is not well, and not broken either: nobody has looked since."""
    made.write(
        tmp_path, made.envelope("a", made.healthy("github")), made.envelope("b", made.healthy("github"))
    )
    fleet = made.fleet_of(tmp_path)
    assert "gather again" not in words.totals(fleet, NOW)
    assert "2 reports over a week old or undated: gather again." in words.totals(fleet, NOW + 8 * 86400)
    assert rendering.data(fleet, NOW + 8 * 86400)["summary"]["stale"] == 2


def test_a_credential_that_somebody_pasted_for_a_hosts_name_is_not_shown(tmp_path: Path) -> None:
    token = "gh" + "p_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6"
    made.write(tmp_path, made.envelope("web-01", made.healthy("github")) | {"host": {"name": f"web {token}"}})
    fleet = made.fleet_of(tmp_path)
    assert token not in rendering.text(fleet, NOW) + json.dumps(rendering.data(fleet, NOW))
    assert fleet.hosts()[0].name.startswith("web ghp_")
