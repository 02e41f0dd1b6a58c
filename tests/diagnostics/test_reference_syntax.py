"""Every notation of a reference, alone and within longer texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.model import Syntax
from diagnostics.reference_syntax import find_malformed, find_references


@pytest.mark.parametrize(
    ("text", "syntax", "name", "form"),
    [
        ("${SECRET:github_token}", Syntax.SECRET, "github_token", "${SECRET:name}"),
        ("${OAUTH:google}", Syntax.OAUTH, "google", "${OAUTH:provider}"),
        ("${KEYTAR:service/account}", Syntax.KEYTAR, "service/account", "${KEYTAR:service/account}"),
        ("${VAULT:secret/data/mcp#token}", Syntax.VAULT, "secret/data/mcp#token", "${VAULT:path}"),
        (
            "${AWS_SECRET:arn:aws:secretsmanager:eu-west-1:1:secret:x}",
            Syntax.AWS,
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "${AWS_SECRET:arn}",
        ),
        ("${user_config.api_key}", Syntax.USER_CONFIG, "api_key", "${user_config.key}"),
        ("${input:token}", Syntax.INPUT, "token", "${input:id}"),
        ("${VAR}", Syntax.ENV, "VAR", "${VAR}"),
        ("${lower}", Syntax.ENV, "lower", "${VAR}"),
        ("${env:VAR}", Syntax.ENV, "VAR", "${env:VAR}"),
        ("{env:VAR}", Syntax.ENV, "VAR", "{env:VAR}"),
        ("$VAR", Syntax.ENV, "VAR", "$VAR"),
        ("$lower", Syntax.ENV, "lower", "$VAR"),
        ("${VAR:-fallback}", Syntax.ENV, "VAR", "${VAR:-default}"),
    ],
)
def test_a_notation_alone_and_within(text: str, syntax: Syntax, name: str, form: str) -> None:
    (found,) = find_references(text)
    assert (found.syntax, found.name, found.form) == (syntax, name, form)
    assert (found.start, found.end) == (0, len(text))
    if text == "$lower":
        return
    (within,) = find_references(f"Bearer {text} end")
    assert (within.syntax, within.name, within.start) == (syntax, name, 7)
    assert not find_malformed(text)


def test_several_in_one_value_keep_their_places() -> None:
    text = "https://${USER}:${SECRET:pw}@$HOST/{env:DB}"
    found = find_references(text)
    assert [each.name for each in found] == ["USER", "pw", "HOST", "DB"]
    assert [text[each.start : each.end] for each in found] == ["${USER}", "${SECRET:pw}", "$HOST", "{env:DB}"]


@pytest.mark.parametrize(
    ("text", "default"),
    [("${A:-}", ""), ("${A:-b c}", "b c"), ("${A:-${B}}", "${B}"), ("${A}", None), ("${A-x}", "x")],
)
def test_defaults(text: str, default: str | None) -> None:
    (found,) = find_references(text)
    assert (found.name, found.default) == ("A", default)


@pytest.mark.parametrize(
    "text",
    [
        "", "plain", "pa$word", "abc$DEF", "$1", "$$", "$", "100$", "cost: $5", "https://x/?$filter=a", "$2b$10$abc",
        "${}", "${workspaceFolder}/x", "${userHome}", "${CLAUDE_PROJECT_DIR}", "${__dirname}", "${pathSeparator}",
        "${/}", "${config:x.y}", "${file:/etc/x}", "{file:~/x}", "{not a ref}", "${a b}", "${1}", "$(pwd)",
    ],
)  # fmt: skip
def test_what_is_no_reference(text: str) -> None:
    assert find_references(text) == []


@pytest.mark.parametrize(
    ("text", "mistake", "meant"),
    [
        ("${SECRET:}", "empty", ""),
        ("${SECRET: }", "empty", ""),
        ("${secret:}", "empty", ""),
        ("${secret:x}", "case", "${SECRET:x}"),
        ("${Secret:x}", "case", "${SECRET:x}"),
        ("${SECRET: x}", "blank", "${SECRET:x}"),
        ("${ SECRET:x }", "blank", "${SECRET:x}"),
        ("${SECRET:my key}", "blank", "${SECRET:my_key}"),
        ("${SECRET:x", "unclosed", "${SECRET:x}"),
        ("Bearer ${SECRET:x and more", "unclosed", "${SECRET:x}"),
        ("${vault:a/b}", "case", "${VAULT:a/b}"),
        ("${SECRET:", "unclosed", ""),
    ],
)
def test_malformed_references_say_what_was_meant(text: str, mistake: str, meant: str) -> None:
    (wrong,) = find_malformed(text)
    assert (wrong.mistake, wrong.meant) == (mistake, meant)
    assert find_references(text) == []


def test_a_good_reference_beside_a_bad_one() -> None:
    text = "${SECRET:a} ${SECRET:"
    assert [each.name for each in find_references(text)] == ["a"]
    assert [each.mistake for each in find_malformed(text)] == ["unclosed"]


@given(st.text() | st.text(alphabet="${}:- SECRETenvab", max_size=80))
def test_places_are_true_and_nothing_raises(text: str) -> None:
    last = 0
    for each in find_references(text):
        assert last <= each.start < each.end <= len(text)
        assert each.name in text[each.start : each.end]
        last = each.end
    for wrong in find_malformed(text):
        assert text[wrong.start : wrong.end].startswith("${")


@pytest.mark.parametrize(
    "text", ["${" * 200_000, "${a" * 200_000, "${SECRET:" * 100_000, "$A" * 200_000, "{env:" * 200_000]
)
def test_text_made_to_be_slow_is_not(text: str) -> None:
    import time

    began = time.monotonic()
    find_references(text)
    find_malformed(text)
    assert time.monotonic() - began < 10
