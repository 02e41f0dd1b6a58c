"""The report for a person at a plain terminal: servers first, then each trouble with what to do."""

import re
from collections.abc import Mapping
from typing import Any

from diagnostics.report import Report

SIGNS = {"ok": "✔", "warn": "▲", "fail": "✘", "skip": "–", "unknown": "?"}
_COLOURS = {"ok": "32", "warn": "33", "fail": "31", "skip": "2", "unknown": "35"}
_ASCII = {"ok": "+", "warn": "!", "fail": "x", "skip": "-", "unknown": "?"}


def render(report: Report, *, colour: bool = False, ascii_only: bool = False, width: int = 80) -> str:
    """Text lines. In: `colour` adds ANSI colours, `ascii_only` for terminals without Unicode, `width` in columns."""
    signs = _ASCII if ascii_only else SIGNS
    dot, arrow = ("-", "->") if ascii_only else ("·", "→")

    def paint(text: str, state: str) -> str:
        return f"\x1b[{_COLOURS[state]}m{text}\x1b[0m" if colour else text

    lines: list[str] = []
    for client in report["clients"]:
        if client["error"]:
            lines.append(paint(f"{signs['fail']} {client['path']}", "fail"))
            lines += _wrapped(client["error"], "    ", width)
    if report["servers"]:
        longest = min(max(len(each["name"]) for each in report["servers"]), 40)
        for server in report["servers"]:
            state = server["status"]
            said = f"{signs[state]} {server['name'][:40]:<{longest}}  {state:<7}  {server['client']}"
            lines.append(paint(said, state))
    else:
        lines.append("No MCP server is configured in the places that were looked at.")
        lines.append("Name a file with --config PATH, or see how it works: mcp-doctor demo")
    troubles = [each for each in report["findings"] if each["status"] in {"fail", "warn", "unknown"}]
    order = {"fail": 0, "unknown": 1, "warn": 2}
    for finding in sorted(troubles, key=lambda each: order[each["status"]]):
        lines += [
            "",
            *_told(
                finding,
                paint(f"{signs[finding['status']]} {finding['title']}", finding["status"]),
                dot,
                arrow,
                width,
            ),
        ]
    summary = report["summary"]
    said = ", ".join(
        f"{summary[state]} {state}" for state in ("fail", "unknown", "warn", "ok", "skip") if summary[state]
    )
    lines += ["", said or "nothing was asked"]
    whole = "\n".join(lines) + "\n"
    return whole.encode("ascii", "backslashreplace").decode("ascii") if ascii_only else whole


def _told(finding: Mapping[str, Any], head: str, dot: str, arrow: str, width: int) -> list[str]:
    where = finding["server"] or _file(finding) or "this host"
    where += f", {finding['reference']}" if finding["reference"] else ""
    lines = [head, f"  {finding['stage']} {dot} {where}"]
    lines += _wrapped(finding["detail"], "  ", width)
    lines += [f"  | {line}" for line in finding["evidence"]]
    for line in finding["fix"]:
        if line.startswith(("$ ", "| ")):
            lines.append(f"      {line.removeprefix('| ')}")
        else:
            lines += _wrapped(line, f"  {arrow} ", width)
    if finding["remedies"]:
        lines.append(f"      $ mcp-doctor fix {finding['id']}")
    return lines


def _file(finding: Mapping[str, Any]) -> str:
    """The config file that a finding is about, "" where it is about none."""
    if finding["stage"] != "config":
        return ""
    return re.sub(r":\d+$", "", str(finding["id"]).removeprefix(f"{finding['check']}:"))


def _wrapped(text: str, lead: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(
        text, max(width, 40), initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    )
