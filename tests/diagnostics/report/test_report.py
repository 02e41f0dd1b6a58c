"""The report and its formats, from findings made by hand."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as Xml

import pytest

from diagnostics import report
from diagnostics.context import Context, Options
from diagnostics.host import Host
from diagnostics.model import (
    ClientFile,
    Finding,
    Platform,
    Problem,
    Reference,
    Server,
    Session,
    Stage,
    Status,
    Store,
    Syntax,
)
from diagnostics.report import junit, markdown, sarif, text
from diagnostics.secret import Secret
from diagnostics.stores import BusState, Entry, StoreState


class EmptyStore:
    subject = Store("secret-service")

    def state(self) -> StoreState:
        return StoreState(BusState(None, "none", "unset"))

    def entries(self) -> Sequence[Entry]:
        return ()


def server(name: str, *references: Reference) -> Server:
    return Server(
        f"cursor:{name}",
        name,
        "cursor",
        Path("/home/u/.cursor/mcp.json"),
        "stdio",
        "npx",
        references=references,
    )


def reference(server_id: str, syntax: Syntax, name: str | None) -> Reference:
    return Reference(server_id, "env.TOKEN", syntax, name, Secret("whole value"))


def finding(status: Status, **more: object) -> Finding:
    given = {
        "id": "permission.collection-locked",
        "check": "permission.collection-locked",
        "stage": Stage.PERMISSION,
        "status": status,
        "outcome": "locked",
        "title": "The keychain is locked",
        "cause": "keyring_locked" if status is Status.FAIL else None,
        "subject": "store:secret-service",
        "duration_ms": 12,
    }
    return Finding(**(given | more))  # type: ignore[arg-type]


HOST = Host(Platform.LINUX, Session.SSH, Path("/home/u"), Path("/home/u"), {})
SECRET_SERVER = server("github", reference("cursor:github", Syntax.SECRET, "github_token"))
PLAIN_SERVER = server("files")
BROKEN = ClientFile(
    "vscode",
    Path("/home/u/mcp.json"),
    "named",
    Status.FAIL,
    (Problem("syntax", "config_syntax_error", "a comma is missing", 3, 7),),
)


def built(*findings: Finding) -> report.Report:
    context = Context(HOST, Options(), [BROKEN], [SECRET_SERVER, PLAIN_SERVER], EmptyStore())
    return report.build(
        context, findings, lambda each: ["unlock-keychain"], datetime(2026, 11, 23, 12, tzinfo=UTC)
    )


def test_the_report_has_the_contracts_shape() -> None:
    made = built(finding(Status.FAIL))
    assert made["schema"] == "mcp-doctor.report/1"
    assert made["generated_at"] == "2026-11-23T12:00:00Z"
    assert made["host"] == {"platform": "linux", "session": "ssh"}
    assert made["clients"] == [
        {
            "client": "vscode",
            "path": "/home/u/mcp.json",
            "status": "fail",
            "error": "The config can't be parsed: line 3, column 7",
        }
    ]
    assert made["servers"][0]["references"] == [
        {"field": "env.TOKEN", "syntax": "secret", "name": "github_token"}
    ]
    told = made["findings"][0]
    assert told["cause"] == "keyring_locked"
    assert told["remedies"] == ["unlock-keychain"]
    assert told["server"] is None
    assert made["summary"] == {"ok": 0, "warn": 0, "fail": 1, "skip": 0, "unknown": 0}
    json.dumps(made)


def test_a_store_finding_concerns_only_the_servers_that_use_the_store() -> None:
    states = {each["name"]: each["status"] for each in built(finding(Status.FAIL))["servers"]}
    assert states == {"github": "fail", "files": "skip"}


@pytest.mark.parametrize(
    ("states", "fail_on", "code"),
    [
        ([Status.OK, Status.SKIP], "fail", 0),
        ([Status.WARN], "fail", 0),
        ([Status.WARN], "warn", 1),
        ([Status.UNKNOWN, Status.OK], "fail", 3),
        ([Status.UNKNOWN, Status.FAIL], "fail", 1),
        ([Status.UNKNOWN, Status.WARN], "warn", 1),
    ],
)
def test_exit_codes_are_the_contracts(states: list[Status], fail_on: str, code: int) -> None:
    assert report.exit_code([finding(each) for each in states], fail_on) == code


def test_text_names_the_trouble_and_the_command_that_mends_it() -> None:
    said = text.render(
        built(finding(Status.FAIL, detail="It needs its password.", fix=("$ mcp-doctor unlock",)))
    )
    assert "✘ The keychain is locked" in said
    assert "It needs its password." in said
    assert "$ mcp-doctor fix permission.collection-locked" in said
    assert "\x1b[" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_text_can_do_without_unicode() -> None:
    text.render(built(finding(Status.FAIL, detail="a"), finding(Status.OK)), ascii_only=True).encode("ascii")


def test_junit_counts_what_failed_and_what_was_skipped() -> None:
    made = Xml.fromstring(
        junit.render(built(finding(Status.FAIL), finding(Status.SKIP), finding(Status.UNKNOWN)))
    )
    suite = made[0]
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("1", "1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "keyring_locked"


def test_sarif_points_at_the_config() -> None:
    made = json.loads(sarif.render(built(finding(Status.FAIL, server="cursor:github"), finding(Status.OK))))
    results = made["runs"][0]["results"]
    assert [each["level"] for each in results] == ["error", "none"]
    place = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "file:///home/u/.cursor/mcp.json"


def test_markdown_lets_no_text_of_the_host_become_markup() -> None:
    said = markdown.render(built(finding(Status.FAIL, title="<img src=x> [a](javascript:b) `c`")))
    assert r"\<img src=x\> \[a\]\(javascript:b\) \`c\`" in said


def of_servers(count: int, **more: object) -> list[Finding]:
    """The same finding about many servers of one client, as two letters' names in reverse order."""
    return [
        finding(
            Status.FAIL,
            id=f"reference.environment:cursor:s{number:02}:env.TOKEN",
            check="reference.environment",
            stage=Stage.REFERENCE,
            title="The variable TOKEN is not set",
            server=f"cursor:s{number:02}",
            reference="env.TOKEN",
            subject=f"cursor:s{number:02}#env.TOKEN",
            evidence=(f"/home/u/.cursor/mcp.json:{number}",),
            **more,
        )
        for number in reversed(range(count))
    ]


