"""Rows as a plain table or as JSON."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tui.arguments import Call


def write_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], call: Call) -> int:
    """Writes the rows to standard output. In: `columns` key -> heading, in order, for the table; JSON has all keys.

    A list takes a line an element, so that no path is cut. Out: exit code 0.
    """
    if call.extra["format"] == "json":
        sys.stdout.write(json.dumps(list(rows), indent=2, ensure_ascii=False) + "\n")
        return 0
    cells = [[_lines(row[key]) for key in columns] for row in rows]
    heads = [[head] for head in columns.values()]
    widths = [
        max(len(line) for row in [heads, *cells] for line in row[place]) for place in range(len(columns))
    ]
    for row in [heads, *cells]:
        for line in range(max(len(cell) for cell in row)):
            parts = [cell[line] if line < len(cell) else "" for cell in row]
            padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
            sys.stdout.write("  ".join(padded).rstrip() + "\n")
    return 0


def _lines(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] or [""]
