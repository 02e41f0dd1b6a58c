"""TOML: what is wrong, and on which line things stand."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.toml_document import TomlDocument
from diagnostics.model import Problem


def problem_of(text: str) -> Problem:
    with pytest.raises(SyntaxProblem) as caught:
        TomlDocument(text)
    return caught.value.problem


def test_lines_of_tables_and_keys() -> None:
    document = TomlDocument(
        'model = "x"\n\n[mcp_servers.git]\ncommand = "a"\n\n[mcp_servers.git.env]\nTOKEN = "b"\n'
        '[mcp_servers."my server"]\nurl = "c"\n'
    )
    assert document.line_of(("mcp_servers", "git")) == 3
    assert document.line_of(("mcp_servers", "git", "command")) == 4
    assert document.line_of(("mcp_servers", "git", "env", "TOKEN")) == 7
    assert document.line_of(("mcp_servers", "my server")) == 8
    assert document.line_of(("mcp_servers", "none")) == 0
    assert document.repeated(("mcp_servers",)) == []


def test_lines_of_dotted_keys() -> None:
    document = TomlDocument('mcp_servers.a.command = "x"\nmcp_servers.a.env.K = "v"\n')
    assert document.line_of(("mcp_servers", "a")) == 1
    assert document.line_of(("mcp_servers", "a", "env", "K")) == 2


def test_an_empty_file_is_a_config_without_servers() -> None:
    assert TomlDocument("").data == {}


@pytest.mark.parametrize(
    ("text", "outcome", "line"),
    [
        ("a = 1\nb = \n", "syntax", 2),
        ('a = "C:\\Users\\me"', "backslash", 1),
        ('[a]\nx = 1\n\npath = "C:\\work"', "backslash", 4),
        ('a = "unclosed', "truncated", 1),
        ("a = 1\na = 2", "toml-repeated", 2),
        ("[a]\n[a]", "toml-repeated", 2),
        ('{"mcpServers": {}}', "syntax", 1),
        ("a = [1,", "truncated", 1),
        ("a = 2020-13-45", "syntax", 1),
    ],
)
def test_what_is_wrong_and_where(text: str, outcome: str, line: int) -> None:
    said = problem_of(text)
    assert (said.outcome, said.line) == (outcome, line)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 100_000, "a." * 200_000 + "b = 1", "a = " + "{a=" * 50_000, "x" * 1_500_000],
)
def test_text_made_to_break_the_parser_ends_in_a_problem(text: str) -> None:
    began = time.monotonic()
    assert problem_of(text).outcome in {"too-large", "too-deep", "truncated", "syntax"}
    assert time.monotonic() - began < 5


@given(st.text(alphabet="[]{}=\"'.,#\\\n a1-", max_size=60) | st.text())
def test_any_text_is_a_document_or_a_problem(text: str) -> None:
    try:
        document = TomlDocument(text)
    except SyntaxProblem:
        return
    assert document.line_of(("a",)) >= 0