def many(count: int, *findings: Finding) -> report.Report:
    servers = [server(f"s{number:02}") for number in range(count)]
    context = Context(HOST, Options(), [], servers, EmptyStore())
    return report.build(context, findings, lambda each: ["set-variable"])


@pytest.mark.parametrize("form", [text, markdown])
def test_what_is_wrong_with_many_servers_is_said_once(form: ModuleType) -> None:
    said = form.render(many(9, *of_servers(9)))
    assert said.count("The variable TOKEN is not set") == 1
    assert "9 servers of cursor" in said
    assert "s00, s01, s02, s03, s04, s05, and 3 more" in said.replace("\n  ", " ")


def test_a_bulk_of_findings_is_mended_by_the_name_of_their_check() -> None:
    said = text.render(many(9, *of_servers(9)))
    assert said.count("mcp-doctor fix") == 1
    assert "$ mcp-doctor fix reference.environment\n" in said


def test_other_words_are_another_paragraph_below_the_same_title() -> None:
    one, other = of_servers(2)
    said = text.render(
        many(
            2,
            dataclasses.replace(one, fix=("Restart it.",)),
            dataclasses.replace(other, fix=("Press Refresh.",)),
        )
    )
    assert said.count("The variable TOKEN is not set") == 1
    assert "Restart it." in said
    assert "Press Refresh." in said


def test_text_of_hundreds_of_findings_stays_readable() -> None:
    findings = [
        dataclasses.replace(each, fix=(f"Do {number}.",)) for number, each in enumerate(of_servers(80))
    ]
    lines = text.render(many(80, *findings)).splitlines()
    assert len(lines) < 60
    assert any("The same in cursor (77)" in line for line in lines)


def test_failures_come_first_then_the_order_of_the_path() -> None:
    said = text.render(
        built(
            finding(Status.WARN, title="A warning", stage=Stage.CONFIG),
            finding(Status.FAIL, title="Late", stage=Stage.LOOKUP, id="b", check="lookup.entry"),
            finding(Status.UNKNOWN, title="Unclear", stage=Stage.CONFIG, id="c"),
            finding(Status.FAIL, title="Early", stage=Stage.REFERENCE, id="d", check="reference.kind"),
        )
    )
    places = [said.index(each) for each in ("Early", "Late", "Unclear", "A warning")]
    assert places == sorted(places)


def test_many_servers_are_counted_by_client_and_the_few_broken_ones_named() -> None:
    said = text.render(many(30, *of_servers(1)))
    first = said.splitlines()[0]
    assert first == "✘ cursor  1 fail (s00), 29 skip"
    assert "30 servers of 1 client" in said


def test_each_finding_stays_in_the_formats_for_programs() -> None:
    made = many(9, *of_servers(9))
    assert len(json.loads(sarif.render(made))["runs"][0]["results"]) == 9
    assert len(Xml.fromstring(junit.render(made)).findall("testsuite/testcase")) == 9


def test_markdown_shows_commands_as_code_that_cannot_be_left() -> None:
    said = markdown.render(
        built(finding(Status.FAIL, fix=("Unlock it:", "$ mcp-doctor `unlock` ```", "Then again.")))
    )
    lines = said.splitlines()
    start = lines.index("1. Unlock it:")
    assert lines[start + 1 : start + 5] == [
        "   `````",
        "   mcp-doctor `unlock` ```",
        "   `````",
        "1. Then again.",
    ]


def test_the_end_of_a_credential_stands_in_the_report() -> None:
    ends, none, odd = (
        built(finding(Status.OK, facts={"expires_at": told}))["findings"][0]["expires_at"]
        for told in ("2026-12-01T13:00:00+01:00", "", "soon")
    )
    assert (ends, none, odd) == ("2026-12-01T12:00:00Z", None, None)
