"""The report as Markdown, to paste into a ticket."""

import re
from typing import Any

from diagnostics import __version__
from diagnostics.markdown_text import as_text
from diagnostics.report import Report
from diagnostics.report.paragraphs import Paragraph, by_client, paragraphs, worst_first

_SIGN = {"ok": "✔", "warn": "▲", "fail": "✘", "skip": "–", "unknown": "?"}
_MOST_SERVERS = 24
"""Rows of the table; more servers are counted, a row a client."""
_LINE_END = re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029]")


def render(report: Report, *, of_servers: bool = True) -> str:
    """Markdown text. Everything that came from the host is escaped, so that it can't become markup.

    What is said of several servers in the same words is said once, as in the text report; where the report is not
    `of_servers` (the doctor's about itself), what is in order is listed instead of them, also as there.
    """
    order = ("fail", "unknown", "warn", "ok", "skip")
    counts = report["summary"]
    summary = ", ".join(f"{counts[status]} {status}" for status in order if counts[status])
    lines = [
        f"# mcp-doctor: {summary or 'nothing asked'}",
        "",
        " · ".join((f"mcp-doctor {__version__}", as_text(report["generated_at"]), *report["host"].values())),
        "",
    ]
    if of_servers:
        lines += [*_broken_files(report["clients"]), *_servers(report["servers"])]
    else:
        lines += _in_order(report["findings"])
    for variants in paragraphs(report):
        first = variants[0].first
        lines += ["", f"## {_SIGN[first['status']]} {as_text(first['title'])}", ""]
        lines += [f"`{first['check']}`" + (f", cause `{first['cause']}`" if first["cause"] else "")]
        for each in variants:
            lines += _told(each)
    return "\n".join(lines) + "\n"


def _broken_files(clients: list[dict[str, Any]]) -> list[str]:
    broken = [each for each in clients if each["error"]]
    lines = [f"- {_SIGN['fail']} {as_text(each['path'])}: {as_text(each['error'])}" for each in broken]
    return [*lines, ""] if lines else []


def _servers(servers: list[dict[str, Any]]) -> list[str]:
    if len(servers) > _MOST_SERVERS:
        lines = ["| client | servers |", "| --- | --- |"]
        return lines + [
            f"| {as_text(each.client)} | {_SIGN[each.status]} {as_text(each.words)} |"
            for each in by_client(servers)
        ]
    if not servers:
        return ["No MCP server is configured in the places that were looked at."]
    lines = ["| server | client | state |", "| --- | --- | --- |"]
    return lines + [
        f"| {as_text(each['name'])} | {as_text(each['client'])} | {_SIGN[each['status']]} {each['status']} |"
        for each in worst_first(servers)
    ]


def _in_order(findings: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for each in findings:
        if each["status"] in {"ok", "skip"}:
            lines.append(f"- {_SIGN[each['status']]} {as_text(each['title'])}")
            lines += [f"  - {as_text(line)}" for line in each["evidence"]]
    return lines


def _told(paragraph: Paragraph) -> list[str]:
    first = paragraph.first
    lines = ["", f"**{as_text(paragraph.where)}**", ""]
    lines += [as_text(first["detail"])] if first["detail"] else []
    lines += ["", *(f"- {as_text(line)}" for line in paragraph.evidence)] if paragraph.evidence else []
    return lines + _fix(first["fix"])


def _fix(fix: list[str]) -> list[str]:
    """A numbered list; commands and lines of a config as code below the sentence that they belong to."""
    lines = [""] if fix else []
    block: list[str] = []
    for line in fix:
        if line.startswith(("$ ", "| ")):
            block.append(line.removeprefix("| ").removeprefix("$ "))
            continue
        lines += [*_code(block), f"1. {as_text(line)}"]
        block = []
    return lines + _code(block)


def _code(block: list[str]) -> list[str]:
    if not block:
        return []
    fence = "`" * (2 + max(len(run) for run in ["`", *re.findall("`+", " ".join(block))]))
    return [f"   {_LINE_END.sub(' ', line)}" for line in (fence, *block, fence)]
