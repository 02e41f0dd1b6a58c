"""The report as SARIF 2.1.0, for code-scanning views: a rule a check, a result a finding."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from diagnostics import __version__
from diagnostics.report import Report
from diagnostics.report.location import below, tilde, uri
from diagnostics.report.question import questions

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_KIND = {"fail": "fail", "warn": "fail", "unknown": "open", "ok": "pass", "skip": "notApplicable"}
_LEVEL = {"fail": "error", "warn": "warning"}
"""Whatever is no failure has the level `none` (SARIF, 3.27.10)."""
_BASES = {"SRCROOT": "The folder that mcp-doctor was called in", "HOME": "The home folder of the user"}
"""What paths are told from, so that they say nothing about this computer; a project's come first."""
_NAMED = re.compile(r"\{(\w+)(?::[^{}]*)?\}")


def render(report: Report, home: str = "", folder: str = "") -> str:
    """JSON text.

    In: the home folder, and the one that this was called in: paths below them are told without them, so that a code
    scanner finds a project's files, and no user's name is in the others.
    """
    bases = {name: each for name, each in (("SRCROOT", folder), ("HOME", home)) if each}
    if below(home, folder) is not None:
        bases.pop("SRCROOT", None)  # called in the home folder, or above it: that is no project
    findings = report["findings"]
    checks = list(dict.fromkeys(each["check"] for each in findings))
    asked = questions(checks)
    rules = [_rule(check, asked.get(check, check), findings) for check in checks]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "mcp-doctor",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {name: {"description": {"text": _BASES[name]}} for name in bases},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": report["generated_at"]}],
        "results": [_result(each, checks.index(each["check"]), home, bases) for each in findings],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(check: str, question: str, findings: list[dict[str, Any]]) -> dict[str, Any]:
    remedies = dict.fromkeys(one for each in findings if each["check"] == check for one in each["remedies"])
    return {
        "id": check,
        "name": "".join(part.capitalize() for part in re.split(r"[.-]", check)),
        "shortDescription": {"text": question},
        "help": {"text": _help(check, question, list(remedies))},
        "properties": {"tags": [check.partition(".")[0]]},
    }


def _help(check: str, question: str, remedies: list[str]) -> str:
    """What the check may find, what to do then, and why the mends that are offered are right."""
    from diagnostics.catalog.why import why
    from diagnostics.catalog.wording import wording

    words = wording()
    lines = [question]
    for key in words:
        if key.rpartition(".")[0] == check and (words[key].detail or words[key].fix):
            told = words[key]
            lines += ["", _template(told.title), *([_template(told.detail)] if told.detail else [])]
            lines += [f"  {_template(line.removeprefix('| '))}" for line in told.fix]
    for remedy in remedies:
        page = why(remedy)
        if page is not None:
            lines += ["", f"{page.title} (mcp-doctor fix): {page.right}"]
    return "\n".join(lines)


def _template(text: str) -> str:
    """A wording whose facts are not known: their names stand for them."""
    return _NAMED.sub(lambda found: f"<{found[1]}>", text).replace("{{", "{").replace("}}", "}")


def _result(finding: dict[str, Any], rule: int, home: str, bases: Mapping[str, str]) -> dict[str, Any]:
    parts = [finding["title"], finding["detail"], *finding["evidence"], *finding["fix"]]
    text = "\n".join(tilde(each, home) for each in parts if each)
    known = tilde(finding["id"], home)
    result: dict[str, Any] = {
        "ruleId": finding["check"],
        "ruleIndex": rule,
        "kind": _KIND[finding["status"]],
        "level": _LEVEL.get(finding["status"], "none"),
        "message": {"text": text},
        "partialFingerprints": {"finding/v1": hashlib.sha256(known.encode()).hexdigest()[:32]},
        "properties": {"status": finding["status"], "cause": finding["cause"], "id": known},
    }
    for name in ("server", "reference"):
        if finding[name]:
            result["properties"][name] = finding[name]
    path = finding.get("path")
    artifact = _artifact(path, bases) if path else None
    if artifact:
        place: dict[str, Any] = {"artifactLocation": artifact}
        if finding.get("line"):
            place["region"] = {"startLine": finding["line"]}
        result["locations"] = [{"physicalLocation": place}]
    elif not finding["server"]:
        result["locations"] = [
            {"logicalLocations": [{"fullyQualifiedName": "this host", "kind": "resource"}]}
        ]
    return result


def _artifact(path: str, bases: Mapping[str, str]) -> dict[str, str] | None:
    for name, folder in bases.items():
        inside = below(path, folder)
        if inside is not None:
            return {"uri": quote(inside), "uriBaseId": name}
    whole = uri(path)
    return {"uri": whole} if whole else None
