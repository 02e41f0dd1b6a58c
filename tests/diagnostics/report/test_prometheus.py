"""Metrics as Prometheus reads them: by its official client's parser, its checker, and its own tests of alert rules."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from diagnostics import report
from diagnostics.context import Context, Options
from diagnostics.emergency import OpenIncident
from diagnostics.expiry import fact
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
from diagnostics.report.measures import Measures
from diagnostics.report.prometheus import render
from diagnostics.secret import Secret
from diagnostics.stores import BusState, Entry, StoreState
from tests.support.promtool import promtool

RULES = Path(__file__).parents[3] / "contrib/prometheus/mcp-doctor.rules.yml"
HOST = Host(Platform.LINUX, Session.SSH, Path("/home/ann"), Path("/home/ann"), {}, user="ann")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class NoEntries:
    subject = Store("secret-service")

    def state(self) -> StoreState:
        return StoreState(BusState(None, "none", "unset"))

    def entries(self) -> Sequence[Entry]:
        return ()


def server(name: str, number: int = 1) -> Server:
    own = f"cursor:{name}" + (f"#{number}" if number > 1 else "")
    named = Reference(own, "env.TOKEN", Syntax.SECRET, "github_token", Secret("${SECRET:github_token}"))
    return Server(own, name, "cursor", Path("/home/ann/mcp.json"), "stdio", "npx", references=(named,))


def of_server(one: Server, status: Status, cause: str | None = None, ends: datetime | None = None) -> Finding:
    return Finding(
        id=f"validity.provider:{one.id}:env.TOKEN:github_token",
        check="validity.provider",
        stage=Stage.VALIDITY,
        status=status,
        outcome="any",
        title="Any title",
        cause=cause,
        server=one.id,
        reference="env.TOKEN",
        subject=f"{one.id}#env.TOKEN",
        facts={"expires_at": fact(ends)},
    )


def incident(name: str, began: datetime, ends: datetime) -> OpenIncident:
    return OpenIncident(
        "i1", name, (), (), (), "why", "", "ann", began.isoformat(), ends.isoformat()
    )  # fmt: skip


def built(
    servers: Sequence[Server],
    findings: Sequence[Finding],
    now: datetime = NOW,
    files: Sequence[ClientFile] = (),
) -> report.Report:
    return report.build(Context(HOST, Options(), files, servers, NoEntries()), findings, lambda _: (), now)


def read(text: str) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Metric -> labels -> value, and that no series comes twice and nothing but gauges with words is there."""
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        series = found.setdefault(family.name, {})
        for sample in family.samples:
            key = frozenset(sample.labels.items())
            assert sample.name == family.name
            assert key not in series, f"{family.name} {sample.labels} comes twice"
            series[key] = sample.value
    return found


def value(text: str, name: str, /, **labels: str) -> float | None:
    fitting = [each for key, each in read(text).get(name, {}).items() if labels.items() <= dict(key).items()]
    assert len(fitting) <= 1, f"{name} {labels} is not one series"
    return fitting[0] if fitting else None


GITHUB = server("github")
BROKEN = ClientFile(
    "vscode",
    Path("/home/ann/.vscode/mcp.json"),
    "user",
    Status.FAIL,
    (Problem("syntax", "config_syntax_error", "a comma is missing", 3, 7),),
)
FULL = Measures(
    "ann",
    1.25,
    2,
    NOW - timedelta(days=40),
    (incident("github", NOW - timedelta(hours=2), NOW - timedelta(hours=1)),),
)


def full() -> str:
    findings = [
        of_server(GITHUB, Status.FAIL, "token_invalid"),
        of_server(GITHUB, Status.OK, ends=NOW + timedelta(days=3)),
        of_server(GITHUB, Status.OK, ends=NOW + timedelta(days=2)),
    ]
    return render(built([GITHUB], findings, files=[BROKEN]), FULL)


def test_a_run_is_told_in_base_units_and_every_series_names_the_user() -> None:
    said = full()
    assert value(said, "mcp_doctor_last_run_timestamp_seconds") == NOW.timestamp()
    assert value(said, "mcp_doctor_last_run_duration_seconds") == 1.25
    assert value(said, "mcp_doctor_host_info", platform="linux", session="ssh") == 1
    assert value(said, "mcp_doctor_backups") == 2
    assert value(said, "mcp_doctor_backup_newest_timestamp_seconds") == (NOW - timedelta(days=40)).timestamp()
    assert value(said, "mcp_doctor_emergency_incidents_open") == 1
    ends = value(said, "mcp_doctor_emergency_end_timestamp_seconds", server="github")
    assert ends == (NOW - timedelta(hours=1)).timestamp()
    assert value(said, "mcp_doctor_client_status", client="vscode", status="fail") == 1
    for name, series in read(said).items():
        assert all(dict(key)["user"] == "ann" for key in series), name


