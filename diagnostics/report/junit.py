"""The report as JUnit XML: a suite a server, a case a finding, as CI systems show it."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as Xml

from diagnostics.report import Report

_ELEMENT = {"fail": "failure", "unknown": "error", "skip": "skipped"}


def render(report: Report) -> str:
    """XML text. `fail` is a failure, `unknown` an error, `skip` skipped; a warning passes and says so."""
    suites = Xml.Element("testsuites", name="mcp-doctor")
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for finding in report["findings"]:
        groups.setdefault(finding["server"] or "host", []).append(finding)
    for name, findings in groups.items():
        suites.append(_suite(name, findings, report["generated_at"]))
    Xml.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(suites, encoding="unicode") + "\n"


def _suite(name: str, findings: list[Mapping[str, Any]], at: str) -> Xml.Element:
    def count(status: str) -> str:
        return str(sum(each["status"] == status for each in findings))

    suite = Xml.Element(
        "testsuite",
        name=name,
        tests=str(len(findings)),
        failures=count("fail"),
        errors=count("unknown"),
        skipped=count("skip"),
        timestamp=at.removesuffix("Z"),
        time=_seconds(sum(each["duration_ms"] for each in findings)),
    )
    for finding in findings:
        case = Xml.SubElement(
            suite,
            "testcase",
            classname=finding["check"],
            name=f"{finding['title']}" + (f" [{finding['reference']}]" if finding["reference"] else ""),
            time=_seconds(finding["duration_ms"]),
        )
        element = _ELEMENT.get(finding["status"])
        if element:
            attributes = {"message": finding["title"]}
            if finding["cause"] and element != "skipped":
                attributes["type"] = finding["cause"]
            Xml.SubElement(case, element, attributes).text = _body(finding)
        elif finding["status"] == "warn":
            Xml.SubElement(case, "system-out").text = "warning: " + _body(finding)
    return suite


def _body(finding: Mapping[str, Any]) -> str:
    lines: Iterable[str] = (finding["detail"], *finding["evidence"], *finding["fix"])
    return "\n".join(line for line in lines if line)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"
