"""A second look at a finished bundle, which trusts nothing that the first one did: is a secret in it after all?

It knows the secrets themselves and looks for each as it stands and in the spellings that programs give it; and it looks
for what has the shape of a credential, with patterns of its own.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, urlsplit

from diagnostics.secret import Secret
from diagnostics.support.vocabulary import is_everyday

_SHORTEST = 6
"""Characters. What is shorter ("true", "80") stands in every text."""
_WINDOW = 16
"""Characters of a part of a long secret that is taken for the secret."""
_SHAPES = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|AGE-SECRET-KEY-1[0-9A-Z]{10}"),
    "a signed token": re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}"),
    "a password in an address": re.compile(r"://[^\s/:@]*:[^\s/@•]{3,}@"),
    "a token with a provider's mark": re.compile(
        r"(?<![A-Za-z0-9])(?:gh[oprsu]_|github_pat_|gl[a-z]{2,5}-|xox[a-z]-|sk-|sk_live_|rk_live_|hf_|npm_|pypi-|AKIA|ASIA|AIza|ya29\.|"
        r"hvs\.|glsa_|dop_v1_|ntn_|lin_api_|SG\.)(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[\w.-]{16,}"
    ),
    "a header that logs in": re.compile(r"(?i)\b(?:bearer|basic)\s+(?=[\w.~+/=-]*\d)[\w.~+/=-]{16,}"),
}
_RUN = re.compile(r"[A-Za-z0-9]{24,}")


@dataclass(frozen=True, slots=True)
class Hit:
    """Where something was found that must not be there. Names no part of it."""

    part: str
    line: int
    what: str


def sweep(files: Mapping[str, str], secrets: Iterable[Secret]) -> list[Hit]:
    """What is wrong with a bundle; an empty list = nothing was found. In: its files, every secret known in this run."""
    spelled: dict[str, str] = {}
    windows: set[str] = set()
    for secret in secrets:
        value = secret.reveal()
        for part in _parts(value):
            spelled |= {text: how for how, text in _spellings(part) if len(text) >= _SHORTEST}
            windows |= set(_windows(part))
    heads: dict[str, list[str]] = {}
    for needle in spelled:
        heads.setdefault(needle[:_SHORTEST], []).append(needle)
    hits: list[Hit] = []
    for name, text in files.items():
        found = dict.fromkeys((_line(text, at), how) for at, how in _found(text, spelled, heads, windows))
        hits += [Hit(name, line, how) for line, how in found]
    return hits


def can_be_masked(secret: Secret) -> bool:
    """Whether it is long and odd enough to be masked in prose: some program's entry may hold "keyring", or "yes"."""
    return len(secret) >= 8 and not is_everyday(secret.reveal().strip())


def _found(
    text: str, spelled: Mapping[str, str], heads: Mapping[str, Sequence[str]], windows: set[str]
) -> Iterator[tuple[int, str]]:
    for at in range(len(text) - _SHORTEST + 1):
        for needle in heads.get(text[at : at + _SHORTEST], ()):
            if text.startswith(needle, at):
                yield at, spelled[needle]
        if text[at : at + _WINDOW] in windows:
            yield at, "a part of a credential"
    for what, pattern in _SHAPES.items():
        found = pattern.search(text)
        if found:
            yield found.start(), what
    for run in _RUN.finditer(text):
        kinds = (str.islower, str.isupper, str.isdigit)
        mixed = sum(one != other for one, other in zip(_kinds(run[0]), _kinds(run[0])[1:], strict=False))
        if all(any(map(is_kind, run[0])) for is_kind in kinds) and mixed >= 6:
            yield run.start(), "what is random as only a credential is"
            break


def _kinds(run: str) -> str:
    return "".join("d" if each.isdigit() else "u" if each.isupper() else "l" for each in run)


def _parts(value: str) -> Iterator[str]:
    """The secret itself, or the secret part of an address; each long line of one that has several."""
    bare = value.strip()
    if "://" in bare:
        try:
            password = urlsplit(bare).password
        except ValueError:
            password = None
        if password and len(password) >= _SHORTEST:
            yield password
            return
    if len(bare) >= _SHORTEST and not is_everyday(bare):
        yield bare
    if "\n" in bare:
        yield from (
            line.strip()
            for line in bare.splitlines()
            if len(line.strip()) >= 20 and not line.startswith("-----")
        )


def _spellings(value: str) -> Iterator[tuple[str, str]]:
    raw = value.encode("utf-8", "surrogatepass")
    yield "a credential as it is", value
    yield "a credential backwards", value[::-1]
    yield "a credential as in JSON", json.dumps(value)[1:-1]
    yield "a credential as in an address", quote(raw, safe="")
    yield "a credential as in a form", quote_plus(raw, safe="")
    yield "a credential in hexadecimal", raw.hex()
    yield "a credential in hexadecimal", raw.hex().upper()
    if len(raw) < 8:
        return
    for lead in range(3):  # at each place within the groups of three that base64 is made of
        whole = base64.b64encode(bytes(lead) + raw).decode()
        part = whole[4 if lead else 0 : len(whole) // 4 * 4 - 4]
        yield "a credential in base64", part
        yield "a credential in base64", part.translate(str.maketrans("+/", "-_"))


_PREFIX = re.compile(r"[A-Za-z]{1,12}[_-](?:[A-Za-z0-9]{1,6}[_-]){0,3}")


def _windows(value: str) -> Iterator[str]:
    """Parts of a long random secret, without its public prefix."""
    if len(value) < _WINDOW + 4 or "://" in value or re.search(r"\s", value):
        return
    found = _PREFIX.match(value)
    body = value[found.end() :] if found else value
    for at in range(len(body) - _WINDOW + 1):
        part = body[at : at + _WINDOW]
        if re.search(r"\d", part) or not part.isalpha():
            yield part


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
