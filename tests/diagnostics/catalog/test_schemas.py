"""Every file of the catalogue has a schema and follows it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import diagnostics.catalog
from diagnostics.catalog import read

CATALOGUE = Path(diagnostics.catalog.__file__).parent
ONE_OF_MANY = {"clients": "client", "providers": "provider", "servers": "server", "signatures": "signature"}
FILES = sorted(path.relative_to(CATALOGUE) for path in CATALOGUE.rglob("*.toml"))


def schema_of(path: Path) -> dict[str, Any]:
    folder = path.parent.name
    kind = ONE_OF_MANY.get(folder, folder) if folder else path.stem
    made: dict[str, Any] = json.loads((CATALOGUE / f"schema/{kind}.schema.json").read_text(encoding="utf-8"))
    return made


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_follows_its_schema(path: Path) -> None:
    jsonschema.validate(read(path.as_posix()), schema_of(path))


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("schema/*.json")), ids=lambda path: path.name)
def test_a_schema_is_one_and_is_used(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert any(schema_of(each) == schema for each in FILES)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


@pytest.mark.parametrize("path", [each for each in FILES if each.parent.name == "wording"], ids=str)
def test_wording_is_plain_text(path: Path) -> None:
    assert not [each for each in texts(read(path.as_posix())) if "\x1b" in each or "  " in each.lstrip("| ")]
