"""The finding about a value's own state."""

from pathlib import Path

import pytest

from diagnostics.check import Verdict
from diagnostics.checks.format.hygiene import hygiene
from diagnostics.model import Finding, Status
from tests.support import tokens
from tests.support.configured import ask, context_of

TOKEN = tokens.github("hygiene")
FIELD = "env.GITHUB_PERSONAL_ACCESS_TOKEN"


def finding(folder: Path, value: str) -> Finding:
    servers = {"github": {"command": "x", "env": {FIELD[4:]: "${SECRET:github_token}"}}}
    context = context_of(folder, servers, {"github_token": value})
    return ask(context, "format.hygiene")[f"format.hygiene {FIELD}"]


def test_a_clean_value(tmp_path: Path) -> None:
    assert finding(tmp_path, TOKEN).status is Status.OK


@pytest.mark.parametrize(
    ("value", "outcome", "cause"),
    [
        (TOKEN + "\n", "trailing-newline", "credential_corrupted"),
        (f'"{TOKEN}"', "quotes", "credential_corrupted"),
        (f"Bearer {TOKEN}", "scheme-word", "auth_header_wrong"),
        (f"GITHUB_TOKEN={TOKEN}", "shell-line", "credential_corrupted"),
        (TOKEN[:9] + "\u200b" + TOKEN[9:], "invisible", "credential_corrupted"),
    ],
)
def test_mendable_damage_fails_and_says_so(tmp_path: Path, value: str, outcome: str, cause: str) -> None:
    found = finding(tmp_path, value)
    assert (found.status, found.outcome, found.cause) == (Status.FAIL, outcome, cause)
    assert found.facts["repairable"] == "yes"
    assert found.facts["name"] == "github_token"
    assert found.fix
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("value", "outcome", "cause"),
    [
        ("YOUR_TOKEN_HERE", "placeholder", "credential_placeholder"),
        ("${GITHUB_TOKEN}", "unexpanded", "env_placeholder_not_expanded"),
        (TOKEN[:9] + "\udcff" + TOKEN[9:], "not-utf-8", "credential_corrupted"),
    ],
)
def test_what_cannot_be_mended(tmp_path: Path, value: str, outcome: str, cause: str) -> None:
    found = finding(tmp_path, value)
    assert (found.status, found.outcome, found.cause) == (Status.FAIL, outcome, cause)
    assert found.facts["repairable"] == "no"


def test_evidence_names_the_place_of_an_invisible_character(tmp_path: Path) -> None:
    found = finding(tmp_path, TOKEN[:9] + "\u200b" + TOKEN[9:])
    assert found.evidence == ("character 10 is U+200B (zero width space)",)


def test_a_password_managers_address_is_a_warning(tmp_path: Path) -> None:
    assert finding(tmp_path, "op://vault/item/field").status is Status.WARN


def test_a_whole_header_value_is_right_where_one_belongs(tmp_path: Path) -> None:
    servers = {
        "remote": {
            "url": "https://api.githubcopilot.com/mcp",
            "headers": {"Authorization": "${SECRET:header}"},
        },
        "doubled": {
            "url": "https://api.githubcopilot.com/mcp",
            "headers": {"Authorization": "Bearer ${SECRET:header}"},
        },
    }
    context = context_of(tmp_path, servers, {"header": f"Bearer {TOKEN}"})
    found = {each.server_id.rpartition(":")[2]: hygiene(context, each) for each in context.references}
    assert isinstance(found["remote"], Verdict)
    assert found["remote"].status is Status.OK
    assert isinstance(found["doubled"], Verdict)
    assert found["doubled"].outcome == "scheme-word"


def test_looking_at_variables_masks_no_ordinary_words(tmp_path: Path) -> None:
    servers = {"files": {"command": "x", "args": ["${HOME}/data"]}}
    context = context_of(tmp_path, servers, env={"HOME": "/home/someone"})
    ask(context, "format.hygiene")
    assert context.scrubber.scrub("/home/someone") == "/home/someone"


def test_variables_that_hold_no_credential_are_not_judged(tmp_path: Path) -> None:
    servers = {
        "files": {
            "command": "x",
            "args": ["${HOME}/data"],
            "env": {"LOG": "${LEVEL:-}", "API_KEY": "${NONE:-}"},
        }
    }
    assert (
        ask(context_of(tmp_path, servers, env={"HOME": " /home/x ", "LEVEL": "null"}), "format.hygiene") == {}
    )


def test_an_empty_variable_is_told(tmp_path: Path) -> None:
    servers = {"github": {"command": "x", "env": {"GITHUB_TOKEN": "${GITHUB_TOKEN}"}}}
    found = ask(context_of(tmp_path, servers, env={"GITHUB_TOKEN": ""}), "format.hygiene")
    assert found["format.hygiene env.GITHUB_TOKEN"].cause == "credential_empty"
