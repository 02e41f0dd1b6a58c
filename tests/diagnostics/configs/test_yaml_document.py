"""YAML: places of keys, and everything that is refused."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.yaml_document import YamlDocument
from diagnostics.model import Problem


def problem_of(text: str) -> Problem:
    with pytest.raises(SyntaxProblem) as caught:
        YamlDocument(text)
    return caught.value.problem


def test_lines_of_keys_and_of_elements() -> None:
    document = YamlDocument("a: 1\nlist:\n  - name: x\n    env:\n      K: v\n  - name: y\n")
    assert document.data == {"a": 1, "list": [{"name": "x", "env": {"K": "v"}}, {"name": "y"}]}
    assert document.line_of(("list",)) == 2
    assert document.line_of(("list", "0", "env", "K")) == 5
    assert document.line_of(("list", "1")) == 6
    assert document.line_of(("none",)) == 0


def test_a_repeated_key_has_its_last_value_and_both_lines() -> None:
    document = YamlDocument("x:\n  a: 1\n  b: 2\n  a: 3\n")
    assert document.data == {"x": {"a": 3, "b": 2}}
    assert document.repeated(("x",)) == [("a", 2, 4)]
    assert document.repeated(()) == []


@pytest.mark.parametrize(
    ("text", "outcome", "place"),
    [
        ("a: &x 1\nb: *x\n", "yaml-anchor", (1, 4)),
        ("b: *x\n", "yaml-anchor", (1, 4)),
        ("a: !!python/object/apply:os.system [id]\n", "yaml-tag", (1, 4)),
        ("a: !other 1\n", "yaml-tag", (1, 4)),
        ("a:\n\tb: 1\n", "yaml-tab", (2, 1)),
        ("a: [1,\n", "truncated", (2, 1)),
        ("a: 1\n---\nb: 2\n", "extra-text", (2, 1)),
        ("", "empty", (1, 1)),
        ("# only a comment\n", "empty", (1, 1)),
        ("- a\n", "not-an-object", (1, 1)),
        ("text\n", "not-an-object", (1, 1)),
        ('a: "C:\\qx"\n', "backslash", (1, 8)),
        ("? [1]\n: 2\n", "syntax", (1, 3)),
        ("a: b: c\n", "syntax", (1, 5)),
        ("[" * 5000, "too-deep", (0, 0)),
        ("a: \x07\n", "syntax", (1, 4)),
    ],
)
def test_what_is_wrong_and_where(text: str, outcome: str, place: tuple[int, int]) -> None:
    problem = problem_of(text)
    assert (problem.outcome, (problem.line, problem.column)) == (outcome, place)


def test_a_few_lines_that_would_grow_to_gigabytes_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    began = time.monotonic()
    assert problem_of("\n".join(lines)).outcome == "yaml-anchor"
    assert time.monotonic() - began < 5


def test_odd_values_stay_texts() -> None:
    document = YamlDocument("a: 2020-01-01\nb: 2020-99-99\n")
    assert document.data == {"a": "2020-01-01", "b": "2020-99-99"}


@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`#, \n\t0~?<", max_size=80))
@settings(max_examples=300)
def test_any_text_is_data_or_a_problem(text: str) -> None:
    with contextlib.suppress(SyntaxProblem):
        assert isinstance(YamlDocument(text).data, dict)
