"""The value in what Vault gave for a path: version 1 gives the fields, version 2 has them one level below."""

from collections.abc import Mapping
from typing import Any

from diagnostics.managers import Answer, Found, Trouble
from diagnostics.secret import Secret
from diagnostics.text import clean

_MOST_NAMES = 12


def value_in(
    data: Mapping[str, Any], key: str, evidence: tuple[str, ...], warnings: tuple[Trouble, ...]
) -> Answer:
    """The one field that is meant. In: `key`, the field's name, "" where the reference names none.

    Only text counts, and whole numbers as they are written: anything else could be written in several ways.
    """
    fields = _fields(data)
    names = ", ".join(clean(str(each), 60) for each in list(fields)[:_MOST_NAMES])
    facts: dict[str, object] = {"fields": names, "count": len(fields), "key": key}
    if not fields:
        return Trouble("no-fields", "credential_empty", facts=facts)
    if not key:
        if len(fields) > 1:
            facts["example"] = clean(str(next(iter(fields))), 60)
            return Trouble("several-fields", "reference_malformed", facts=facts)
        key = next(iter(fields))
        facts["key"] = clean(key, 60)
    if key not in fields:
        return Trouble("no-field", "credential_not_found", facts=facts)
    value = fields[key]
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        facts["kind"] = (
            "empty"
            if value is None
            else {"dict": "a group of fields", "list": "a list"}.get(
                type(value).__name__, "yes or no" if isinstance(value, bool) else "a number with a fraction"
            )
        )
        return Trouble("not-text", "credential_corrupted", facts=facts)
    if not value:
        return Trouble("empty", "credential_empty", facts=facts)
    return Found(Secret(value), evidence, facts, warnings)


def _fields(data: Mapping[str, Any]) -> Mapping[str, Any]:
    inner, metadata = data.get("data"), data.get("metadata")
    if isinstance(metadata, dict) and "version" in metadata and (inner is None or isinstance(inner, dict)):
        return inner or {}
    return data
