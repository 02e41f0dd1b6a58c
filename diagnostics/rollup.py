"""Findings added up: which concern a server, and which state decides among several."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from diagnostics.model import Finding, Server, Status, Syntax

if TYPE_CHECKING:
    from diagnostics.context import Context

WORST_FIRST = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.OK, Status.SKIP)


def worst(states: Iterable[Status]) -> Status:
    """The state that decides for several: fail, else unknown, else warn, else ok; skip when nothing was asked."""
    found = set(states)
    return next((each for each in WORST_FIRST if each in found), Status.SKIP)


def uses_store(server: Server) -> bool:
    """Whether the server's credential comes from this host's keychain, so that the store's findings are its own."""
    return any(each.syntax is Syntax.SECRET for each in server.references)


def by_server(context: "Context", findings: Iterable[Finding]) -> Mapping[str, Sequence[Finding]]:
    """Server id -> the findings that concern it: its own, its file's, and the store's where it uses the store."""
    of_server: dict[str, list[Finding]] = {server.id: [] for server in context.servers}
    by_path: dict[str, list[str]] = {}
    for server in context.servers:
        by_path.setdefault(str(server.path), []).append(server.id)
    on_store = [server.id for server in context.servers if uses_store(server)]
    for finding in findings:
        if finding.server is not None:
            concerned: Sequence[str] = [finding.server]
        elif finding.subject.startswith("store:"):
            concerned = on_store
        elif finding.concerns is not None:
            concerned = finding.concerns
        else:
            concerned = by_path.get(finding.path or "", ())
        for server_id in concerned:
            if server_id in of_server:
                of_server[server_id].append(finding)
    return of_server
