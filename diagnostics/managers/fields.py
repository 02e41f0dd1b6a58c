"""One field of a secret that is made of several, as the text that a variable or an argument can hold."""

from collections.abc import Mapping
from typing import Any

from diagnostics.managers import Trouble
from diagnostics.secret import Secret
from diagnostics.text import clean

_MOST_NAMES = 12
_KINDS = {"dict": "a group of fields", "list": "a list", "bool": "yes or no", "NoneType": "nothing"}


def names_of(fields: Mapping[str, Any]) -> str:
    """The fields' names as they may be shown, the first dozen."""
    return ", ".join(clean(str(each), 60) for each in list(fields)[:_MOST_NAMES])


def text_of(fields: Mapping[str, Any], key: str) -> Secret | Trouble:
    """The field's text. Whole numbers count as they are written; anything else could be written in several ways."""
    facts: dict[str, object] = {"fields": names_of(fields), "key": clean(key, 120)}
    if key not in fields:
        return Trouble("no-field", "credential_not_found", facts=facts)
    value = fields[key]
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        facts["kind"] = _KINDS.get(type(value).__name__, "a number with a fraction")
        return Trouble("not-text", "credential_corrupted", facts=facts)
    return Secret(value) if value else Trouble("empty", "credential_empty", facts=facts)
