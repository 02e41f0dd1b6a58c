"""What a server needs from its environment, and how that is known. No I/O."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from diagnostics.catalog import read
from diagnostics.tokens.secret_name import names_secret

NAME = re.compile(r"(?<![\w$-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])")
"""A variable's name as programs spell it, told from everyday words by the underscore in it."""


class Source(StrEnum):
    """Who says so, the most trusted first."""

    CATALOGUE = "catalogue"
    WORDS = "words"
    MANIFEST = "manifest"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that the server can't do its job without."""

    choices: tuple[tuple[str, ...], ...]
    """Any one of these sets of variables meets it."""
    source: Source
    evidence: str
    """The place or the words that say so; text from outside."""
    options: frozenset[str] = frozenset()
    """Arguments that meet it as well."""

    @property
    def names(self) -> frozenset[str]:
        """Every variable that has a part in it."""
        return frozenset(name for choice in self.choices for name in choice)

    @property
    def established(self) -> bool:
        """Whether it is known, and not just read out of the server's code."""
        return self.source is not Source.CODE

    def __str__(self) -> str:
        return " or ".join(" with ".join(choice) for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What one source, or all of them together, know of a server."""

    needs: tuple[Need, ...] = ()
    reads: Mapping[str, str] = field(default_factory=dict)
    """Every variable that it is known to read, with the evidence."""
    whole: bool = False
    """Whether all of its code was read, so that a variable which is not among `reads` is probably not read."""


def merged(needs: Iterable[Need]) -> tuple[Need, ...]:
    """The needs without those that another one covers.

    What several sources say of one variable is one need: the most trusted source's, with the ways to meet it that
    any of them knows, since a way that one does not mention may still be one.
    """
    found: list[Need] = []
    for need in sorted(needs, key=lambda each: list(Source).index(each.source)):
        for at, known in enumerate(found):
            if known.names & need.names:
                found[at] = _wider(known, need)
                break
        else:
            found.append(need)
    return tuple(found)


def _wider(known: Need, other: Need) -> Need:
    if known.source is Source.CATALOGUE and other.source is not Source.CATALOGUE:
        return known
    if known.choices == other.choices:
        return Need(known.choices, known.source, known.evidence, known.options | other.options)
    choices = list(known.choices)
    choices += [each for each in other.choices if not any(set(each) <= set(have) for have in choices)]
    choices = [each for each in choices if not any(set(have) > set(each) for have in choices)]
    return Need(tuple(choices), known.source, known.evidence, known.options | other.options)


def is_of_the_system(name: str) -> bool:
    """Whether every program reads such a variable, so that it says nothing of this server."""
    return bool(_general().fullmatch(name))


def is_harmless(name: str) -> bool:
    """Whether a variable of this name is the system's own and holds no credential: HOME, PATH, LOG_LEVEL."""
    upper = name.upper()
    return (
        is_of_the_system(upper)
        and not names_secret(name)
        and not upper.endswith(("PROXY", "_DSN"))  # their addresses may hold a password
    )


@cache
def _general() -> re.Pattern[str]:
    row: Mapping[str, Any] = read("general_variables.toml")
    patterns = [re.escape(each).replace(r"\*", "[A-Z0-9_]*") for each in row["names"]]
    return re.compile("|".join(patterns))
