"""The report of a run, schema `mcp-doctor.report/1`, from which every output format is made."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from diagnostics import expiry, rollup
from diagnostics.configs.problem_words import in_one_line
from diagnostics.context import Context
from diagnostics.model import ClientFile, Finding, Server, Status
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

SCHEMA = "mcp-doctor.report/1"

Report = dict[str, Any]
RemedyNames = Callable[[Finding], Sequence[str]]


def build(
    context: Context, findings: Sequence[Finding], remedies: RemedyNames, now: datetime | None = None
) -> Report:
    """The report as plain data, ready for `json.dumps`.

    In: the run's context and all its findings; `remedies` names those of a finding (recovery knows them);
    `now`, by default the present, in any zone. Out: only text that is safe to show.
    """
    concerned = rollup.by_server(context, findings)
    counts = Counter(finding.status for finding in findings)
    return {
        "schema": SCHEMA,
        "generated_at": (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "host": {"platform": context.host.platform.value, "session": context.host.session.value},
        "clients": [_client(each) for each in context.files if each.status is not Status.SKIP],
        "servers": [_server(each, concerned[each.id]) for each in context.servers],
        "findings": [_finding(each, remedies(each), *_location(context, each)) for each in findings],
        "summary": {status.value: counts[status] for status in Status},
    }


def exit_code(findings: Sequence[Finding], fail_on: str = "fail") -> int:
    """0 nothing fails, 1 something does (with `fail_on="warn"` also a warning), 3 something could not be found out."""
    states = {finding.status for finding in findings}
    if Status.FAIL in states or (fail_on == "warn" and Status.WARN in states):
        return 1
    return 3 if Status.UNKNOWN in states else 0


def _client(file: ClientFile) -> Report:
    problem = next((each for each in file.problems if each.fatal and each.server is None), None)
    error = in_one_line(problem, file) if problem is not None and file.status is Status.FAIL else None
    return {"client": file.client, "path": _safe(str(file.path)), "status": file.status.value, "error": error}


def _server(server: Server, findings: Sequence[Finding]) -> Report:
    return {
        "id": clean(server.id),
        "name": clean(server.name),
        "client": server.client,
        "path": _safe(str(server.path)),
        "transport": server.transport,
        "status": rollup.worst(finding.status for finding in findings).value,
        "references": [
            {
                "field": _safe(each.field),
                "syntax": each.syntax.value,
                "name": _safe(each.name) if each.name else None,
            }
            for each in server.references
        ],
    }


def _safe(text: str) -> str:
    return mask_pasted(clean(text))


def _location(context: Context, finding: Finding) -> tuple[str | None, int | None]:
    """The config file that the finding is about and the line in it, as far as they are known."""
    said = finding.facts.get("line", "")
    line = int(said) if said.isdecimal() else 0
    path = finding.path
    if finding.server is not None:
        server = context.server(finding.server)
        path, line = path or str(server.path), line or server.line
    return path, line if path and line else None


def _finding(finding: Finding, remedies: Sequence[str], path: str | None, line: int | None) -> Report:
    return {
        "id": finding.id,
        "check": finding.check,
        "stage": finding.stage.value,
        "server": clean(finding.server) if finding.server else None,
        "reference": _safe(finding.reference) if finding.reference else None,
        "path": _safe(path) if path else None,
        "line": line,
        "status": finding.status.value,
        "outcome": finding.outcome,
        "concerns": None if finding.concerns is None else [clean(each) for each in finding.concerns],
        "cause": finding.cause,
        "title": finding.title,
        "detail": finding.detail,
        "fix": list(finding.fix),
        "evidence": list(finding.evidence),
        "remedies": list(remedies),
        "expires_at": expiry.fact(expiry.expiry_of(finding)) or None,
        "duration_ms": finding.duration_ms,
    }
