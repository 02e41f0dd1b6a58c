"""The WWW-Authenticate header: what a server asks for (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_LONGEST = 8192
_MOST = 16
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_EQUALS = re.compile(r"[ \t]*=[ \t]*(?![=,]|$)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"?', re.DOTALL)
_TOKEN_68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))")
_BETWEEN = re.compile(r"[ \t,]*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way of proving oneself that a server takes."""

    scheme: str
    """In lower case: `bearer`, `basic`."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; of one that is given twice, the first counts."""


def challenges(header: str) -> tuple[Challenge, ...]:
    """Every challenge of a header's value; several headers may be joined by commas. Never raises.

    What can't be read is passed over, so that one broken challenge doesn't hide another.
    """
    text = re.sub(r"[\r\n]+", " ", header[:_LONGEST])
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while at < len(text) and len(found) <= _MOST:
        at = _end(_BETWEEN, text, at)
        word = _TOKEN.match(text, at)
        if word is None:
            at += 1
            continue
        equals = _EQUALS.match(text, word.end())
        if equals and found:
            value, at = _value(text, equals.end())
            found[-1][1].setdefault(word[0].lower(), value)
            continue
        found.append((word[0].lower(), {}))
        blank = re.compile(r"[ \t]+").match(text, word.end())
        at = blank.end() if blank else word.end()
        alone = _TOKEN_68.match(text, at) if blank else None
        if alone:
            at = alone.end()
    return tuple(Challenge(scheme, params) for scheme, params in found[:_MOST])


def bearer(header: str) -> Challenge | None:
    """The challenge that asks for a bearer token; the one that says most, where there are several."""
    found = [each for each in challenges(header) if each.scheme == "bearer"]
    return max(found, key=lambda each: len(each.params), default=None)


def _value(text: str, at: int) -> tuple[str, int]:
    quoted = _QUOTED.match(text, at)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), quoted.end()
    bare = re.compile(r"[^ \t,]*").match(text, at)
    assert bare is not None  # noqa: S101 - the pattern matches the empty text
    return bare[0], bare.end()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
