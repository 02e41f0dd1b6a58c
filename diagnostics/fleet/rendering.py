"""The fleet without the app: a plain table, Markdown, and data for programs."""

import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from diagnostics.fleet import words
from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.model import HostState, ServerState
from diagnostics.markdown_text import as_text
from diagnostics.model import Status
from diagnostics.text import counted

SCHEMA = "mcp-doctor.fleet-summary/1"
_SIGNS = {Status.OK: "✓", Status.WARN: "▲", Status.FAIL: "✗", Status.UNKNOWN: "?", Status.SKIP: "○"}
_PLAIN = {Status.OK: "+", Status.WARN: "!", Status.FAIL: "x", Status.UNKNOWN: "?", Status.SKIP: "-"}
_MOST_TROUBLES = 50
_MOST_NAMES = 6
"""Hosts with the same trouble that are named."""


def text(fleet: Fleet, now: float, width: int = 80, *, ascii_only: bool = False) -> str:
    """For a terminal or a mail: how many hosts are in which state, then what is not in order, hosts with the same trouble together, worst first."""
    wide = max(30, width - 2)
    signs = _PLAIN if ascii_only else _SIGNS
    lines = ["   ".join(f"{signs[status]} {said}" for status, said in words.summary(fleet))]
    lines += [words.totals(fleet, now), ""]
    groups: dict[tuple[str, ...], list[HostState]] = {}
    for host in fleet.hosts():
        groups.setdefault((host.status.value, *words.told_of(host)), []).append(host)
    quiet: list[str] = []
    for (_, *told), hosts in groups.items():
        if not told:
            said = "in order" if hosts[0].status is Status.OK else "without any server"
            quiet.append(f"{signs[hosts[0].status]} {counted(len(hosts), 'host')} {said}")
            continue
        more = f" and {counted(len(hosts) - _MOST_NAMES, 'host')} more" if len(hosts) > _MOST_NAMES else ""
        named = ", ".join(each.name for each in hosts[:_MOST_NAMES]) + more
        lines += textwrap.wrap(f"{signs[hosts[0].status]} {named}", wide, subsequent_indent="  ")
        for each in told:
            lines += textwrap.wrap(each, wide, initial_indent="    ", subsequent_indent="      ")
    lines += quiet
    causes = fleet.causes()
    if causes:
        lines += ["", "What fails, by the number of hosts:"]
        lines += [f"  {count:>6,}  {cause}" for cause, count in causes]
    if fleet.troubles:
        lines += ["", "Reports that could not be taken as they are:"]
        for trouble in fleet.troubles[:_MOST_TROUBLES]:
            said = f"{trouble.where}: {trouble.said}"
            lines += textwrap.wrap(said, wide, initial_indent="  ", subsequent_indent="    ")
        if len(fleet.troubles) > _MOST_TROUBLES:
            lines.append(f"  … and {len(fleet.troubles) - _MOST_TROUBLES} more: --format json has all")
    return "\n".join(lines) + "\n"


def markdown(fleet: Fleet, now: float) -> str:
    """To paste into a ticket. What came from hosts is escaped, so that it can't become markup."""
    said = ", ".join(said for _, said in words.summary(fleet))
    lines = [f"# mcp-doctor fleet: {said or 'no host'}", "", as_text(words.totals(fleet, now)), ""]
    lines += ["| host | state | what |", "| --- | --- | --- |"]
    for host in fleet.hosts():
        state = words.REACHED[host.reached] or words.STATE[host.status]
        told = "<br>".join(as_text(each) for each in words.told_of(host))
        lines.append(f"| {as_text(host.name)} | {_SIGNS[host.status]} {state} | {told} |")
    if fleet.causes():
        lines += ["", "| cause | hosts |", "| --- | --- |"]
        lines += [f"| {as_text(cause)} | {count} |" for cause, count in fleet.causes()]
    if fleet.troubles:
        lines += ["", "Reports that could not be taken as they are:", ""]
        lines += [f"- {as_text(each.where)}: {as_text(each.said)}" for each in fleet.troubles]
    return "\n".join(lines) + "\n"


def data(fleet: Fleet, now: float) -> Mapping[str, Any]:
    """For programs, schema `mcp-doctor.fleet-summary/1`."""
    counts, without = fleet.counts(), fleet.without_report()
    return {
        "schema": SCHEMA,
        "generated_at": _time(now),
        "summary": {
            "hosts": len(fleet),
            "servers": fleet.servers,
            **{each.value: counts.get(each, 0) for each in Status},
            **{each.value: without.get(each, 0) for each in list(words.REACHED)[1:]},
            "unreadable": fleet.lost,
            "stale": fleet.stale(now),
        },
        "causes": dict(fleet.causes()),
        "hosts": [_host(each) for each in fleet.hosts()],
        "problems": [{"where": each.where, "said": each.said, "lost": each.lost} for each in fleet.troubles],
    }


def _host(host: HostState) -> Mapping[str, Any]:
    return {
        "host": host.name,
        "status": host.status.value,
        "reached": host.reached.value,
        "at": None if host.at is None else _time(host.at),
        "error": host.error or None,
        "own": _server(host.own) if host.own is not None else None,
        "servers": [_server(each) for each in host.servers],
    }


def _server(server: ServerState) -> Mapping[str, Any]:
    return {
        "name": server.name,
        "client": server.client,
        "status": server.status.value,
        "stage": server.stage.value if server.stage else None,
        "cause": server.cause or None,
        "title": server.title or None,
    }


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""
