"""The advice as text, Markdown and JSON (`mcp-doctor.advice/1`)."""

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from diagnostics.advice.fact import Fact
from diagnostics.advice.judgement import Advice
from diagnostics.advice.page import FITS, IS_SO, Kind, Line, Part, answer_of, page
from diagnostics.catalog.advice import columns, questions, tools

SCHEMA = "mcp-doctor.advice/1"
_SIGNS = {
    Kind.TEXT: "  ",
    Kind.FOR: "  + ",
    Kind.AGAINST: "  - ",
    Kind.NEED: "  . ",
    Kind.COMMAND: "    $ ",
    Kind.HEAD: "  ",
    Kind.ASIDE: "    ",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")


def text(advice: Advice, width: int = 80) -> str:
    """For a terminal. Commands are never broken, so that they can be copied."""
    lines: list[str] = []
    for part in page(advice):
        lines += ["", _headed(part)] if lines else [_headed(part)]
        if part.id == "tools":
            lines += _table()
        for line in part.lines:
            lines += _wrapped(line, min(max(width, 40), 100))
    return "\n".join(lines) + "\n"


def _headed(part: Part) -> str:
    return part.title.upper() if part.fit is None else part.title


def _wrapped(line: Line, width: int) -> list[str]:
    sign = _SIGNS[line.kind]
    if line.kind is Kind.COMMAND:
        return [sign + line.text]
    return textwrap.wrap(
        line.text,
        width,
        initial_indent=sign,
        subsequent_indent=" " * len(sign),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table() -> Iterator[str]:
    """The tools and their columns in short; the reasons follow it."""
    heads = ["", *columns().values()]
    rows = [[tool.id, *(tool.cells[each].is_so for each in columns())] for tool in tools()]
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    for row in (heads, *rows):
        told = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {told}".rstrip()
    yield ""


def markdown(advice: Advice) -> str:
    """To paste into a ticket. What came from this host is escaped."""
    lines = ["# Keeping credentials on this host"]
    for part in page(advice):
        lines += ["", f"## {_plain(part.title)}", ""]
        if part.id == "found":
            lines += _found_table(advice)
        elif part.id == "tools":
            lines += [_plain(part.lines[0].text), "", *_tools_table()]
        else:
            lines += _paragraphs(part)
    return "\n".join(lines) + "\n"


def _paragraphs(part: Part) -> Iterator[str]:
    before: Kind | None = None
    for line in part.lines:
        grouped = line.kind is before and line.kind in {Kind.FOR, Kind.AGAINST, Kind.NEED}
        if before is not None and not grouped:
            yield ""
        match line.kind:
            case Kind.COMMAND:
                yield from ("```sh", line.text, "```")
            case Kind.FOR:
                yield f"- for: {_plain(line.text)}"
            case Kind.AGAINST:
                yield f"- against: {_plain(line.text)}"
            case Kind.NEED:
                yield f"- {_plain(line.text)}"
            case Kind.HEAD:
                yield f"**{_plain(line.text)}**"
            case _:
                yield _plain(line.text)
        before = line.kind


def _found_table(advice: Advice) -> Iterator[str]:
    yield from ("| question | answer | seen |", "| --- | --- | --- |")
    for name, question in questions().items():
        fact = advice.facts[name]
        yield f"| {_plain(question.asks)} | {_plain(answer_of(fact))} | {_plain('; '.join(fact.seen))} |"


def _tools_table() -> Iterator[str]:
    yield "| tool | " + " | ".join(columns().values()) + " |"
    yield "| --- " * (len(columns()) + 1) + "|"
    for tool in tools():
        cells = [
            f"**{IS_SO[cell.is_so]}** (claimed: {_plain(cell.claimed)})<br>{_plain(cell.why)}"
            f"<br>*{_plain(cell.source)}, {cell.checked}*"
            for cell in (tool.cells[each] for each in columns())
        ]
        yield f"| **{_plain(tool.name)}**<br>{_plain(tool.state)} | " + " | ".join(cells) + " |"


def to_json(advice: Advice) -> dict[str, Any]:
    """For programs."""
    best = advice.best
    return {
        "schema": SCHEMA,
        "best": best.option.id if best else None,
        "options": [
            {
                "id": each.option.id,
                "name": each.option.name,
                "fit": each.fit.value,
                "words": FITS[each.fit],
                "score": each.score,
                "for": list(each.speaks_for),
                "against": list(each.against),
                "needs": list(each.option.needs),
                "missing": list(each.missing),
                "first": list(each.first),
            }
            for each in advice.ranking
        ],
        "facts": [_fact(advice.facts[name]) for name in questions()],
        "open_questions": [
            {
                "name": name,
                "asks": questions()[name].asks,
                "option": questions()[name].option,
                "would_lead": {
                    value: advice.would_lead[f"{name}={value}"] or None for value in questions()[name].values
                },
            }
            for name in advice.open_questions
        ],
        "tools": [
            {
                "id": tool.id,
                "name": tool.name,
                "state": tool.state,
                "can": {
                    column: {
                        "claimed": cell.claimed,
                        "is_so": cell.is_so,
                        "why": cell.why,
                        "source": cell.source,
                        "checked": cell.checked,
                    }
                    for column, cell in tool.cells.items()
                },
            }
            for tool in tools()
        ],
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.name,
        "asks": questions()[fact.name].asks,
        "values": None if fact.values is None else sorted(fact.values),
        "answer": answer_of(fact),
        "seen": list(fact.seen),
    }


def _plain(told: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(told.split()))
