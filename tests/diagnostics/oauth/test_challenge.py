"""What a WWW-Authenticate header asks for, in every form that servers send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.oauth.challenge import Challenge, bearer, challenges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer", [("bearer", {})]),
        ('Bearer realm="x"', [("bearer", {"realm": "x"})]),
        (
            'Bearer resource_metadata="https://a.example/.well-known/x", scope="a b", error="invalid_token"',
            [
                (
                    "bearer",
                    {
                        "resource_metadata": "https://a.example/.well-known/x",
                        "scope": "a b",
                        "error": "invalid_token",
                    },
                )
            ],
        ),
        (
            'Bearer realm="a, b=c \\"quoted\\"", scope=s',
            [("bearer", {"realm": 'a, b=c "quoted"', "scope": "s"})],
        ),
        ('Basic realm="x", Bearer scope="y"', [("basic", {"realm": "x"}), ("bearer", {"scope": "y"})]),
        ("Negotiate abc123==, Bearer", [("negotiate", {}), ("bearer", {})]),
        ('bearer SCOPE = "x" , Realm= y', [("bearer", {"scope": "x", "realm": "y"})]),
        ('Bearer error="never ends', [("bearer", {"error": "never ends"})]),
        ('Bearer scope="1", scope="2"', [("bearer", {"scope": "1"})]),
        (", ,Bearer , ,Digest qop=auth", [("bearer", {}), ("digest", {"qop": "auth"})]),
        ("", []),
        ("=== , (", []),
    ],
)
def test_challenges(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert challenges(header) == tuple(Challenge(scheme, params) for scheme, params in expected)


def test_the_bearer_challenge_that_says_most_is_taken() -> None:
    found = bearer('Bearer, Bearer resource_metadata="https://x.example/m"')
    assert found is not None
    assert found.params["resource_metadata"] == "https://x.example/m"
    assert bearer("Basic realm=x") is None


@given(st.text(alphabet='Bearer ",=\\\\scope\r\n\x00é', max_size=300))
def test_any_header_is_read_without_an_error(header: str) -> None:
    assert len(challenges(header)) <= 16


def test_a_huge_header_is_read_quickly() -> None:
    assert len(challenges("Bearer a=" * 100_000)) <= 16
    assert challenges('Bearer a="' + "\\" * 1_000_000)
