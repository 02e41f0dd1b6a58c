"""The report as JUnit XML: a suite a server and one for the host, a case a finding, as CI systems show it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as Xml

from diagnostics.report import Report
from diagnostics.report.question import questions
from diagnostics.text import legal_in_xml

_ELEMENT = {"fail": "failure", "unknown": "error", "skip": "skipped"}
_HOST = "this host"


def render(report: Report) -> str:
    """XML text. `fail` is a failure, `unknown` an error, `skip` skipped; a warning passes and says so.

    A case's name stays the same from run to run, whatever was found, so that a CI system can tell its history.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {_HOST: []}
    groups |= {server["id"]: [] for server in report["servers"]}
    for finding in report["findings"]:
        groups.setdefault(finding["server"] or _HOST, []).append(finding)
    asked = questions({each["check"] for each in report["findings"]})
    root = Xml.Element("testsuites", _totals("mcp-doctor", report["findings"]))
    del root.attrib["skipped"]  # the schemas know it of a suite alone
    for name, findings in groups.items():
        root.append(_suite(name, findings, report["generated_at"], asked))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _totals(name: str, findings: list[Mapping[str, Any]]) -> dict[str, str]:
    states = Counter(each["status"] for each in findings)
    return {
        "name": legal_in_xml(name),
        "tests": str(len(findings)),
        "failures": str(states["fail"]),
        "errors": str(states["unknown"]),
        "skipped": str(states["skip"]),
        "time": _seconds(sum(each["duration_ms"] for each in findings)),
    }


def _suite(name: str, findings: list[Mapping[str, Any]], at: str, asked: Mapping[str, str]) -> Xml.Element:
    suite = Xml.Element("testsuite", _totals(name, findings) | {"timestamp": at.removesuffix("Z")})
    told: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        check = finding["check"]
        subject = finding["reference"] or ("" if finding["server"] else finding.get("path"))
        case_name = asked.get(check, check) + (f" [{subject}]" if subject else "")
        told[check, case_name] += 1
        if told[check, case_name] > 1:
            case_name += f" ({told[check, case_name]})"
        case = Xml.SubElement(
            suite,
            "testcase",
            classname=legal_in_xml(check),
            name=legal_in_xml(case_name),
            time=_seconds(finding["duration_ms"]),
        )
        _outcome(case, finding)
    return suite


def _outcome(case: Xml.Element, finding: Mapping[str, Any]) -> None:
    element = _ELEMENT.get(finding["status"])
    if element:
        attributes = {"message": legal_in_xml(finding["title"])}
        if finding["cause"] and element != "skipped":
            attributes["type"] = legal_in_xml(finding["cause"])
        Xml.SubElement(case, element, attributes).text = _body(finding)
    elif finding["status"] == "warn":
        said = f"warning: {legal_in_xml(finding['title'])}\n{_body(finding)}"
        Xml.SubElement(case, "system-out").text = said.strip()


def _body(finding: Mapping[str, Any]) -> str:
    place = finding.get("path") or ""
    place += f":{finding['line']}" if place and finding.get("line") else ""
    lines: Iterable[str] = (place, finding["detail"], *finding["evidence"], *finding["fix"])
    return legal_in_xml("\n".join(line for line in lines if line))


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"
