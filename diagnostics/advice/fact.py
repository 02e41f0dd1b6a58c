"""One thing that decides between ways of keeping credentials."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.context import Context
from diagnostics.text import clean


@dataclass(frozen=True, slots=True)
class Fact:
    """What was found out about one question of `catalog/advice_facts.toml`."""

    name: str
    values: frozenset[str] | None
    """All that hold, of those that the catalogue names; None = it could not be found out, or nobody said."""
    seen: tuple[str, ...] = ()
    """What shows it: paths, names of variables, never their values."""
    why: str = ""
    """Why it could not be found out; "" where it could."""


Facts = Mapping[str, Fact]
Look = Callable[[Context], Fact]


@dataclass(frozen=True, slots=True)
class Said:
    """What only a person knows."""

    team: str | None = None
    """`single` or `shared`: how many people use these credentials; None = not said."""
    sso: bool | None = None
    """Whether everybody must log in with the company's account; None = not said."""


def known(name: str, *values: str, seen: Sequence[str] = ()) -> Fact:
    """A fact that was found out. In: at least one value; texts that come from this host are cleaned here."""
    return Fact(name, frozenset(values), tuple(clean(each, 200) for each in seen))


def unknown(name: str, why: str, seen: Sequence[str] = ()) -> Fact:
    """A fact that was looked for and not found out, and why."""
    return Fact(name, None, tuple(clean(each, 200) for each in seen), clean(why, 300))
