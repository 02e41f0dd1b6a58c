"""Explaining texts: each signature recognises its own examples first, noise gives nothing, nothing leaks or hangs."""

import json
import re
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
from tests.support.platforms import UID

HOST = Host(Platform.LINUX, Session.LOCAL, Path("/home/me"), Path("/"), {}, UID, "me")
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


def test_several_servers_are_told_apart() -> None:
    text = """2026-01-01T10:00:00.000Z [github] [info] Initializing server...
2026-01-01T10:00:00.100Z [github] [error] spawn npx ENOENT
2026-01-01T10:00:00.000Z [slack] [info] Initializing server...
Error: SLACK_BOT_TOKEN is not set
    at main
2026-01-01T10:00:00.000Z [slack] [info] Server transport closed unexpectedly"""
    servers = {each.cause: each.servers for each in explain(text, HOST)}
    assert servers["command_not_found"] == ("github",)
    assert servers["env_var_missing"] == ("slack",)
    assert to_json(explain(text, HOST))["matches"][0]["servers"]
    assert "server: github" in render_text(explain(text, HOST))


def test_one_servers_recovery_is_not_anothers() -> None:
    text = """2026-01-01T10:00:00.000Z [github] [error] spawn npx ENOENT
2026-01-01T10:00:00.000Z [slack] [error] Bad credentials
2026-01-01T10:00:01.000Z [slack] [info] Connected to MCP server slack!"""
    assert [each.cause for each in explain(text, HOST)] == ["command_not_found"]


@pytest.mark.parametrize(
    ("newer", "cause"),
    [
        ("Error: listen EADDRINUSE: address already in use :::3000", "port_in_use"),
        ("MCP error -32000: Connection closed", "token_invalid"),
    ],
    ids=["another reason", "no reason of its own"],
)
def test_the_newest_attempt_counts_where_it_says_why(newer: str, cause: str) -> None:
    head = "2026-01-01T10:00:00.000Z [x] [info] Initializing server...\n"
    text = f"{head}HttpError: Bad credentials\nBad credentials\n{head}{newer}"
    assert explain(text, HOST)[0].cause == cause


def test_a_text_cut_at_the_windows_edge_is_put_together() -> None:
    text = "authorization server metadata issuer https://a.example\ndoes not match expected issuer https://b.example"
    assert explain(text, HOST)[0].cause == "oauth_metadata_invalid"


def test_messages_in_json_are_unfolded() -> None:
    text = json.dumps({"error": "Server stderr: starting\nSyntaxError: Unexpected token {\n    at x", "n": 1})
    assert explain(text, HOST)[0].cause == "node_version_too_old"


def test_the_package_command_is_this_systems() -> None:
    text = "Error: spawn npx ENOENT"
    mac = Host(Platform.MACOS, Session.LOCAL, Path("/Users/me"), Path("/"), {}, 501, "me")
    windows = Host(Platform.WINDOWS, Session.LOCAL, Path("/c/me"), Path("/"), {}, 0, "me")
    assert "$ brew install node" in explain(text, mac)[0].fix
    assert "$ winget install OpenJS.NodeJS.LTS" in explain(text, windows)[0].fix
    assert not any(
        "{install" in line for each in signatures() for line in explain(each.examples[0], HOST)[0].fix
    )


def test_the_clients_file_is_named_with_its_path_here(tmp_path: Path) -> None:
    home = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {}, 1000, "me")
    match = explain("claude_desktop_config.json: Unexpected token } in JSON at position 33", home)[0]
    assert str(tmp_path / ".config/Claude/claude_desktop_config.json") in match.fix[0]


HARD_LINES = [
    "A_" * 1000, "required " * 220, "/a b" * 500, "no token key session " * 95, "Cannot find module " * 105,
    "(['\"{\\" * 330, "a" * 2000, "AB_CD is not " * 150, "x:" * 1000, " " * 2000, "failed to " * 200, "\\" * 2000,
    "'" * 2000, "C:\\a" * 500, "not " * 500, "/" * 2000, "spawn " * 330, "node 1." * 280, "certificate " * 160, "1" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("cause", names("signatures"))
def test_no_pattern_takes_long_for_a_hard_line(cause: str) -> None:
    """What grows with the square of a line's length takes tenths of a second here."""
    signature = next(each for each in signatures() if each.cause == cause)
    for regex in (*(each.regex for each in signature.patterns), *signature.but):
        for line in HARD_LINES:
            took = min(_seconds_for(regex, line) for _ in range(2))
            assert took < 0.06, (regex.pattern[:80], line[:20], took)


def _seconds_for(regex: re.Pattern[str], line: str) -> float:
    began = time.thread_time()
    regex.search(line)
    return time.thread_time() - began
