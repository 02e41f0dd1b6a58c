"""Explaining texts: each signature recognises its own examples first, noise gives nothing, nothing leaks or hangs."""

import json
import os
import time
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from diagnostics.catalog import names, read
from diagnostics.catalog.causes import causes
from diagnostics.catalog.signatures import signatures
from diagnostics.explain import explain, render_text, to_json
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.tokens.masking import mask_tokens

HOST = Host(Platform.LINUX, Session.LOCAL, Path("/home/me"), Path("/"), {}, os.getuid(), "me")
EXAMPLES = [(each.cause, example) for each in signatures() for example in each.examples]


@pytest.mark.parametrize("cause", names("signatures"))
def test_a_signature_fits_its_schema_and_names_a_known_cause(cause: str) -> None:
    schema = json.loads(
        files("diagnostics.catalog").joinpath("schema/signature.schema.json").read_text("utf-8")
    )
    jsonschema.validate(read(f"signatures/{cause}.toml"), schema)
    assert cause in causes()


@pytest.mark.parametrize(
    ("cause", "example"), EXAMPLES, ids=[f"{cause}-{at}" for at, (cause, _) in enumerate(EXAMPLES)]
)
def test_an_example_is_recognised_as_its_own_cause_first(cause: str, example: str) -> None:
    matches = explain(example, HOST)
    assert matches
    assert matches[0].cause == cause, [(each.cause, each.confidence) for each in matches]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "GitHub MCP Server running on stdio",
        "[info] listening for messages\n[info] 26 tools registered, 0 errors",
        "(node:17) ExperimentalWarning: the fetch API is an experimental feature",
        "DeprecationWarning: this call is deprecated and will go",
        "access token expired at noon, asking for a new one\naccess token refreshed\nready",
        "Logger initialised, level=debug",
        "Done in 1.2s",
        '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}',
    ],
)
def test_healthy_output_claims_nothing(text: str) -> None:
    assert explain(text, HOST) == []


def test_the_reason_comes_before_its_consequence() -> None:
    text = """
        Error: SLACK_BOT_TOKEN environment variable is not set
        MCP error -32000: Connection closed
    """
    assert [each.cause for each in explain(text, HOST)][:2] == ["env_var_missing", "server_exited_early"]


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mError:\x1b[0m Bad \x1b[1mcredentials\x1b[22m",
        '{"level":"error","msg":"Bad credentials","time":1}',
        "2026-11-23T10:00:00Z server[17]: HttpError: Bad credentials\r\n",
        "BAD CREDENTIALS",
    ],
)
def test_colours_log_formats_and_case_do_not_matter(text: str) -> None:
    match = explain(text, HOST)[0]
    assert match.cause == "token_invalid"
    assert "\x1b" not in match.evidence


def test_the_fix_fits_the_system() -> None:
    mac = Host(Platform.MACOS, Session.LOCAL, Path("/Users/me"), Path("/"), {}, 501, "me")
    text = "OSStatus -128: user canceled"
    assert explain(text, mac)[0].fix != explain(text, HOST)[0].fix


def test_no_token_is_in_the_evidence() -> None:
    token = "gh" + "p_" + "a1B2" * 9
    for text in (
        f"401 Bad credentials for {token}",
        f"Bad credentials: Authorization: Bearer {'x9' * 20}",
        f"Bad credentials at https://me:{'pw7' * 4}@host/x?token={'q8' * 8}",
    ):
        shown = json.dumps(to_json(explain(text, HOST))) + render_text(explain(text, HOST))
        assert "a1B2" not in shown
        assert "x9x9" not in shown
        assert "pw7" not in shown
        assert "q8q8" not in shown


@pytest.mark.parametrize(
    "text", ["token: missing", "password required", "Please set API_KEY=<your key>", "Bearer token expected"]
)
def test_masking_leaves_sentences_alone(text: str) -> None:
    assert mask_tokens(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a" * 3_000_000,
        "A_" * 700_000,
        "\x1b[31m" * 300_000,
        "\x1b]" * 500_000,
        "required " * 150_000,
        "error\n" * 400_000,
        "".join(f"failed to connect to server {n} token key " * 30 + "\n" for n in range(2000)),
        "\ud800\x00" * 100_000,
    ],
    ids=range(8),
)
def test_any_text_takes_bounded_time(text: str) -> None:
    began = time.process_time()
    explain(text, HOST)
    assert time.process_time() - began < 10


def test_the_failure_at_the_end_of_a_long_log_is_found() -> None:
    log = "".join(f"2026-11-23 10:{n // 60 % 60:02}:{n % 60:02} request {n} served\n" for n in range(60_000))
    assert (
        explain(log + "Error: listen EADDRINUSE: address already in use :::3000", HOST)[0].cause
        == "port_in_use"
    )


def test_the_explanation_has_the_promised_form() -> None:
    data = to_json(explain("Bad credentials", HOST))
    assert data["schema"] == "mcp-doctor.explanation/1"
    assert set(data["matches"][0]) == {"cause", "title", "why", "fix", "evidence", "confidence"}
    assert 0 < data["matches"][0]["confidence"] < 1
    assert render_text([]).startswith("Nothing")
