"""What grows, as data: clients, providers, failure signatures, causes and the checks' wording (TOML).

Each kind has a JSON Schema in `schema/`, a typed loader beside this file and a test that holds every entry
against both. A new client, provider or signature is one file in its folder; the file's name is its id.
"""

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any


def read(path: str) -> dict[str, Any]:
    """One catalogue file, parsed. In: its path below the catalogue (`clients/cursor.toml`)."""
    return tomllib.loads(text_of(path))


def text_of(path: str) -> str:
    """One catalogue file as it stands. In: its path below the catalogue."""
    return _root().joinpath(path).read_text(encoding="utf-8")


def names(folder: str) -> list[str]:
    """The ids in a folder of the catalogue, sorted."""
    found = _root().joinpath(folder).iterdir()
    return sorted(each.name.removesuffix(".toml") for each in found if each.name.endswith(".toml"))


@cache
def _root() -> Traversable:
    return files("diagnostics.catalog")
