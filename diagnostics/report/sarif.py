"""The report as SARIF 2.1.0, for code-scanning views."""

import json
from pathlib import PurePath
from typing import Any

from diagnostics import __version__
from diagnostics.report import Report

_LEVEL = {"fail": "error", "warn": "warning", "unknown": "note"}


def render(report: Report) -> str:
    """JSON text: one result per finding that fails, warns or could not be found out."""
    told = [each for each in report["findings"] if each["status"] in _LEVEL]
    paths = {each["id"]: each["path"] for each in report["servers"]}
    rules = {each["check"]: each for each in told}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "mcp-doctor",
                "version": __version__,
                "rules": [{"id": check, "name": check} for check in rules],
            }
        },
        "results": [_result(each, paths) for each in told],
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _result(finding: dict[str, Any], paths: dict[str, str]) -> dict[str, Any]:
    text = finding["title"] + (f". {finding['detail']}" if finding["detail"] else "")
    result: dict[str, Any] = {
        "ruleId": finding["check"],
        "level": _LEVEL[finding["status"]],
        "message": {"text": text},
        "partialFingerprints": {"finding/v1": finding["id"]},
    }
    path = paths.get(finding["server"] or "")
    if path and PurePath(path).is_absolute():
        location = {"physicalLocation": {"artifactLocation": {"uri": PurePath(path).as_uri()}}}
        result["locations"] = [location]
    return result
