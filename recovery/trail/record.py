"""One record of the trail: its one spelling as a line, and the digest that chains it to the one before."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

START = "0" * 64
"""What the first record names as the one before."""
Record = Mapping[str, Any]


def canonical(record: Record) -> bytes:
    """The record's only spelling, without a line break; a line that says the same in other words is a changed one."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def plain(fields: Record) -> dict[str, Any]:
    """The fields as they will be read back. Raises TypeError for what is no plain data, a Secret above all."""
    made: dict[str, Any] = json.loads(canonical(fields))
    return made


def digest(record: Record, key: bytes | None) -> str:
    """The keyed digest of all fields but `hash`. In: None = the plain SHA-256 of records that the first version wrote."""
    content = canonical({name: value for name, value in record.items() if name != "hash"})
    if key is None:
        return hashlib.sha256(content).hexdigest()
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def parsed(line: bytes) -> Record | None:
    """The record on a line, None where it is no whole one."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(record, dict) and {"op", "event", "previous", "hash"} <= record.keys()
    return record if whole else None


def number_of(record: Record) -> int | None:
    """Its number in the trail, counted from 1; None for one that the first version wrote."""
    number = record.get("n")
    return number if isinstance(number, int) and not isinstance(number, bool) else None
