"""The words and addresses that the doctor itself uses: they tell nothing about a host, so redaction leaves them."""

import re
from collections.abc import Iterator
from functools import cache

_WORD = re.compile(r"[A-Za-z][A-Za-z]+")
_ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+\.[A-Za-z]{2,})")
_WITH_WORDS = ("wording", "why", "clients", "providers")
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - told apart, not bound to


@cache
def words() -> frozenset[str]:
    """Every word of letters alone that the doctor's own texts use, in small letters."""
    return frozenset(each.lower() for text in _texts() for each in _WORD.findall(text))


@cache
def public_hosts() -> frozenset[str]:
    """The hosts of the addresses that the doctor's own texts and catalogues name, and those of this computer itself."""
    found = {each.lower() for text in _texts() for each in _ADDRESS.findall(text)}
    return frozenset(found | set(_LOOPBACK))


@cache
def ids() -> frozenset[str]:
    """The names that the doctor itself gives: of clients, providers, causes, remedies."""
    from diagnostics.catalog import names
    from diagnostics.catalog.causes import causes

    return frozenset((*names("clients"), *names("providers"), *names("why"), *causes()))


def is_everyday(name: str) -> bool:
    """Whether a name is too short to be found again, or a word that stands in the doctor's own texts anyway."""
    return len(name) < 3 or (name.isalpha() and name.lower() in words()) or name in ids()


def _texts() -> Iterator[str]:
    from diagnostics.catalog import names, text_of

    for folder in _WITH_WORDS:
        for name in names(folder):
            yield text_of(f"{folder}/{name}.toml")
