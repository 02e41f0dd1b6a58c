"""Failure signatures: how each cause shows itself in error texts and logs, and what to do about it.

One file `signatures/<cause>.toml` a cause, held against `schema/signature.schema.json` by a test. Patterns are
searched line by line, whatever the case, in text without escape sequences. Commands of `fix` start
with `$ `, lines of a config with `| `, and `{install:part}` is the command of this system (`packages.toml`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from diagnostics.catalog import names, read


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way a cause shows."""

    regex: re.Pattern[str]
    """Matches the line that says so."""
    confidence: float
    """0 to 1: how surely this line means this cause, when nothing says more."""
    beside: re.Pattern[str] | None = None
    """Must match some line of the text as well; for lines that mean little alone."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One cause as texts show it."""

    cause: str
    title: str
    why: str
    fix: tuple[str, ...]
    fix_on: Mapping[str, tuple[str, ...]]
    """By system, where it differs."""
    patterns: tuple[Pattern, ...]
    but: tuple[re.Pattern[str], ...]
    """A line that matches one of these never counts."""
    examples: tuple[str, ...]
    """Texts whose first match must be this cause (tests)."""


@cache
def signatures() -> tuple[Signature, ...]:
    """All signatures."""
    return tuple(_signature(each, read(f"signatures/{each}.toml")) for each in names("signatures"))


@dataclass(frozen=True, slots=True)
class Harmless:
    """Lines that speak of failures and are none."""

    lines: tuple[re.Pattern[str], ...]
    recovered: tuple[re.Pattern[str], ...]
    """After such a line an earlier failure is over."""
    begins: tuple[re.Pattern[str], ...]
    """With such a line a client begins a new attempt to start a server."""
    servers: tuple[re.Pattern[str], ...]
    """Lines of clients' logs that name a server, in the group `server`."""


@cache
def harmless() -> Harmless:
    """What `harmless.toml` lists."""
    row = read("harmless.toml")
    return Harmless(
        *(tuple(map(_compiled, row[each])) for each in ("lines", "recovered", "begins", "servers"))
    )


def _signature(cause: str, row: Mapping[str, Any]) -> Signature:
    return Signature(
        cause=cause,
        title=row["title"],
        why=row["why"],
        fix=tuple(row["fix"]),
        fix_on={system: tuple(lines) for system, lines in row.get("fix_on", {}).items()},
        patterns=tuple(_pattern(each) for each in row["pattern"]),
        but=tuple(_compiled(each) for each in row.get("but", ())),
        examples=tuple(row.get("examples", ())),
    )


def _pattern(row: Mapping[str, Any]) -> Pattern:
    beside = row.get("beside")
    return Pattern(_compiled(row["regex"]), row["confidence"], None if beside is None else _compiled(beside))


def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.IGNORECASE | re.MULTILINE)
