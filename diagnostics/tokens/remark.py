"""One thing that is known of a new token, and the sentences for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from diagnostics.model import Status


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is known, in words that are safe to show."""

    status: Status
    words: str


def words_of(part: str) -> Mapping[str, str]:
    """The sentences of one part of the wording."""
    return _words()[part]


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    from diagnostics.catalog import read

    return read("new_token.toml")
