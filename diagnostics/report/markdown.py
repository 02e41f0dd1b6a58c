"""The report as Markdown, to paste into a ticket."""

import re
from typing import Any

from diagnostics import __version__
from diagnostics.report import Report
from diagnostics.report.paragraphs import Paragraph, by_client, paragraphs, worst_first

_SIGN = {"ok": "✔", "warn": "▲", "fail": "✘", "skip": "–", "unknown": "?"}
_MOST_SERVERS = 24
"""Rows of the table; more servers are counted, a row a client."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#!|~$&^]|^[-+=/])")
_NUMBERED = re.compile(r"^(\d+)\.")
_ACTING = re.compile(r"(@|\\#|(?:\\[!~&$]|%)(?=[\w\"])|:(?=//)|\bwww(?=\.)|\bGH(?=-\d))", re.IGNORECASE)
"""What the places where tickets live make of plain text, once it is rendered: mentions, references, links."""
_LINE_END = re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029]")
_BREAK = "\u200b"
"""Takes no room; behind it nothing is a mention, a reference or a link any more."""


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
        " · ".join((f"mcp-doctor {__version__}", _plain(report["generated_at"]), *report["host"].values())),
        "",
    ]
    if of_servers:
        lines += [*_broken_files(report["clients"]), *_servers(report["servers"])]
    else:
        lines += _in_order(report["findings"])
    for variants in paragraphs(report):
        first = variants[0].first
        lines += ["", f"## {_SIGN[first['status']]} {_plain(first['title'])}", ""]
        lines += [f"`{first['check']}`" + (f", cause `{first['cause']}`" if first["cause"] else "")]
        for each in variants:
            lines += _told(each)
    return "\n".join(lines) + "\n"


def _broken_files(clients: list[dict[str, Any]]) -> list[str]:
    broken = [each for each in clients if each["error"]]
    lines = [f"- {_SIGN['fail']} {_plain(each['path'])}: {_plain(each['error'])}" for each in broken]
    return [*lines, ""] if lines else []


def _servers(servers: list[dict[str, Any]]) -> list[str]:
    if len(servers) > _MOST_SERVERS:
        lines = ["| client | servers |", "| --- | --- |"]
        return lines + [
            f"| {_plain(each.client)} | {_SIGN[each.status]} {_plain(each.words)} |"
            for each in by_client(servers)
        ]
    if not servers:
        return ["No MCP server is configured in the places that were looked at."]
    lines = ["| server | client | state |", "| --- | --- | --- |"]
    return lines + [
        f"| {_plain(each['name'])} | {_plain(each['client'])} | {_SIGN[each['status']]} {each['status']} |"
        for each in worst_first(servers)
    ]


def _in_order(findings: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for each in findings:
        if each["status"] in {"ok", "skip"}:
            lines.append(f"- {_SIGN[each['status']]} {_plain(each['title'])}")
            lines += [f"  - {_plain(line)}" for line in each["evidence"]]
    return lines


def _told(paragraph: Paragraph) -> list[str]:
    first = paragraph.first
    lines = ["", f"**{_plain(paragraph.where)}**", ""]
    lines += [_plain(first["detail"])] if first["detail"] else []
    lines += ["", *(f"- {_plain(line)}" for line in paragraph.evidence)] if paragraph.evidence else []
    return lines + _fix(first["fix"])


def _fix(fix: list[str]) -> list[str]:
    """A numbered list; commands and lines of a config as code below the sentence that they belong to."""
    lines = [""] if fix else []
    block: list[str] = []
    for line in fix:
        if line.startswith(("$ ", "| ")):
            block.append(line.removeprefix("| ").removeprefix("$ "))
            continue
        lines += [*_code(block), f"1. {_plain(line)}"]
        block = []
    return lines + _code(block)


def _code(block: list[str]) -> list[str]:
    if not block:
        return []
    fence = "`" * (2 + max(len(run) for run in ["`", *re.findall("`+", " ".join(block))]))
    return [f"   {_LINE_END.sub(' ', line)}" for line in (fence, *block, fence)]


def _plain(text: str) -> str:
    """Text from the host as text: neither markup, nor HTML, nor what a ticket's page makes of plain text by itself."""
    text = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _ACTING.sub(rf"\1{_BREAK}", _NUMBERED.sub(r"\1\\.", text))
