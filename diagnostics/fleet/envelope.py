"""What was gathered of one host, out of JSON that anybody may have written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from diagnostics.fleet.model import ENVELOPE, REPORT, NotAReportError, Reached
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Gathered:
    """One host's part. `report` is as it came: hostile."""

    host: str
    at: float | None
    """When it was gathered, or else when the report was made: seconds since the epoch."""
    reached: Reached
    report: Mapping[str, Any] | None
    error: str
    """Why there is no report."""
    newer: str = ""
    """The schema, where a newer mcp-doctor made it."""


def parsed(raw: bytes) -> Any:
    """The JSON in these bytes.

    Raises:
        NotAReportError: it is none; says where.
    """
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotAReportError(f"is not UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        if not raw.strip():
            raise NotAReportError("is empty") from error
        raise NotAReportError(
            f"is damaged or cut off: no JSON from line {error.lineno}, column {error.colno} on ({error.msg}). "
            "Gather it again"
        ) from error
    except ValueError as error:  # a number with thousands of digits
        raise NotAReportError("holds a number that nobody needs, so it was not read") from error
    except RecursionError as error:
        raise NotAReportError("is nested too deeply for a report, so it was not read") from error


def gathered(value: object, file_name: str) -> Gathered:
    """One host's part, out of an envelope or a bare report. In: the JSON; the name to use where it tells none.

    Raises:
        NotAReportError: it is neither.
    """
    if not isinstance(value, dict):
        raise NotAReportError(f"is no report but {_KINDS.get(type(value), 'something else')}")
    schema = value.get("schema")
    family, _, version = schema.partition("/") if isinstance(schema, str) else ("", "", "")
    if family == _OF_REPORT:
        return _of_report(value, file_name, str(schema), None)
    if family != _FAMILY:
        said = f"its schema is {shown(schema)!r}" if isinstance(schema, str) else "it names no schema"
        raise NotAReportError(f"is no report of mcp-doctor: {said}, expected {REPORT!r} or {ENVELOPE!r}")
    newer = str(schema) if version != ENVELOPE.partition("/")[2] else ""
    return _of_envelope(value, file_name, newer)


_FAMILY = ENVELOPE.partition("/")[0]
_OF_REPORT = REPORT.partition("/")[0]
_KINDS: Mapping[type, str] = {
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "a single value",
    type(None): "nothing",
}


def _of_envelope(value: Mapping[str, Any], file_name: str, newer: str) -> Gathered:
    told = value.get("host")
    name = told.get("name") if isinstance(told, dict) else told
    host = _name(name) or _name(file_name)
    at = moment(value.get("gathered_at"))
    error = value.get("error")
    said = shown(error) if isinstance(error, str) else ""
    status = value.get("status")
    report = value.get("report")
    if status == Reached.REACHABLE.value and isinstance(report, dict):
        return _of_report(report, host, newer or report.get("schema"), at)
    if status == Reached.UNREACHABLE.value:
        return Gathered(host, at, Reached.UNREACHABLE, None, said or "no reason was noted", newer)
    if status == Reached.FAILED.value:
        return Gathered(host, at, Reached.FAILED, None, said or "no reason was noted", newer)
    wrong = (
        "it says reachable, and has no report" if status == Reached.REACHABLE.value else "its status is none"
    )
    return Gathered(host, at, Reached.FAILED, None, f"what was gathered can't be used: {wrong}", newer)


def _of_report(report: Mapping[str, Any], host: str, schema: object, at: float | None) -> Gathered:
    name = _name(host) or "(no name)"
    if not isinstance(schema, str) or schema.partition("/")[0] not in {_FAMILY, _OF_REPORT}:
        return Gathered(
            name,
            at,
            Reached.FAILED,
            None,
            f"what it answered is no report of mcp-doctor (expected {REPORT!r})",
        )
    newer = shown(schema) if schema not in {REPORT, ENVELOPE} else ""
    made = moment(report.get("generated_at"))
    return Gathered(name, made if at is None else at, Reached.REACHABLE, report, "", newer)


def _name(told: object) -> str:
    return mask_pasted(clean(told, _LONGEST_NAME)) if isinstance(told, str) else ""


def moment(told: object) -> float | None:
    """Seconds since the epoch of a time in ISO 8601 (without a zone: UTC); None where it is none."""
    if not isinstance(told, str) or len(told) > 40:
        return None
    try:
        read = datetime.fromisoformat(told)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=16384)
def shown(text: str) -> str:
    """A text of a report as it may be shown: the same few come from every host."""
    return mask_pasted(clean(text, 400))
