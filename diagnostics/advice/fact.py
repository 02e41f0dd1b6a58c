"""One thing that decides between ways of keeping credentials, and the looking for all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.context import Context
from diagnostics.text import clean

_SECONDS = 5.0
"""Limit for one fact: files and the store's own deadlines are well below it."""


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


def facts_of(context: Context, said: Said) -> Facts:
    """Everything the rules ask about. Never raises: a look that breaks or hangs is a fact without a value."""
    from diagnostics.advice import cloud_facts, config_facts, host_facts, store_facts

    found: dict[str, Fact] = {}
    for module in (host_facts, store_facts, config_facts, cloud_facts):
        looks: Mapping[str, Look] = module.LOOKS
        for name, look in looks.items():
            found[name] = _looked(name, look, context)
    found["team"] = Fact("team", frozenset({said.team}) if said.team else None)
    found["sso"] = Fact("sso", None if said.sso is None else frozenset({"yes" if said.sso else "no"}))
    return found


def _looked(name: str, look: Look, context: Context) -> Fact:
    from diagnostics.deadline import DeadlineError, on_disk

    try:
        return on_disk(lambda: look(context), _SECONDS)
    except DeadlineError:
        return unknown(name, "a disk or a service does not answer")
    except Exception as error:  # one broken look must not take the others' answers away
        return unknown(name, f"looking for it broke off ({type(error).__name__})")
