"""Offline proofs: what a token's own check digits and built-in data say. Nothing here asks anyone."""

import base64
import binascii
import json
import re
import string
import zlib
from collections.abc import Callable, Mapping

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BASE36 = string.digits + string.ascii_lowercase


def agrees(rule: str, text: str) -> bool | None:
    """Whether the check digits fit. In: a rule's name and the whole token. Out: None where it carries none."""
    return RULES[rule](text)


def base_62(number: int, width: int) -> str:
    """The number in digits 0-9A-Za-z, padded with zeros on the left."""
    return _digits(number, _BASE62, width)


def base_36(number: int, width: int) -> str:
    """The number in digits 0-9a-z, padded with zeros on the left."""
    return _digits(number, _BASE36, width)


def jwt_payload(text: str) -> Mapping[str, object] | None:
    """What a JSON web token says about itself, unproven; None for any other text."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.startswith("eyJ") for part in parts[:2]):
        return None
    return _json_object(parts[1].replace("-", "+").replace("_", "/"))


def built_in_data(text: str) -> Mapping[str, object] | None:
    """What a token carries in readable form: a JSON web token's claims, Mapbox's and Sentry's middle part. None for
    any other text.
    """
    parts = text.split("_") if text.startswith("sntrys_") else text.split(".")
    if len(parts) != 3 or not parts[1].startswith("eyJ"):
        return None
    return _json_object(parts[1].replace("-", "+").replace("_", "/"))


def aws_account(key_id: str) -> str | None:
    """The account number in an AWS access key's id, None for an old id (fifth letter I or J), which has none."""
    if not re.fullmatch(r"A[A-Z0-9]{3}[A-HK-Z2-7][A-Z2-7]{15}", key_id):
        return None
    number = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012d}"


def pypi_location(text: str) -> str | None:
    """The registry that a PyPI token (a macaroon, version 2) names, None where its beginning is none."""
    body = text.removeprefix("pypi-")
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return None
    if raw[:2] != b"\x02\x01" or len(raw) < 4 or len(raw) < 3 + raw[2]:
        return None
    return raw[3 : 3 + raw[2]].decode("ascii", "replace")


def jwt_expiry(text: str) -> float | None:
    """When a JSON web token ends, in seconds since the epoch; None where it does not say."""
    payload = jwt_payload(text) or {}
    ends = payload.get("exp")
    return float(ends) if isinstance(ends, int | float) and not isinstance(ends, bool) else None


def _digits(number: int, alphabet: str, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, len(alphabet))
        digits = alphabet[rest] + digits
    return digits.rjust(width, alphabet[0])


def _crc(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def _github(text: str) -> bool | None:
    """Six base-62 digits: CRC-32 of the thirty characters before them, the prefix left out."""
    body = text.partition("_")[2]
    if len(body) != 36 or not body.isalnum():
        return None
    return base_62(_crc(body[:30]), 6) == body[30:]


def _gitlab_routable(text: str) -> bool | None:
    """Seven base-36 digits: CRC-32 of all that stands before them, the prefix included (GitLab's own source)."""
    if not re.search(r"\.[0-9a-z]{9}\Z", text):
        return None
    return base_36(_crc(text[:-7]), 7) == text[-7:]


def _grafana(text: str) -> bool | None:
    """Eight hex digits: CRC-32 of all before the last `_`, least significant byte first (Grafana's own source)."""
    body, _, digits = text.rpartition("_")
    if not re.fullmatch(r"[0-9a-f]{8}", digits):
        return None
    return _crc(body).to_bytes(4, "little").hex() == digits


def _cloudflare(text: str) -> bool | None:
    """Eight hex digits: CRC-32 of the forty characters before them. Not published, seen on real examples."""
    body = text.partition("_")[2]
    if not re.fullmatch(r"[A-Za-z0-9]{40}[0-9a-f]{8}", body):
        return None
    return f"{_crc(body[:40]):08x}" == body[40:]


def _sentry_org(text: str) -> bool | None:
    """The middle decodes to JSON with an organisation and an address, the end to 32 bytes (sentry-cli's source)."""
    parts = text.split("_")
    if len(parts) != 3:
        return False
    payload = _json_object(parts[1])
    try:
        tail = base64.b64decode(parts[2] + "=" * (-len(parts[2]) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return payload is not None and "org" in payload and "url" in payload and len(tail) == 32


def _pypi_macaroon(text: str) -> bool | None:
    """A macaroon says first which registry it is of (its format version 2, field 1)."""
    location = pypi_location(text)
    return location is not None and location.rpartition(".")[0] in {"pypi", "test.pypi"}


RULES: Mapping[str, Callable[[str], bool | None]] = {
    "github": _github,
    "gitlab-routable": _gitlab_routable,
    "grafana": _grafana,
    "cloudflare": _cloudflare,
    "sentry-org": _sentry_org,
    "pypi-macaroon": _pypi_macaroon,
}
"""The rules that catalogue entries name."""


def _json_object(encoded: str) -> Mapping[str, object] | None:
    try:
        found = json.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
