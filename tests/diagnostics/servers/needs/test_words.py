"""What servers say they miss, in the ways that programs have of saying it. The sentences are made up here."""

import time

import pytest

from diagnostics.servers.needs.words import needs_said


def said(text: str, strict: bool = False) -> list[str]:
    return [str(each) for each in needs_said(text, strict)]


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("Error: ACME_API_KEY environment variable is required", ["ACME_API_KEY"]),
        ("ACME_API_KEY is not set", ["ACME_API_KEY"]),
        ("fatal: environment variable `ACME_API_KEY` must be set before start", ["ACME_API_KEY"]),
        ("Missing ACME_API_KEY", ["ACME_API_KEY"]),
        ("No key was provided. Set it in the `ACME_API_KEY` environment variable", ["ACME_API_KEY"]),
        ("Please set ACME_TOKEN and ACME_TEAM_ID.", ["ACME_TOKEN", "ACME_TEAM_ID"]),
        ("ACME_TOKEN, ACME_TEAM_ID and ACME_SITE must be set", ["ACME_TOKEN", "ACME_TEAM_ID", "ACME_SITE"]),
        ("Either ACME_TOKEN or ACME_KEY is required", ["ACME_TOKEN or ACME_KEY"]),
        ("Provide one of ACME_TOKEN, ACME_KEY", ["ACME_TOKEN or ACME_KEY"]),
        (
            "login needed: either ACME_A_TOKEN, ACME_B_TOKEN, or both ACME_C_TOKEN and ACME_D_TOKEN must be given, none is set: required",
            ["ACME_A_TOKEN or ACME_B_TOKEN or ACME_C_TOKEN with ACME_D_TOKEN"],
        ),
        ('{"level":"fatal","msg":"ACME_TOKEN must be set"}', ["ACME_TOKEN"]),
        ('{"level":50,"err":{"message":"ACME_TOKEN is missing"}}', ["ACME_TOKEN"]),
        ("\x1b[31mERROR\x1b[0m [12:00] \x1b[36mACME_TOKEN environment variable is not set\x1b[39m", ["ACME_TOKEN"]),
        ("│ ACME_TOKEN is not set │", ["ACME_TOKEN"]),
        ("Environment variable DSN is not set", ["DSN"]),
        ("Missing required environment variables:\n  - ACME_TOKEN\n  - ACME_SITE\n\nBye", ["ACME_TOKEN", "ACME_SITE"]),
        ("At least one of the following is required:\n  ACME_TOKEN\n  ACME_KEY", ["ACME_TOKEN or ACME_KEY"]),
        ("Missing environment variables:\n    ACME_TOKEN: undefined\n    PORT_NO: undefined", ["ACME_TOKEN", "PORT_NO"]),
        ("Traceback (most recent call last):\n  File \"x.py\", line 1, in f\nKeyError: 'ACME_TOKEN'", ["ACME_TOKEN"]),
        ("start.sh: line 3: ACME_TOKEN: unbound variable", ["ACME_TOKEN"]),
        ("2 validation errors for Config\nACME_TOKEN\n  Field required [type=missing, input_value={}]", ["ACME_TOKEN"]),
        (
            '[\n {\n "code": "invalid_type",\n "received": "undefined",\n "path": [\n "ACME_TOKEN"\n ],\n "message": "Required"\n }\n]',
            ["ACME_TOKEN"],
        ),
        ("✖ Invalid input: expected string, received undefined\n  → at ACME_TOKEN", ["ACME_TOKEN"]),
        ("config must have required property 'ACME_TOKEN'", ["ACME_TOKEN"]),
        ("required key ACME_TOKEN missing value", ["ACME_TOKEN"]),
        ('thread main panicked: ACME_TOKEN must be set: NotPresent', ["ACME_TOKEN"]),
        ("throw new Error('ACME_TOKEN is required');\n      ^\nError: ACME_TOKEN is required\n    at main (x.js:1:2)", ["ACME_TOKEN"]),
    ],
)  # fmt: skip
def test_a_lack_names_its_variables(text: str, needs: list[str]) -> None:
    assert said(text) == needs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Acme server running on stdio",
        "No ACME_TOKEN set; running in keyless mode",
        "ACME_TOKEN is not set, using default",
        "ACME_SITE not set. Falling back to the public site.",
        "Optional: set ACME_TOKEN for higher limits",
        "ACME_TOKEN is set",
        "Error: request failed, code: ERR_MODULE_NOT_FOUND required",
        "connect ECONNREFUSED 127.0.0.1:5432",
        "npm ERR! NODE_PATH is not set",
        "A token is required",
        "at Object.<anonymous> (/srv/ACME_APP/missing/file.js:1:2)",
        "ACME_NAME is deprecated and not set any more",
    ],
)
def test_what_is_no_lack_names_nothing(text: str) -> None:
    assert said(text) == []


def test_an_option_that_would_do_as_well_is_told() -> None:
    need = needs_said(
        "Pass the key as --api-key=$KEY or set the ACME_API_KEY environment variable: it is required"
    )[0]
    assert str(need) == "ACME_API_KEY"
    assert set(need.options) == {"--api-key"}


def test_ways_that_two_lines_name_are_one_need() -> None:
    text = "ERROR ACME_TOKEN environment variable is not set\nINFO Either set ACME_TOKEN or enable it with ACME_USE_OAUTH=1"
    assert said(text) == ["ACME_TOKEN or ACME_USE_OAUTH"]


def test_the_evidence_is_the_line_without_its_escapes() -> None:
    assert needs_said("\x1b[1mACME_TOKEN\x1b[0m is not set\x07")[0].evidence == "ACME_TOKEN is not set\\x07"


@pytest.mark.parametrize(
    "text",
    ["AUTH_TOKEN is required for HTTP mode", "Set ACME_TOKEN to raise the limit", "set ACME_TOKEN and go"],
)
def test_texts_in_code_are_taken_strictly(text: str) -> None:
    assert said(text, strict=True) == []


def test_a_flood_is_read_in_time() -> None:
    flood = "ACME_TOKEN is not " * 200_000 + "\n" + "A_B or " * 200_000 + "\nACME_TOKEN is not set"
    began = time.monotonic()
    needs_said(flood)
    assert time.monotonic() - began < 3
