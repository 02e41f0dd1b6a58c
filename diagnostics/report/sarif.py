"""The report as SARIF 2.1.0, for code-scanning views: a rule a check, a result a finding."""

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

from diagnostics import __version__
from diagnostics.report import Report
from diagnostics.report.location import below_home, tilde, uri
from diagnostics.report.question import questions

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_KIND = {"fail": "fail", "warn": "fail", "unknown": "open", "ok": "pass", "skip": "notApplicable"}
_LEVEL = {"fail": "error", "warn": "warning"}
"""Whatever is no failure has the level `none` (SARIF, 3.27.10)."""
_HOME = "HOME"
_NAMED = re.compile(r"\{(\w+)(?::[^{}]*)?\}")


def render(report: Report, home: str = "") -> str:
    """JSON text. In: `home`, the home folder: paths below it are told without it, so that no user's name is in them."""
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
        "originalUriBaseIds": {_HOME: {"description": {"text": "The home folder of the user"}}},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": report["generated_at"]}],
        "results": [_result(each, checks.index(each["check"]), home) for each in findings],
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


def _result(finding: dict[str, Any], rule: int, home: str) -> dict[str, Any]:
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
    artifact = _artifact(finding["path"], home) if finding["path"] else None
    if artifact:
        place: dict[str, Any] = {"artifactLocation": artifact}
        if finding["line"]:
            place["region"] = {"startLine": finding["line"]}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _artifact(path: str, home: str) -> dict[str, str] | None:
    inside = below_home(path, home)
    if inside is not None:
        return {"uri": quote(inside), "uriBaseId": _HOME}
    whole = uri(path)
    return {"uri": whole} if whole else None
