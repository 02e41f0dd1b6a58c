"""The report in Prometheus' text format, for node_exporter's textfile collector.

Names and units are by Prometheus' conventions: gauges without `_total`, times as `_timestamp_seconds`, a state as a
set of which one series is 1. `unknown` is a state of that set, so nothing that could not be found out looks like ok.
Labels name clients and servers; the names of entries and variables stand there only when they were asked for.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from diagnostics import __version__
from diagnostics.expiry import moment_of
from diagnostics.model import Stage, Status
from diagnostics.report import Report
from diagnostics.report.measures import Measures
from diagnostics.rollup import worst
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

_LONGEST = 200
"""Characters of a label's value."""

Labels = tuple[tuple[str, str], ...]


@dataclass
class _Family:
    """One metric with its series, by their labels: none comes twice."""

    name: str
    help: str
    series: dict[Labels, float] = field(default_factory=dict)

    def put(self, value: float, labels: Mapping[str, str] | None = None) -> None:
        self.series[_labels(labels)] = value

    def lines(self, common: Labels) -> Iterator[str]:
        if not self.series:
            return
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} gauge"
        for labels, value in sorted(self.series.items()):
            told = ",".join(f'{name}="{_escaped(text)}"' for name, text in (*common, *labels))
            yield self.name + (f"{{{told}}}" if told else "") + f" {_number(value)}"


def render(report: Report, measures: Measures | None = None, *, label_names: bool = False) -> str:
    """Text for a collector, always in the same order.

    In: `measures` what else was measured, None = nothing (then no series names the user); `label_names` = also a series for each reference, with its
    field and the name of its entry as labels.
    """
    told = measures or Measures()
    families = [
        *_run(report, told),
        _findings(report),
        _state_set(
            "mcp_doctor_client_status",
            "Whether the config files of a client can be read: 1 for the state that holds, the worst of its files.",
            (({"client": each["client"]}, each["status"]) for each in report["clients"]),
        ),
        _state_set(
            "mcp_doctor_server_status",
            "State of a server's credentials: 1 for the one that holds. unknown = it could not be found out.",
            ((_of_server(each), each["status"]) for each in report["servers"]),
        ),
        *(_references(report) if label_names else ()),
        _expiries(report, label_names=label_names),
        *_backups(told),
        *_emergencies(told),
    ]
    common = _labels({"user": told.user} if told.user else None)
    return "".join(f"{line}\n" for family in families for line in family.lines(common))


def _run(report: Report, measures: Measures) -> Iterator[_Family]:
    build = _Family("mcp_doctor_build_info", "The version that made this; always 1.")
    build.put(1, {"version": __version__})
    yield build
    host = _Family(
        "mcp_doctor_host_info", "The system and the kind of session that were looked at; always 1."
    )
    host.put(1, {name: report["host"][name] for name in ("platform", "session")})
    yield host
    at = _Family("mcp_doctor_last_run_timestamp_seconds", "When the checks were last asked, Unix time.")
    at.put(_unix(report["generated_at"]))
    yield at
    took = _Family("mcp_doctor_last_run_duration_seconds", "How long the last run took.")
    if measures.seconds is not None:
        took.put(measures.seconds)
    yield took


def _findings(report: Report) -> _Family:
    """A series for every stage and state, also where it is 0, and one more for every cause that was found."""
    family = _Family(
        "mcp_doctor_findings",
        "Findings of the last run by stage, status and cause (empty where there is none).",
    )
    for stage in Stage:
        for status in Status:
            family.put(0, {"stage": stage.value, "status": status.value, "cause": ""})
    counts = Counter((each["stage"], each["status"], each["cause"] or "") for each in report["findings"])
    for (stage, status, cause), count in counts.items():
        family.put(count, {"stage": stage, "status": status, "cause": cause})
    return family


def _state_set(name: str, words: str, states: Iterable[tuple[Mapping[str, str], str]]) -> _Family:
    """Five series each, of which one is 1. What has the same labels counts once, by its worst state."""
    found: dict[Labels, list[Status]] = {}
    for labels, status in states:
        found.setdefault(_labels(labels), []).append(Status(status))
    family = _Family(name, words)
    for key, several in found.items():
        holds = worst(several)
        for each in Status:
            family.put(each is holds, {**dict(key), "status": each.value})
    return family


