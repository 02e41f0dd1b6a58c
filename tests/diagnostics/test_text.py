"""Hostile text becomes plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.text import clean, clean_lines


@pytest.mark.parametrize(
    ("hostile", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x9b2Jafter", "after"),
        ("a\x00b", r"a\x00b"),
        ("a\nb\tc", "a b c"),
        ("over\u202eride", r"over\u202eride"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("lone\ud800", r"lone\ud800"),
        ("half\xa0space", "half space"),
        ("bell\x07", r"bell\x07"),
    ],
)
def test_what_could_act_is_removed_or_written_out(hostile: str, plain: str) -> None:
    assert clean(hostile) == plain


@given(st.text(max_size=300))
def test_nothing_unprintable_survives(text: str) -> None:
    assert clean(text).isprintable()


@given(st.text(alphabet="\x1b[]0;31mP\\\x07\x9bab", max_size=60))
def test_no_sequence_survives_however_it_is_cut(text: str) -> None:
    assert "\x1b" not in clean(text)


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_long_text_is_cut_with_a_sign() -> None:
    assert clean("x" * 5000, 100) == "x" * 99 + "…"


def test_only_the_last_lines_that_say_something_are_kept() -> None:
    assert clean_lines("one\n\n  \r\ntwo\r\x1b[2Kthree\n", most=2) == ["two", "three"]


def test_a_flood_is_bounded() -> None:
    lines = clean_lines("y\n" * 1_000_000, most=5)
    assert lines == ["y"] * 5
