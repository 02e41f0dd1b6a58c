"""The entry is found to the letter, and what was probably meant is named when it isn't there."""

import pytest

from diagnostics.model import Finding
from tests.support.lab import Lab, require
from tests.support.looking import Look, look, look_at

ENTRY = "lookup.entry"
VALUE = "the-" + "value" * 4


def entry(seen: Look) -> Finding:
    return seen.finding(ENTRY)


def test_found(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", VALUE)
    seen = look_at(unlocked)
    assert entry(seen).outcome == "found"
    assert seen.fails == []


def test_missing(unlocked: Lab) -> None:
    unlocked.add_entry("slack_token", VALUE)
    seen = look_at(unlocked)
    assert seen.fails == [(ENTRY, "missing", "credential_not_found")]
    assert "$ mcp-secrets set github_token" in entry(seen).fix


@pytest.mark.parametrize(
    "stored",
    [
        "github-token",
        "GITHUB_TOKEN",
        "Github Token",
        " github_token",
        "github_token\n",
        "github.token",
        "github_token\t",
    ],
)
def test_another_spelling(unlocked: Lab, stored: str) -> None:
    unlocked.add_entry(stored, VALUE)
    seen = look_at(unlocked)
    assert seen.fails == [(ENTRY, "spelling", "credential_not_found")]
    assert repr(stored) in entry(seen).facts["found_as"]


def test_the_service_spelled_differently(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", VALUE, service="mcp_secrets")
    assert look_at(unlocked).fails == [(ENTRY, "spelling", "credential_not_found")]


def test_service_and_key_divided_otherwise(unlocked: Lab) -> None:
    unlocked.add_entry("token", VALUE, service="github")
    seen = look_at(unlocked)
    assert seen.fails == [(ENTRY, "split", "credential_not_found")]
    assert entry(seen).facts["found_service"] == "github"
    assert entry(seen).facts["found_name"] == "token"


def test_the_same_name_under_another_service(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", VALUE, service="someone-elses")
    assert look_at(unlocked).fails == [(ENTRY, "other-service", "credential_not_found")]


@pytest.mark.parametrize(
    "attributes",
    [
        {"service": "mcp-secrets", "account": "github_token", "xdg:schema": "org.freedesktop.Secret.Generic"},
        {"service": "mcp-secrets", "key": "github_token"},
        {"Title": "mcp-secrets", "UserName": "github_token"},
        {"name": "github_token"},
    ],
)
def test_another_tools_attributes(unlocked: Lab, attributes: dict[str, str]) -> None:
    unlocked.add(attributes, VALUE.encode())
    seen = look_at(unlocked)
    assert seen.fails == [(ENTRY, "other-attribute", "credential_not_found")]


def test_only_in_another_keychain(unlocked: Lab) -> None:
    work = unlocked.create_collection("work password", "work")
    attributes = {"service": "mcp-secrets", "username": "github_token"}
    unlocked.add(attributes, VALUE.encode(), collection=work)
    seen = look_at(unlocked)
    assert seen.fails == [(ENTRY, "in-another-collection", "credential_not_found")]
    assert entry(seen).facts["collection"] == work
    assert unlocked.keyring_get("github_token") is None


def test_only_in_another_keychain_that_is_locked(unlocked: Lab) -> None:
    work = unlocked.create_collection("work password", "work")
    unlocked.add({"service": "mcp-secrets", "username": "github_token"}, VALUE.encode(), collection=work)
    unlocked.restart_daemon()
    unlocked.unlock("lab-password")
    seen = look_at(unlocked)
    assert seen.fails == [(ENTRY, "in-another-collection", "credential_not_found")]
    assert entry(seen).facts["locked"] == "locked"


def test_another_keychain_of_the_same_name_changes_nothing(unlocked: Lab) -> None:
    work = unlocked.create_collection("work password", "work")
    unlocked.add({"service": "mcp-secrets", "username": "github_token"}, b"old", collection=work)
    unlocked.add_entry("github_token", VALUE)
    seen = look_at(unlocked)
    assert seen.fails == []
    found = seen.context.value_of(seen.context.references[0])
    assert found is not None
    assert found.reveal() == VALUE


def test_no_value_and_no_control_character_reaches_a_finding(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", VALUE)
    unlocked.add(
        {"service": "\x1b[31mred\x1b[0m", "username": "other_token"}, VALUE.encode(), label="\x1b]0;x\x07"
    )
    seen = look_at(unlocked, "github_token", "other-token", "\x1b[2Jname")
    assert VALUE not in seen.text
    shown = [text for each in seen.findings for text in (each.title, each.detail, *each.fix, *each.evidence)]
    assert not any("\x1b" in text for text in shown)


def test_a_hostile_name_is_quoted_in_the_command(unlocked: Lab) -> None:
    fix = entry(look(unlocked.host(), "x; rm -rf ~")).fix
    assert "$ mcp-secrets set 'x; rm -rf ~'" in fix


def test_written_by_keyring_itself(unlocked: Lab) -> None:
    unlocked.keyring_set("github_token", VALUE)
    seen = look_at(unlocked)
    assert entry(seen).outcome == "found"
    assert entry(seen).facts["writer"] == "Python keyring library"
    (read,) = seen.context.store.entries()
    assert read.secret is not None
    assert read.secret.reveal() == VALUE


def test_written_by_secret_tool(unlocked: Lab) -> None:
    require("secret-tool")
    command = ["secret-tool", "store", "--label=x", "service", "github", "key", "token"]
    assert unlocked.run(command, given=VALUE).returncode == 0
    unlocked.run(
        ["secret-tool", "store", "--label=y", "service", "mcp-secrets", "account", "slack"], given=VALUE
    )
    assert look_at(unlocked, "slack").fails == [(ENTRY, "other-attribute", "credential_not_found")]
    assert look_at(unlocked, "github").fails == [(ENTRY, "split", "credential_not_found")]