def test_findings_are_counted_by_cause_and_a_stage_without_any_says_0() -> None:
    said = full()
    where = {"stage": "validity", "status": "fail"}
    assert value(said, "mcp_doctor_findings", cause="token_invalid", **where) == 1
    assert value(said, "mcp_doctor_findings", cause="", **where) == 0
    assert value(said, "mcp_doctor_findings", stage="start", status="fail") == 0


def test_could_not_find_out_is_a_state_of_its_own() -> None:
    said = render(built([GITHUB], [of_server(GITHUB, Status.UNKNOWN, "provider_down")]))
    states = {
        dict(key)["status"]: each for key, each in read(said)["mcp_doctor_server_status"].items()
    }  # fmt: skip
    assert states == {"ok": 0, "warn": 0, "fail": 0, "skip": 0, "unknown": 1}


def test_what_could_not_be_measured_is_left_out_and_never_0() -> None:
    said = render(built([GITHUB], []), Measures("ann"))
    assert not {
        "mcp_doctor_backups", "mcp_doctor_backup_newest_timestamp_seconds", "mcp_doctor_last_run_duration_seconds",
        "mcp_doctor_emergency_incidents_open", "mcp_doctor_credential_expiry_timestamp_seconds",
    } & read(said).keys()  # fmt: skip


def test_the_first_end_of_a_server_counts() -> None:
    ends = value(full(), "mcp_doctor_credential_expiry_timestamp_seconds", server="github")
    assert ends == (NOW + timedelta(days=2)).timestamp()


def test_names_of_entries_and_variables_stand_in_labels_only_when_asked_for() -> None:
    made = built([GITHUB], [of_server(GITHUB, Status.FAIL, "token_invalid", NOW)])
    assert "github_token" not in render(made, FULL)
    assert "env.TOKEN" not in render(made, FULL)
    named = render(made, FULL, label_names=True)
    who = {"client": "cursor", "server": "github", "field": "env.TOKEN", "name": "github_token"}
    assert value(named, "mcp_doctor_reference_status", status="fail", **who) == 1
    assert value(named, "mcp_doctor_credential_expiry_timestamp_seconds", **who) == NOW.timestamp()


def test_two_servers_of_one_name_are_two_and_what_cannot_be_told_apart_counts_by_its_worst() -> None:
    second, twin = server("github", 2), server("github\n")
    said = render(
        built(
            [GITHUB, second, twin],
            [
                of_server(GITHUB, Status.OK),
                of_server(second, Status.WARN, "token_expired"),
                of_server(twin, Status.FAIL, "token_invalid"),
            ],
        )
    )
    assert value(said, "mcp_doctor_server_status", server="github", status="fail") == 1
    assert value(said, "mcp_doctor_server_status", server="github#2", status="warn") == 1


def test_the_order_is_always_the_same() -> None:
    servers = [server("b"), server("a")]
    findings = [of_server(each, Status.FAIL, "token_invalid") for each in servers]
    assert render(built(servers, findings)) == render(built(servers[::-1], findings[::-1]))


HOSTILE = 'x"} 1\nmcp_doctor_build_info{version="evil"} 2\n# TYPE \\ \x1b[31m\x85\u2028\r'


@settings(max_examples=60, deadline=None)
@given(name=st.text(min_size=1).map(lambda text: HOSTILE[: len(text) % 40] + text))
def test_no_name_of_a_config_adds_or_breaks_a_line(name: str) -> None:
    odd = server(name)
    made = built([odd], [of_server(odd, Status.FAIL, "token_invalid", NOW)])
    plain = built([GITHUB], [of_server(GITHUB, Status.FAIL, "token_invalid", NOW)])
    open_for = Measures(name, incidents=(incident(name, NOW, NOW),))
    said = render(made, open_for, label_names=True)
    usual = render(plain, Measures("ann", incidents=(incident("github", NOW, NOW),)), label_names=True)
    assert {each: len(series) for each, series in read(said).items()} == {
        each: len(series) for each, series in read(usual).items()
    }
    assert len(said.splitlines()) == len(usual.splitlines())


def test_prometheus_own_checker_has_nothing_to_say() -> None:
    odd = server(HOSTILE)
    made = built([GITHUB, odd], [of_server(odd, Status.FAIL, "token_invalid", NOW)], files=[BROKEN])
    for label_names in (False, True):
        checked = promtool("check", "metrics", given=render(made, FULL, label_names=label_names))
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


# ── the alert rules ─────────────────────────────────────────────────────────────────────────────────────────────

START = datetime(1970, 1, 1, tzinfo=UTC)
"""Where the clock of promtool's tests begins."""


