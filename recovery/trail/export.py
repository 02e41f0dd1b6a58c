"""The trail for others to read: cleaned JSON lines, or Markdown."""

import json
from collections.abc import Sequence

from recovery.trail.finding import Examination
from recovery.trail.ledger import Row, cleaned, told_in_words

SCHEMA = "mcp-doctor.audit/1"


def verdict_data(found: Examination) -> dict[str, object]:
    """The examination as plain data."""

    def told(places: Sequence[object]) -> list[dict[str, object]]:
        names = ("line", "at", "operation", "kind", "what", "todo")
        return [{name: cleaned(getattr(each, name)) for name in names} for each in places]

    return {
        "schema": SCHEMA,
        "holds": found.holds,
        "records": found.records,
        "keyed": found.keyed,
        "first": found.first,
        "last": found.last,
        "troubles": told(found.troubles),
        "unknown": told(found.unknown),
        "notices": told(found.notices),
    }


def as_lines(rows: Sequence[Row]) -> str:
    """One record a line, the oldest first. Where cleaning changed a text, its digest is that of the original."""
    records = sorted((each for row in rows for each in row.records), key=lambda each: str(each.get("at")))
    return "".join(
        json.dumps(cleaned(dict(each)), sort_keys=True, ensure_ascii=False) + "\n" for each in records
    )


def as_markdown(rows: Sequence[Row], found: Examination) -> str:
    """The deeds with their steps and records, the oldest first."""
    out = ["# Audit trail of mcp-doctor", "", summary(found), ""]
    out += [
        f"- {_plain(place_of(each.line))}{_plain(each.what)}" for each in (*found.troubles, *found.unknown)
    ]
    for row in reversed(rows):
        out += ["", f"## {_plain(row.at)} {_plain(row.what)}", ""]
        told = (
            ("operation", row.operation),
            ("state", row.state),
            ("who", row.who),
            (
                "where",
                " ".join(each for each in (row.host, f"({row.session})" if row.session else "") if each),
            ),
            ("why", row.why),
            ("error", row.error),
        )
        out += [f"- {name}: {_plain(value)}" for name, value in told if value]
        out += [
            f"- step {number}: {_plain(title)}: {state}" for number, (title, state) in enumerate(row.steps, 1)
        ]
        out += ["", "| record | UTC | event | what it says |", "| --- | --- | --- | --- |"]
        out += [
            f"| {each.get('n', '')} | {_plain(cleaned(str(each.get('at', ''))))} | "
            f"{_plain(cleaned(str(each.get('event', ''))))} | {_plain(told_in_words(each))} |"
            for each in row.records
        ]
    return "\n".join(out) + "\n"


def summary(found: Examination) -> str:
    """The verdict in one sentence."""
    if not found.records and not found.troubles:
        return "No record is here, and it is not clear why." if found.unknown else "Nothing was recorded yet."
    count = f"{found.records} record{'s' if found.records != 1 else ''}"
    if found.holds is None:
        return f"It could not be found out whether the trail of {count} holds."
    if not found.holds:
        places = len(found.troubles)
        return f"The trail does not hold, in {places} place{'s' if places > 1 else ''} ({count})."
    return f"The trail holds: {count}, {found.first[:10]} to {found.last[:10]}."


def place_of(line: int) -> str:
    """`line 7: `, or nothing for what is said of the whole."""
    return f"line {line}: " if line else ""


def _plain(text: str) -> str:
    """A text that Markdown takes for nothing but text."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#|!~" else each for each in text)
