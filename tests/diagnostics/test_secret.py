"""A secret shows itself to nobody, whichever way it is asked."""

import base64
import copy
import json
import pickle
import traceback
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.secret import MASK, Scrubber, Secret

VALUE = "swordfish-4711"


def test_no_way_of_showing_it_shows_it() -> None:
    secret = Secret(VALUE)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        f"{secret}",
        "%s %r".__mod__((secret, secret)),
    ]
    shown += [repr([secret]), repr({"a": secret}), repr(copy.copy(secret)), repr(copy.deepcopy(secret))]
    assert not [each for each in shown if VALUE in each]


def test_it_is_written_nowhere() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE))
    with pytest.raises(TypeError):
        json.dumps(Secret(VALUE))
    assert not hasattr(Secret(VALUE), "__dict__")


def test_a_traceback_with_locals_does_not_show_it() -> None:
    def broken(secret: Secret) -> None:
        raise RuntimeError(f"could not use {secret}")

    try:
        broken(Secret(VALUE))
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "could not use" in shown
    assert VALUE not in shown


def test_equality_and_fingerprints_compare_without_showing() -> None:
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret(VALUE + "x")
    assert Secret(VALUE).fingerprint() == Secret(VALUE).fingerprint()
    assert Secret(VALUE).fingerprint() != Secret(VALUE + "x").fingerprint()
    assert Secret("\udcff") != Secret("x")
    assert (len(Secret(VALUE)), bool(Secret(""))) == (len(VALUE), False)


@given(st.lists(st.text(min_size=6, max_size=30), min_size=1, max_size=5), st.text(max_size=20))
def test_a_scrubbed_text_holds_none_of_the_secrets(values: list[str], around: str) -> None:
    scrubber = Scrubber(Secret(each) for each in values)
    scrubbed = scrubber.scrub(around.join(values))
    assert not [
        each for each in values if len(each.strip()) >= 6 and each in scrubbed.replace(MASK, "\n" * 31)
    ]


def test_a_secret_stored_with_a_line_break_is_found_without_it() -> None:
    assert VALUE not in Scrubber([Secret(VALUE + "\n")]).scrub(f"401 for {VALUE}, sorry")


def test_short_everyday_values_are_left_alone() -> None:
    assert Scrubber([Secret("true")]).scrub("it is true") == "it is true"


LONG = "Zq8" + "dj2KfP0x" * 3


@pytest.mark.parametrize(
    "printed",
    [
        LONG[:14] + "...",
        "..." + LONG[-13:],
        base64.b64encode(LONG.encode()).decode(),
        f"https://host/?a={quote(LONG + '/+ %', safe='')}",
        json.dumps({"said": LONG + '"\n'}),
    ],
)
def test_a_secret_that_is_cut_or_encoded_is_found_too(printed: str) -> None:
    scrubber = Scrubber([Secret(LONG), Secret(LONG + "/+ %"), Secret(LONG + '"\n')])
    scrubbed = scrubber.scrub(f"401 for {printed}, sorry")
    assert MASK in scrubbed
    assert scrubbed.startswith("401 for ")
    assert scrubbed.endswith("sorry")


def test_every_line_of_a_secret_with_several_is_found_alone() -> None:
    key = "\n".join(("-----BEGIN KEY-----", LONG, LONG[::-1], "-----END KEY-----"))
    scrubbed = Scrubber([Secret(key)]).scrub(f"bad line: {LONG[::-1]}")
    assert scrubbed == f"bad line: {MASK}"
