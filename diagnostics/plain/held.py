"""Which credentials a text holds, told by the provider catalogue's shapes and by the variables' names."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from diagnostics.catalog.providers import Provider, catalogue, provider
from diagnostics.model import Syntax
from diagnostics.plain.assignment import assignments
from diagnostics.secret import MASK, Secret
from diagnostics.tokens.plain_text import is_placeholder, named_value
from diagnostics.tokens.token_format import identify

_CANDIDATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-.+/=:~]{15,1000}")
_LARGEST = 4_000_000
"""Characters of a file that are looked through."""

_MOST = 200
"""Tokens of one file that are counted."""


@dataclass(frozen=True, slots=True)
class Held:
    """One credential in plain text."""

    line: int
    name: str
    """The variable that it is the value of, "" where none is."""
    value: Secret = field(repr=False)
    provider: str = ""
    """Whose it is, "" where only the variable's name tells that it is one."""
    prefix: str = ""

    @property
    def shown(self) -> str:
        """The credential as people may see it: whose it is, and its public prefix."""
        what = f"{self.provider}, {self.prefix}{MASK}" if self.provider else MASK
        return (
            f"{self.name}={self.prefix}{MASK}" + (f" ({self.provider})" if self.provider else "")
            if self.name
            else what
        )


def held_by_assignments(text: str, names: Collection[str] | None = None) -> list[Held]:
    """The credentials that a `.env` file or a profile sets. In: `names` limits it to these variables."""
    found = []
    for each in assignments(text[:_LARGEST]):
        if each.is_computed or (names is not None and each.name not in names):
            continue
        said = named_value(each.name, each.value.reveal())
        if said is not None and said.syntax is Syntax.LITERAL:
            found.append(_held(each.line, each.name, said.credential))
    return found


def tokens_in(text: str, known: Iterable[Secret] = ()) -> list[Held]:
    """The tokens of known providers anywhere in a text, without those already known."""
    left_out = {each.reveal() for each in known}
    return list(_tokens(text[:_LARGEST], left_out))


def held_at(field: str, value: Secret, line: int = 0) -> Held:
    """A credential that stands in an entry. In: its field (`env.NAME`, `args[2]`)."""
    place, _, name = field.partition(".")
    return _held(line, name if place == "env" else "", value.reveal())


def _tokens(text: str, left_out: set[str]) -> Iterator[Held]:
    seen = set(left_out)
    book = catalogue()
    for match in _CANDIDATE.finditer(text):
        word = match[0].rstrip(".:/=") if match[0] not in left_out else match[0]
        entry = next((each for each in book.by_prefix(word) if each.format.fits(word)), None)
        if entry is None or word in seen or is_placeholder(word):
            continue
        seen.add(word)
        if len(seen) > _MOST + len(left_out):
            return
        yield Held(text.count("\n", 0, match.start()) + 1, "", Secret(word), entry.name, _prefix(entry, word))


def _held(line: int, name: str, value: str) -> Held:
    provider_id = identify(value, name or None)
    entry = provider(provider_id) if provider_id else None
    return Held(
        line, name, Secret(value), entry.name if entry else "", _prefix(entry, value) if entry else ""
    )


def _prefix(entry: Provider, value: str) -> str:
    return next((each for each in entry.format.prefixes if value.startswith(each)), "")
