"""The kinds of database that are reached by a connection URL, from the catalogue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

_SCHEME = re.compile(r"\s*[\"']?((?:jdbc:)?[a-z][a-z0-9._+-]*):/{1,2}", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """One kind of database."""

    id: str
    """`postgres_url`, `mysql_url`, ...: what `--provider-url` takes."""
    name: str
    schemes: tuple[str, ...]
    port: int
    env: tuple[str, ...]
    options: tuple[str, ...]
    mistaken_schemes: tuple[str, ...] = ()
    tls_options: tuple[str, ...] = ()
    tls_off: tuple[str, ...] = ()
    tls_unverified: tuple[str, ...] = ()
    unverified_options: tuple[str, ...] = ()
    tls_hosts: tuple[str, ...] = ()
    tls_ports: tuple[int, ...] = ()
    password_options: tuple[str, ...] = ()
    password_env: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by their id."""
    from diagnostics.catalog import read

    return {name: _kind(name, row) for name, row in read("connections.toml").items()}


def _kind(name: str, row: Mapping[str, object]) -> Kind:
    plain = {key: tuple(each) if isinstance(each, list) else each for key, each in row.items()}
    values = row.get("values")
    plain["values"] = (
        {key: tuple(each) for key, each in values.items()} if isinstance(values, Mapping) else {}
    )
    return Kind(id=name, **plain)  # type: ignore[arg-type]


def kind_of_scheme(scheme: str) -> tuple[Kind, bool] | None:
    """The kind that a scheme means, and whether a driver knows it. A driver's name after a plus is left aside."""
    bare = scheme.lower()
    for each in kinds().values():
        if bare in each.schemes:
            return each, True
    for each in kinds().values():
        if bare in each.mistaken_schemes:
            return each, False
    base, plus, _ = bare.partition("+")
    return kind_of_scheme(base) if plus else None


def scheme_of(text: str) -> str:
    """The scheme that a text begins with, "" where it begins with none."""
    found = _SCHEME.match(text)
    return found[1] if found else ""


def kind_named(name: str) -> Kind | None:
    """The kind that a variable or option of this name holds an address of (`DATABASE_URL`, `--mongodb-uri`)."""
    bare = name.lstrip("-").upper().replace("-", "_").replace(".", "_")
    return next((each for each in kinds().values() if bare in each.env), None)