def series(text: str, values: str = "{}x2880") -> list[dict[str, str]]:
    """What we wrote, as the collector would hand it on once a minute for two days."""
    return [
        {
            "series": name + "{" + ",".join(_label(*each) for each in sorted({*key, *WHERE.items()})) + "}",
            "values": values.format(f"{held:g}" if held < 1000 else f"{held:.0f}"),
        }
        for name, found in read(text).items()
        for key, held in found.items()
    ]


WHERE = {"instance": "desk:9100", "job": "node"}


def _label(name: str, text: str) -> str:
    return f'{name}="{text}"'


def alerts(folder: Path, at: str, inputs: Sequence[Mapping[str, str]], step: str = "1m") -> set[str]:
    """The names of the alerts that fire at that moment (`45m`), asked of Prometheus' own tester."""
    names = [
        each["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for each in group["rules"]
    ]
    wrong = {name: {"eval_time": at, "alertname": name, "exp_alerts": []} for name in names}
    asked = {
        "rule_files": [str(RULES)],
        "evaluation_interval": step,
        "tests": [{"interval": step, "input_series": list(inputs), "alert_rule_test": list(wrong.values())}],
    }
    path = folder / "asked.yml"
    path.write_text(yaml.safe_dump(asked))
    told = promtool("test", "rules", str(path))
    said = told.stdout + told.stderr
    fired = {name for name in names if f"alertname: {name}, time: {at}" in said}
    assert bool(fired) == (told.returncode != 0), said
    return fired


def written(
    *findings: Finding, at: timedelta = timedelta(), files: Sequence[ClientFile] = (), **measured: object
) -> str:
    servers = [server("github")] if findings else []
    given: dict[str, object] = {"incidents": (), **measured}
    made = built(servers, findings, START + at, files)
    return render(made, Measures("ann", 1.0, **given))  # type: ignore[arg-type]


def test_the_rules_are_sound() -> None:
    told = promtool("check", "rules", str(RULES))
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_healthy_host_is_left_in_peace(tmp_path: Path) -> None:
    fine = of_server(GITHUB, Status.OK, ends=START + timedelta(days=60))
    said = written(fine, backups=1, newest_backup=START)
    assert alerts(tmp_path, "2h", series(said)) == set()


def test_what_fails_is_told_and_what_ends_is_told_before_and_after(tmp_path: Path) -> None:
    failing = of_server(GITHUB, Status.FAIL, "token_invalid", START + timedelta(hours=2))
    inputs = series(written(failing, files=[BROKEN]))
    assert alerts(tmp_path, "4m", inputs) == {"MCPCredentialExpiring"}
    assert alerts(tmp_path, "1h", inputs) == {
        "MCPCredentialFailing",
        "MCPClientConfigBroken",
        "MCPCredentialExpiring",
    }
    assert alerts(tmp_path, "2h30m", inputs) == {
        "MCPCredentialFailing",
        "MCPClientConfigBroken",
        "MCPCredentialExpired",
    }


def test_could_not_find_out_is_told_when_it_lasts(tmp_path: Path) -> None:
    unclear = series(written(of_server(GITHUB, Status.UNKNOWN, "provider_down"), at=timedelta(hours=6)))
    assert alerts(tmp_path, "5h", unclear) == set()
    assert alerts(tmp_path, "7h", unclear) == {"MCPCredentialUnknown"}


def test_an_emergency_is_told_while_it_is_open_and_louder_when_it_is_over(tmp_path: Path) -> None:
    begun = incident("github", START + timedelta(minutes=1), START + timedelta(hours=1))
    inputs = series(written(incidents=(begun,)))
    assert alerts(tmp_path, "30m", inputs) == {"MCPEmergencyOpen"}
    assert alerts(tmp_path, "1h20m", inputs) == {"MCPEmergencyOpen", "MCPEmergencyNotClosed"}


def test_a_monitor_that_stopped_and_a_file_that_went_are_told(tmp_path: Path) -> None:
    up = [{"series": 'up{instance="desk:9100",job="node"}', "values": "1x2880"}]
    down = [{"series": 'up{instance="desk:9100",job="node"}', "values": "1x60 0x2880"}]
    stale = series(written())
    assert alerts(tmp_path, "4h", stale + up) == {"MCPDoctorStale"}
    gone = series(written(), "{}x60 stale")
    assert alerts(tmp_path, "50m", gone + up) == set()
    assert alerts(tmp_path, "2h", gone + up) == {"MCPDoctorSilent"}
    assert alerts(tmp_path, "2h", gone + down) == set()  # the host itself is off: other rules tell that


def test_an_old_backup_is_told(tmp_path: Path) -> None:
    later = timedelta(days=31)
    inputs = series(written(at=later, backups=1, newest_backup=START + timedelta(hours=1)), "{}x800")
    inputs = [each for each in inputs if "backup" in each["series"]]
    assert alerts(tmp_path, "30d", inputs, "1h") == set()
    assert alerts(tmp_path, "30d2h", inputs, "1h") == {"MCPBackupOld"}
