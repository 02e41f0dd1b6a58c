"""The value in what Vault gave for a path: version 1 gives the fields, version 2 has them one level below."""

from collections.abc import Mapping
from typing import Any

from diagnostics.managers import Answer, Found, Trouble
from diagnostics.managers.fields import names_of, text_of
from diagnostics.text import clean


def value_in(
    data: Mapping[str, Any], key: str, evidence: tuple[str, ...], warnings: tuple[Trouble, ...]
) -> Answer:
    """The one field that is meant. In: `key`, the field's name, "" where the reference names none."""
    fields = _fields(data)
    first = next(iter(fields), "")
    facts: dict[str, object] = {"fields": names_of(fields), "count": len(fields), "example": clean(first, 60)}
    if not fields:
        return Trouble("no-fields", "credential_empty", facts=facts)
    if not key and len(fields) > 1:
        return Trouble("several-fields", "reference_malformed", facts=facts)
    found = text_of(fields, key or first)
    if isinstance(found, Trouble):
        return found
    return Found(found, evidence, {**facts, "key": clean(key or first, 60)}, warnings)


def _fields(data: Mapping[str, Any]) -> Mapping[str, Any]:
    inner, metadata = data.get("data"), data.get("metadata")
    if isinstance(metadata, dict) and "version" in metadata and (inner is None or isinstance(inner, dict)):
        return inner or {}
    return data
