"""One value of an extension's settings, as the app hands it on: always as text, a list as several texts."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from diagnostics.secret import Secret

SEALED = "__encrypted__:"
"""What a value begins with that the app has sealed with the system's key (Electron safeStorage)."""


@dataclass(frozen=True, slots=True)
class Value:
    """What stands in the settings under one key, or in the manifest as its default."""

    kind: str
    """`string`, `number`, `boolean`, `list`, `null` or `object`."""
    texts: tuple[Secret, ...] = field(repr=False)
    """As the server would get it: one text, or one for each item of a list."""
    item_kinds: frozenset[str] = frozenset()
    """The kinds of a list's items."""
    number: float | None = None
    """The number itself, for a value that is one."""

    @property
    def is_missing(self) -> bool:
        """Whether the app takes it as not filled in: nothing, an empty text, an empty list or one with a gap."""
        if self.kind == "list":
            return not self.texts or "null" in self.item_kinds or any(not each for each in self.texts)
        return self.kind == "null" or not self.texts[0]

    @property
    def text(self) -> Secret | None:
        """The one text, None for a list."""
        return None if self.kind == "list" else self.texts[0]

    @property
    def is_sealed(self) -> bool:
        """Whether only the app can read it."""
        return self.kind == "string" and self.texts[0].reveal().startswith(SEALED)

    @property
    def seal(self) -> str:
        """How a sealed value is sealed: `v10`, `v11`, or "" where it is damaged or of another kind."""
        body = self.texts[0].reveal().removeprefix(SEALED)
        try:
            raw = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return ""
        mark = raw[:3]
        return mark.decode() if mark in {b"v10", b"v11"} and len(raw) > len(mark) else ""


def value_of(raw: Any) -> Value:
    """A value of the JSON settings."""
    if isinstance(raw, list):
        return Value(
            "list", tuple(Secret(_spelled(each)) for each in raw), frozenset(kind_of(each) for each in raw)
        )
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
    return Value(kind_of(raw), (Secret(_spelled(raw)),), number=_as_float(raw) if is_number else None)


def kind_of(raw: Any) -> str:
    """`string`, `number`, `boolean`, `list`, `null` or `object`."""
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "boolean"
    if isinstance(raw, int | float):
        return "number"
    return {"str": "string", "list": "list"}.get(type(raw).__name__, "object")


def _as_float(raw: Any) -> float:
    try:
        return float(raw)
    except OverflowError:
        return float("inf") if raw > 0 else float("-inf")


def _spelled(raw: Any) -> str:
    """The value as JavaScript's `String()` writes it."""
    match kind_of(raw):
        case "string":
            return str(raw)
        case "boolean":
            return "true" if raw else "false"
        case "null":
            return "null"
        case "number":
            try:
                return str(int(raw)) if float(raw).is_integer() and abs(raw) < 10**21 else repr(raw)
            except (OverflowError, ValueError):  # more digits than a float, or than Python writes out
                return "Infinity"
        case "list":
            return ",".join(_spelled(each) for each in raw)
        case _:
            return "[object Object]"