def _references(report: Report) -> Iterator[_Family]:
    servers = {each["id"]: each for each in report["servers"]}
    names = _names(report)
    states: dict[tuple[str, str], list[str]] = {
        (server["id"], each["field"]): [] for server in report["servers"] for each in server["references"]
    }
    for each in report["findings"]:
        key = (each["server"], each["reference"])
        if key in states:
            states[key].append(each["status"])
    yield _state_set(
        "mcp_doctor_reference_status",
        "State of one reference of a server's config: 1 for the one that holds.",
        (
            ({**_of_server(servers[server]), "field": place, "name": names.get((server, place), "")}, status)
            for (server, place), found in states.items()
            for status in found or [Status.SKIP.value]
        ),
    )


def _expiries(report: Report, *, label_names: bool) -> _Family:
    """The first end that is known, for each server (with names: for each of its references)."""
    family = _Family(
        "mcp_doctor_credential_expiry_timestamp_seconds",
        "When the first of a server's credentials ends that nothing renews, Unix time; absent where no end is known.",
    )
    servers = {each["id"]: each for each in report["servers"]}
    names = _names(report)
    for each in report["findings"]:
        ends = moment_of(each.get("expires_at"))
        server = servers.get(each["server"])
        if ends is None or server is None:
            continue
        labels = _of_server(server)
        if label_names:
            place = each["reference"] or ""
            labels |= {"field": place, "name": names.get((each["server"], place), "")}
        earlier = family.series.get(_labels(labels))
        family.put(min(ends.timestamp(), earlier or ends.timestamp()), labels)
    return family


def _backups(measures: Measures) -> Iterator[_Family]:
    count = _Family("mcp_doctor_backups", "Backups in the folder that they go to by default.")
    if measures.backups is not None:
        count.put(measures.backups)
    yield count
    newest = _Family(
        "mcp_doctor_backup_newest_timestamp_seconds", "When the newest backup was made, Unix time."
    )
    if measures.newest_backup is not None:
        newest.put(measures.newest_backup.timestamp())
    yield newest


def _emergencies(measures: Measures) -> Iterator[_Family]:
    is_open = _Family(
        "mcp_doctor_emergency_incidents_open", "Emergency incidents that were begun and are not closed."
    )
    begun = _Family(
        "mcp_doctor_emergency_begin_timestamp_seconds",
        "When the oldest open incident of a server began, Unix time.",
    )
    ends = _Family(
        "mcp_doctor_emergency_end_timestamp_seconds",
        "When the last emergency token of a server is gone, Unix time. Passed = the incident waits to be closed.",
    )
    if measures.incidents is not None:
        is_open.put(len(measures.incidents))
        for each in measures.incidents:
            labels = {"server": each.server}
            for family, text, choose in ((begun, each.began, min), (ends, each.ends, max)):
                at = _unix(text)
                if at > 0:
                    family.put(choose(at, family.series.get(_labels(labels), at)), labels)
    yield from (is_open, begun, ends)


def _of_server(server: Mapping[str, Any]) -> dict[str, str]:
    """A server's labels: its client, and its name with the number that tells two of the same name apart."""
    client = str(server["client"])
    return {"client": client, "server": str(server["id"]).removeprefix(f"{client}:")}


def _names(report: Report) -> dict[tuple[str, str], str]:
    """Server id and field -> what is referred to there; a field may hold several references."""
    found: dict[tuple[str, str], list[str]] = {}
    for server in report["servers"]:
        for each in server["references"]:
            found.setdefault((server["id"], each["field"]), []).append(each["name"] or "")
    return {key: ", ".join(filter(None, names)) for key, names in found.items()}


def _labels(labels: Mapping[str, str] | None) -> Labels:
    return tuple((name, mask_pasted(clean(text, _LONGEST))) for name, text in (labels or {}).items())


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"


def _unix(text: str) -> float:
    """Unix time of an ISO 8601 text, UTC where it names no zone; 0 where it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
