"""Which scopes the known servers need, and which scopes include others. One file `scopes/<family>.toml` a provider.

Sources: the providers' documentation of scopes, and the servers' own guides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from diagnostics.catalog import names, read


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a server can do only with a scope."""

    any: tuple[str, ...]
    """The scopes that allow it; one of them is enough."""
    opens: str
    """What it opens, in words."""
    essential: bool = False
    """Whether the server is of no use without it."""
    unless: tuple[str, ...] = ()
    """Variables that switch this use off."""


@dataclass(frozen=True, slots=True)
class _Family:
    implies: Mapping[str, tuple[str, ...]]
    needs: Mapping[str, tuple[Need, ...]]
    """By the server's id."""


@cache
def _family(family: str) -> _Family | None:
    if family not in names("scopes"):
        return None
    table = read(f"scopes/{family}.toml")
    needs: dict[str, tuple[Need, ...]] = {}
    for row in table["needs"]:
        need = Need(
            tuple(row["any"]), row["opens"], row.get("essential", False), tuple(row.get("unless", ()))
        )
        for server_id in row["servers"]:
            needs[server_id] = (*needs.get(server_id, ()), need)
    implies = {scope: tuple(others) for scope, others in table.get("implies", {}).items()}
    return _Family(implies, needs)


def needs_of(server_id: str, family: str) -> tuple[Need, ...]:
    """What a known server needs of this provider's scopes, () where nothing is known."""
    known = _family(family)
    return known.needs.get(server_id, ()) if known else ()


def with_implied(scopes: Iterable[str], family: str) -> frozenset[str]:
    """The scopes with all that they include."""
    known = _family(family)
    found = set(scopes)
    waiting = list(found)
    while waiting and known:
        more = set(known.implies.get(waiting.pop(), ())) - found
        found |= more
        waiting += more
    return frozenset(found)
