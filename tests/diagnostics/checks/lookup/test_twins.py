"""Two entries of one name are told, and whether they hold the same, without showing either value."""

from tests.support.lab import Lab, require
from tests.support.looking import look_at

TWINS = "lookup.twins"
OLD, NEW = "old-" + "value" * 3, "new-" + "value" * 3


def test_a_single_entry(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", OLD)
    assert look_at(unlocked).outcome(TWINS) == "single"


def test_keyring_beside_secret_tool_makes_twins_and_which_one_answers_is_chance(unlocked: Lab) -> None:
    require("secret-tool")
    pairs = ["service", "mcp-secrets", "username", "github_token"]
    assert unlocked.run(["secret-tool", "store", "--label=x", *pairs], given=OLD).returncode == 0
    unlocked.keyring_set("github_token", NEW)
    assert len(unlocked.items()) == 2
    assert unlocked.keyring_get("github_token") in {OLD, NEW}
    seen = look_at(unlocked)
    assert seen.fails == [(TWINS, "different", "credential_duplicated")]
    finding = seen.finding(TWINS)
    assert finding.facts["count"] == "2"
    assert len(finding.evidence) == 2
    assert OLD not in seen.text
    assert NEW not in seen.text


def test_twins_with_the_same_value_are_a_warning(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", OLD)
    unlocked.add({"service": "mcp-secrets", "username": "github_token"}, OLD.encode(), replace=False)
    seen = look_at(unlocked)
    assert seen.fails == []
    assert (TWINS, "alike", "credential_duplicated") in seen.warnings


def test_the_writers_are_named(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", OLD)
    attributes = {"service": "mcp-secrets", "username": "github_token"}
    unlocked.add(attributes, NEW.encode(), label="keyring:github_token@mcp-secrets", replace=False)
    evidence = " ".join(look_at(unlocked).finding(TWINS).evidence)
    assert "Python keyring library" in evidence
    assert "@napi-rs/keyring" in evidence


def test_the_same_name_in_another_keychain_is_no_twin(unlocked: Lab) -> None:
    work = unlocked.create_collection("work password", "work")
    unlocked.add({"service": "mcp-secrets", "username": "github_token"}, OLD.encode(), collection=work)
    unlocked.add_entry("github_token", NEW)
    assert look_at(unlocked).outcome(TWINS) == "single"
