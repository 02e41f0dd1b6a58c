"""The second look: finds every secret in every spelling, and what only looks like one; and lets a clean bundle pass."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from diagnostics.secret import Secret
from diagnostics.support.sweep import sweep
from tests.support import tokens

SECRET = 'p4ss "wörd" /+ that is l0ng enough'
SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "backwards": lambda secret: secret[::-1],
    "JSON": lambda secret: json.dumps(secret),
    "address": lambda secret: quote(secret, safe=""),
    "form": lambda secret: quote_plus(secret),
    "hex": lambda secret: secret.encode().hex(),
    "HEX": lambda secret: secret.encode().hex().upper(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 one later": lambda secret: base64.b64encode(b"u" + secret.encode()).decode(),
    "base64 two later": lambda secret: base64.b64encode(b"u:" + secret.encode()).decode(),
    "base64url": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_known_secret_is_found_in_every_spelling(how: str) -> None:
    text = f"first line\nbefore {SPELLINGS[how](SECRET)} after\n"
    hits = sweep({"clean": "nothing\n", "report.json": text}, [Secret(SECRET)])
    assert {(each.part, each.line) for each in hits} == {("report.json", 2)}
    assert all(SECRET[:6] not in each.what for each in hits)


def test_a_part_of_a_long_secret_is_found_but_not_its_public_prefix() -> None:
    token = "prefix_" + "q7w8e9r0t1z2u3i4o5p6a7s8"
    assert sweep({"a": f"it ends in …{token[-16:]}"}, [Secret(token)])
    assert not sweep({"a": "it begins with prefix_•••"}, [Secret(token)])


def test_of_an_address_only_the_password_is_secret() -> None:
    url = Secret("postgres://app:hunter22x@db.example.org:5432/shop")
    assert sweep({"a": "hunter22x"}, [url])
    assert not sweep({"a": "postgres://app:•••@db.example.org:5432/shop"}, [url])


@pytest.mark.parametrize(
    "said",
    [
        tokens.github("x"),
        tokens.gitlab("x"),
        tokens.slack_bot("x"),
        "https://u:hunter2@h/",
        "Authorization: Bearer abcdef1234567890abcdef",
        "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.x",
        "aB3dE6gH9jK2mN5pQ8sT1vW4",
    ],
)
def test_what_only_looks_like_a_credential_is_found_as_well(said: str) -> None:
    assert [each.part for each in sweep({"a": f"x\n{said}\n", "b": "x"}, [])][:1] == ["a"]


@pytest.mark.parametrize("value", ["", "true", "80", "keychain", "token"])
def test_values_that_stand_in_every_text_stop_nothing(value: str) -> None:
    assert not sweep({"a": "true: the keychain has 80 entries, one is a token"}, [Secret(value)])


def test_what_was_masked_passes() -> None:
    text = 'ghp_••• and postgres://u:•••@h/d and "id-1", Bearer ${SECRET:entry-1}, 2026-11-24T02:49:30Z\n'
    assert sweep({"a": text}, []) == []
