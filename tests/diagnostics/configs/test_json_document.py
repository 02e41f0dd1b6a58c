"""JSON with comments, trailing commas, places, and everything that goes wrong."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.json_document import JsonDocument
from diagnostics.model import Problem


def problem_of(text: str) -> Problem:
    with pytest.raises(SyntaxProblem) as caught:
        JsonDocument(text)
    return caught.value.problem


def test_strict_json_has_neither_comment_nor_trailing_comma() -> None:
    document = JsonDocument('{"a": "http://x // y", "b": "/* c */ ,}"}')
    assert document.data == {"a": "http://x // y", "b": "/* c */ ,}"}
    assert (document.comment, document.trailing_comma) == (None, None)


def test_comments_and_trailing_commas_are_read_and_placed() -> None:
    document = JsonDocument('{\n  // one\n  "a": [1, 2, /* in */ ], # no\n'.replace(", # no", "") + "}")
    assert document.data == {"a": [1, 2]}
    assert document.comment == (2, 3)
    assert document.trailing_comma == (3, 13)


def test_a_comma_before_a_comment_before_the_bracket_is_trailing_too() -> None:
    document = JsonDocument('{"a": 1, // last\n}')
    assert document.data == {"a": 1}
    assert document.trailing_comma == (1, 8)


def test_comments_keep_the_places_of_what_follows() -> None:
    document = JsonDocument('{\n/* a\n b\n*/ "x": {"y": {}}}')
    assert document.line_of(("x",)) == 4
    assert document.line_of(("x", "y")) == 4
    assert document.line_of(("x", "z")) == 0
    assert document.line_of(("q", "z")) == 0


def test_lines_of_keys() -> None:
    text = json.dumps({"n": [{"mcpServers": 1}], "mcpServers": {"a": {"env": {"K": "v"}}, "b": {}}}, indent=1)
    document = JsonDocument(text)
    lines = text.split("\n")
    assert '"b"' in lines[document.line_of(("mcpServers", "b")) - 1]
    assert '"K"' in lines[document.line_of(("mcpServers", "a", "env", "K")) - 1]
    assert document.line_of(("n", "mcpServers")) == 0


def test_a_repeated_key_counts_with_its_last_value_and_both_lines_are_known() -> None:
    document = JsonDocument('{"s": {\n"a": 1,\n"b": 2,\n"a": 3}}')
    assert document.data == {"s": {"a": 3, "b": 2}}
    assert document.repeated(("s",)) == [("a", 2, 4)]
    assert document.repeated(()) == []
    assert document.line_of(("s", "a")) == 4


@pytest.mark.parametrize(
    ("text", "outcome", "line", "column"),
    [
        ("", "empty", 1, 1),
        (" \n\t ", "empty", 1, 1),
        ("// only a comment", "empty", 1, 1),
        ("[]", "not-an-object", 1, 1),
        ('"text"', "not-an-object", 1, 1),
        ("null", "not-an-object", 1, 1),
        ('{"a": {\n"b": 1', "truncated", 2, 7),
        ('{"a": 1}\n{"b": 2}', "extra-text", 2, 1),
        ('"mcp": {}', "extra-text", 1, 6),
        ('{"a": "C:\\Users\\me"}', "backslash", 1, 10),
        ('{"a": "C:\\work"}', "backslash", 1, 10),
        ('{"a" 1}', "syntax", 1, 6),
        ('{"a": 1\n "b": 2}', "syntax", 2, 2),
        ("{'a': 1}", "syntax", 1, 2),
        ('{"a": “b”}', "syntax", 1, 7),
        ('{"a": "b\n"}', "syntax", 1, 9),
        ('{"a": NaN}', "syntax", 1, 7),
        ('{"a": undefined}', "syntax", 1, 7),
        ("/* never closed", "empty", 1, 1),
        ("{" + '"a":' * 1, "truncated", 1, 6),
    ],
)
def test_what_is_wrong_and_where(text: str, outcome: str, line: int, column: int) -> None:
    said = problem_of(text)
    assert (said.outcome, said.line, said.column) == (outcome, line, column)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"a":' * 200_000, '{"a":' + "[" * 150_000 + "]" * 150_000 + "}"]
)
def test_deep_nesting_ends_in_a_problem(text: str) -> None:
    assert problem_of(text).outcome in {"too-deep", "truncated"}


@pytest.mark.parametrize(
    "text",
    [
        "/*" * 500_000,
        '"' * 1_000_001,
        '{"' + "\\" * 1_000_000,
        ("," + " " * 1000) * 1000,
        "//" * 500_000,
        '{"a": ' + "9" * 200_000 + "}",
        "{" + '"a": 1,' * 100_000,
    ],
)
def test_text_made_to_be_slow_is_not(text: str) -> None:
    began = time.monotonic()
    problem_of(text)
    assert time.monotonic() - began < 10


@given(st.text())
def test_any_text_is_a_document_or_a_problem(text: str) -> None:
    try:
        document = JsonDocument(text)
    except SyntaxProblem:
        return
    assert isinstance(document.data, dict)


@given(st.text(alphabet='{}[]",:/*\\\n a1', max_size=60))
def test_any_text_of_json_characters_is_a_document_or_a_problem(text: str) -> None:
    try:
        document = JsonDocument(text)
    except SyntaxProblem:
        return
    for key in document.data:
        assert document.line_of((key,)) >= 1


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), values, max_size=5), st.sampled_from([None, 1, "\t"]))
def test_what_json_writes_is_read_alike_and_every_key_has_its_line(data: dict[str, Any], indent: Any) -> None:
    text = json.dumps(data, indent=indent)
    document = JsonDocument(text)
    assert document.data == data
    assert (document.comment, document.trailing_comma) == (None, None)
    for key in data:
        assert json.dumps(key) in text.split("\n")[document.line_of((key,)) - 1]
    assert document.repeated(()) == []
