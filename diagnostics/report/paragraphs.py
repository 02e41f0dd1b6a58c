"""Findings that say the same in the same words, brought together: for people, who read a thing once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.model import Stage
from diagnostics.report import Report
from diagnostics.rollup import WORST_FIRST

_TOLD = ("fail", "unknown", "warn")
_STAGES = tuple(stage.value for stage in Stage)
_MOST_PLACES = 6
_MOST_EVIDENCE = 12


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One thing that is wrong, and everywhere it is."""

    findings: tuple[Mapping[str, Any], ...]
    """At least one; all with the same check, state, title, detail and fix. In the order of the servers."""

    @property
    def first(self) -> Mapping[str, Any]:
        """The finding whose words stand for all."""
        return self.findings[0]

    @property
    def where(self) -> str:
        """The servers, files and fields it is about; of many the first ones, and how many more there are."""
        places = list(dict.fromkeys(_place(each) for each in self.findings))
        fields = list(dict.fromkeys(each["reference"] or "" for each in self.findings))
        if len(places) == 1:
            return ", ".join([places[0], *_bounded([each for each in fields if each])])
        clients = {place.partition(":")[0] for place in places}
        of_servers = all(each["server"] for each in self.findings)
        lead = f"{len(places)} {'servers' if of_servers else 'places'}"
        if of_servers and len(clients) == 1:
            lead += f" of {clients.pop()}"
            places = [place.partition(":")[2] for place in places]
        if len(fields) > 1 and len(places) == len(self.findings) <= _MOST_PLACES:
            places = [
                f"{place} ({each['reference']})" if each["reference"] else place
                for place, each in zip(places, self.findings, strict=True)
            ]
        field = f" ({fields[0]})" if len(fields) == 1 and fields[0] else ""
        return f"{lead}{field}: {', '.join(_bounded(places))}"

    @property
    def evidence(self) -> list[str]:
        """What was seen, each line once; of many the first ones, and how many more there are."""
        lines = list(dict.fromkeys(line for each in self.findings for line in each["evidence"]))
        more = len(lines) - _MOST_EVIDENCE
        return lines if more <= 1 else [*lines[:_MOST_EVIDENCE], f"… and {more} more lines"]

    @property
    def to_fix(self) -> str:
        """What `mcp-doctor fix` is to be called with, "" where it has nothing to offer."""
        mendable = [each for each in self.findings if each["remedies"]]
        if not mendable:
            return ""
        return str(mendable[0]["id"] if len(mendable) == 1 else mendable[0]["check"])


def paragraphs(report: Report) -> list[list[Paragraph]]:
    """What fails, could not be found out or is warned of: failures first, each kind in the order of the path.

    Out: the paragraphs, those with the same title next to each other in one list.
    """
    place = {each["id"]: number for number, each in enumerate(report["servers"])}
    told = [each for each in report["findings"] if each["status"] in _TOLD]
    told.sort(
        key=lambda each: (
            _TOLD.index(each["status"]),
            _STAGES.index(each["stage"]),
            place.get(each["server"] or "", -1),
        )
    )
    titled: dict[tuple[str, ...], dict[tuple[str, ...], list[Mapping[str, Any]]]] = {}
    for each in told:
        variants = titled.setdefault((each["status"], each["check"], each["title"]), {})
        variants.setdefault((each["detail"], *each["fix"]), []).append(each)
    return [
        [Paragraph(tuple(found)) for found in sorted(variants.values(), key=len, reverse=True)]
        for variants in titled.values()
    ]


def worst_first(servers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The report's servers, the broken ones on top, otherwise as they came."""
    order = {state.value: number for number, state in enumerate(WORST_FIRST)}
    return sorted(servers, key=lambda each: order[each["status"]])


@dataclass(frozen=True, slots=True)
class ClientLine:
    """All servers of one client in a line."""

    client: str
    status: str
    """The worst of them."""
    words: str
    """How many are in which state; the few broken ones by name."""


def by_client(servers: Sequence[Mapping[str, Any]]) -> list[ClientLine]:
    """One line a client, the worst first."""
    order = [state.value for state in WORST_FIRST]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for each in servers:
        groups.setdefault(each["client"], []).append(each)
    lines = []
    for client, own in groups.items():
        counts = Counter(each["status"] for each in own)
        parts = []
        for state in (each for each in order if counts[each]):
            names = [each["name"] for each in own if each["status"] == state]
            named = f" ({', '.join(names)})" if state in _TOLD and len(names) <= 2 < len(own) else ""
            parts.append(f"{counts[state]} {state}{named}")
        worst = min((each["status"] for each in own), key=order.index)
        lines.append(ClientLine(client, worst, ", ".join(parts)))
    return sorted(lines, key=lambda each: order.index(each.status))


def _bounded(places: Sequence[str]) -> list[str]:
    more = len(places) - _MOST_PLACES
    return list(places) if more <= 1 else [*places[:_MOST_PLACES], f"and {more} more"]


def _place(finding: Mapping[str, Any]) -> str:
    return str(finding["server"] or file_of(finding) or "this host")


def file_of(finding: Mapping[str, Any]) -> str:
    """The config file that a finding is about, "" where it is about none."""
    if finding["stage"] != "config":
        return ""
    import re

    return re.sub(r":\d+$", "", str(finding["id"]).removeprefix(f"{finding['check']}:"))
