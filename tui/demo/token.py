"""Made-up tokens with the right shape, built while the demo runs, so that no token-like text stands in a file."""

import hashlib
import string
import zlib
from collections.abc import Callable, Mapping

_BASE_62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def made_up(shape: str, body: str) -> str:
    """A token that no provider ever issued.

    In: a key of `SHAPES`; `body`, the word that tells one made-up token of a shape from another.
    Out: always the same token for the same input. A body that fills the shape stands in it as it is.
    """
    return SHAPES[shape](body)


def _filled(body: str, length: int, alphabet: str = _BASE_62) -> str:
    """The body itself where it has the length, else characters that follow from it."""
    if len(body) == length:
        return body
    digest = b"".join(
        hashlib.sha256(f"{body}/{block}".encode()).digest() for block in range(length // 32 + 1)
    )
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:length])


def _checksum(body: str) -> str:
    """GitHub's: CRC-32 of the body in base 62, six digits."""
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        digits = _BASE_62[rest] + digits
    return digits.rjust(6, "0")


def _github(body: str) -> str:
    random = _filled(body, 30)
    return "_".join(("ghp", random + _checksum(random)))


def _gitlab(body: str) -> str:
    return "-".join(("glpat", _filled(body, 20)))


def _notion(body: str) -> str:
    return "_".join(("ntn", _filled(body, 11, string.digits) + _filled(body, 35)))


def _slack(body: str) -> str:
    numbers = (_filled(body + part, 12, string.digits) for part in "ab")
    return "-".join(("xoxb", *numbers, _filled(body, 24)))


def _openai(body: str) -> str:
    return "".join(("sk", "-", _filled(body, 20), "T3Blbk", "FJ", _filled(body + "b", 20)))


def _brave(body: str) -> str:
    return "".join(("BS", "A", _filled(body, 28)))


SHAPES: Mapping[str, Callable[[str], str]] = {
    "brave": _brave,
    "github": _github,
    "gitlab": _gitlab,
    "notion": _notion,
    "openai": _openai,
    "slack": _slack,
    "word": str,
}
"""Shape -> how to make a token of it. `word` is the body alone: a server of no known provider takes it."""
