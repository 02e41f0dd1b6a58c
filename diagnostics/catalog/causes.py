"""The causes: the one vocabulary that findings, explanations and remedies share."""

from collections.abc import Mapping
from functools import cache

from diagnostics.catalog import read


@cache
def causes() -> Mapping[str, str]:
    """Every cause with what it means, in the catalogue's order."""
    rows: dict[str, str] = read("causes.toml")["causes"]
    return rows
