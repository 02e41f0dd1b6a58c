"""The report for a person at a plain terminal: servers first, then each trouble with what to do."""

from typing import Any

from diagnostics.report import Report
from diagnostics.report.paragraphs import Paragraph, by_client, paragraphs, worst_first

SIGNS = {"ok": "✔", "warn": "▲", "fail": "✘", "skip": "–", "unknown": "?"}
_COLOURS = {"ok": "32", "warn": "33", "fail": "31", "skip": "2", "unknown": "35"}
_ASCII = {"ok": "+", "warn": "!", "fail": "x", "skip": "-", "unknown": "?"}
_WIDEST = 100
"""Columns beyond which a line of prose is no longer read with ease."""
_MOST_SERVERS = 24
"""Servers listed one by one; more of them are counted, a line a client."""
_MOST_VARIANTS = 3
"""Paragraphs told of the same title (the fix differs from client to client); the others are only named."""


def render(
    report: Report,
    *,
    colour: bool = False,
    ascii_only: bool = False,
    width: int = 80,
    of_servers: bool = True,
) -> str:
    """Text lines. In: `colour` adds ANSI colours, `ascii_only` for terminals without Unicode, `width` in columns.

    Where the report is not `of_servers` (the doctor's about itself), what is in order is listed instead of them.
    """
    page = _Page(colour, ascii_only, min(max(width, 40), _WIDEST))
    if of_servers:
        lines = [*page.broken_files(report), *page.servers(report["servers"])]
    else:
        lines = page.in_order(report["findings"])
    for variants in paragraphs(report):
        lines += ["", *page.trouble(variants)]
    lines += ["", *_keeper(report), _summary(report)]
    whole = "\n".join(lines) + "\n"
    return whole.encode("ascii", "backslashreplace").decode("ascii") if ascii_only else whole


def _summary(report: Report) -> str:
    counts = report["summary"]
    found = ", ".join(
        f"{counts[state]} {state}" for state in ("fail", "unknown", "warn", "ok", "skip") if counts[state]
    )
    if not found:
        return "nothing was asked"
    servers = report["servers"]
    if len(servers) <= _MOST_SERVERS:
        return found
    clients = len({each["client"] for each in servers})
    return f"{len(servers)} servers of {clients} {'client' if clients == 1 else 'clients'}. Findings: {found}"


def _keeper(report: Report) -> list[str]:
    """Which program keeps the secrets: most desktops have several, and each knows its own entries alone."""
    owned = "org.freedesktop.secrets belongs to "
    seen = (
        line
        for each in report["findings"]
        if each["check"] == "backend.provider"
        for line in each["evidence"]
    )
    found = next((line.removeprefix(owned) for line in seen if line.startswith(owned)), "")
    return [f"Secrets are kept by {found}"] if found else []


class _Page:
    def __init__(self, colour: bool, ascii_only: bool, width: int) -> None:
        self._colour = colour
        self._signs = _ASCII if ascii_only else SIGNS
        self._dot, self._arrow = ("-", "->") if ascii_only else ("·", "→")
        self._more = "..." if ascii_only else "…"
        self._width = width

    def broken_files(self, report: Report) -> list[str]:
        lines: list[str] = []
        for client in report["clients"]:
            if client["error"]:
                lines.append(self._paint(f"{self._signs['fail']} {client['path']}", "fail"))
                lines += self._wrapped(client["error"], "    ")
        return lines

    def servers(self, servers: list[dict[str, Any]]) -> list[str]:
        if not servers:
            return [
                "No MCP server is configured in the places that were looked at.",
                "Name a file with --config PATH, or see how it works: mcp-doctor demo",
            ]
        if len(servers) > _MOST_SERVERS:
            return self._clients(servers)
        longest = min(max(len(each["name"]) for each in servers), 40)
        return [
            self._paint(
                f"{self._signs[each['status']]} {each['name'][:40]:<{longest}}  {each['status']:<7}  {each['client']}",
                each["status"],
            )
            for each in worst_first(servers)
        ]

    def in_order(self, findings: list[dict[str, Any]]) -> list[str]:
        lines: list[str] = []
        for each in findings:
            if each["status"] in {"ok", "skip"}:
                told = self._wrapped(each["title"], f"{self._signs[each['status']]} ")
                lines += [self._paint(line, each["status"]) for line in told]
                lines += [f"  | {line}" for line in each["evidence"]]
        return lines

    def _clients(self, servers: list[dict[str, Any]]) -> list[str]:
        told = by_client(servers)
        longest = max(len(each.client) for each in told)
        lines = []
        for each in told:
            said = f"{self._signs[each.status]} {each.client:<{longest}}  {each.words}"
            if len(said) > self._width:
                said = said[: self._width - len(self._more)] + self._more
            lines.append(self._paint(said, each.status))
        return lines

    def trouble(self, variants: list[Paragraph]) -> list[str]:
        """One title, and below it what it means and what to do, once for each way of mending it."""
        first = variants[0].first
        lines = self._wrapped(first["title"], f"{self._signs[first['status']]} ")
        lines = [self._paint(line, first["status"]) for line in lines]
        # One variant more would be told in about as many lines as it takes to name it.
        told = variants if len(variants) <= _MOST_VARIANTS + 1 else variants[:_MOST_VARIANTS]
        for number, each in enumerate(told):
            lines += [""] if number else []
            lines += self._told(each)
        rest = variants[len(told) :]
        if rest:
            lines += ["", *self._wrapped(_named(rest), "  ")]
        return lines

    def _told(self, paragraph: Paragraph) -> list[str]:
        first = paragraph.first
        lines = self._wrapped(f"{first['stage']} {self._dot} {paragraph.where}", "  ")
        lines += self._wrapped(first["detail"], "  ")
        lines += [f"  | {line}" for line in paragraph.evidence]
        to_fix = f"      $ mcp-doctor fix {paragraph.to_fix}" if paragraph.to_fix else ""
        for line in first["fix"]:
            if line.startswith("$ mcp-doctor fix") and to_fix:
                lines.append(to_fix)  # in its place the very finding
                to_fix = ""
            elif line.startswith(("$ ", "| ")):
                lines.append(f"      {line.removeprefix('| ')}")
            else:
                lines += self._wrapped(line, f"  {self._arrow} ")
        return [*lines, to_fix] if to_fix else lines

    def _paint(self, text: str, state: str) -> str:
        return f"\x1b[{_COLOURS[state]}m{text}\x1b[0m" if self._colour else text

    def _wrapped(self, text: str, lead: str) -> list[str]:
        import textwrap

        return textwrap.wrap(
            text,
            self._width,
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            break_on_hyphens=False,
            break_long_words=False,
        )


def _named(rest: list[Paragraph]) -> str:
    """The places of paragraphs that are not told, by client where they are servers'."""
    counts: dict[str, int] = {}
    for paragraph in rest:
        for each in paragraph.findings:
            client = str(each["server"] or "").partition(":")[0] or "this host"
            counts[client] = counts.get(client, 0) + 1
    listed = ", ".join(f"{client} ({count})" for client, count in counts.items())
    return f"The same in {listed}. What to do there: mcp-doctor check --client NAME"
