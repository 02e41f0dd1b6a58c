"""The fleet in words: the same for the screen, the plain table and Markdown."""

from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.model import HostState, Reached
from diagnostics.model import Status
from diagnostics.rollup import WORST_FIRST
from diagnostics.text import counted, listed

_TROUBLE = frozenset({Status.FAIL, Status.UNKNOWN, Status.WARN})

STATE = {
    Status.FAIL: "broken",
    Status.UNKNOWN: "unclear",
    Status.WARN: "warning",
    Status.OK: "ok",
    Status.SKIP: "nothing to ask",
}
"""Of hosts and servers; the signs' words."""
REACHED = {
    Reached.REACHABLE: "",
    Reached.UNREACHABLE: "could not be reached",
    Reached.FAILED: "gave no report",
}
REACHED_SHORT = {
    Reached.REACHABLE: "",
    Reached.UNREACHABLE: "unreachable",
    Reached.FAILED: "no report",
}


def age(seconds: float) -> str:
    """`12 minutes ago`; the future is now."""
    for size, noun in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= size:
            return f"{counted(int(seconds // size), noun)} ago"
    return "just now"


def summary(fleet: Fleet) -> Iterator[tuple[Status, str]]:
    """How many hosts are in which state, the worst first, each with its words; only what there is."""
    counts, without = fleet.counts(), fleet.without_report()
    for status, word in STATE.items():
        if counts.get(status):
            yield status, f"{counts[status]:,} {word}"
        if status is Status.FAIL and without:
            yield Status.UNKNOWN, f"{sum(without.values()):,} without report"


def totals(fleet: Fleet, now: float) -> str:
    """How much there is, and how old. In: seconds since the epoch."""
    said = f"{counted(len(fleet), 'host')}, {counted(fleet.servers, 'server')}."
    stale = fleet.stale(now)
    if stale:  # before the oldest: the app has one line for all of it
        said += f" {counted(stale, 'report')} over a week old or undated: gather again."
    oldest = fleet.oldest
    if oldest is not None and oldest.at is not None:
        said += f" Oldest: {oldest.name}, {age(now - oldest.at)}."
    return said


@dataclass(frozen=True, slots=True)
class Group:
    """Servers of one host of which the same words are true."""

    status: Status
    stage: str
    """The link at which it fails, "" where it is none of them."""
    cause: str
    title: str
    names: tuple[str, ...]

    def named(self, most: int = 4) -> str:
        """The servers; of many the first ones, and how many more there are."""
        return listed(self.names, most)


def groups(host: HostState) -> list[Group]:
    """What is not in order on a host, what is true of several servers once; the worst first."""
    found: dict[tuple[Status, str, str, str], list[str]] = {}
    for each in (*((host.own,) if host.own is not None else ()), *host.servers):
        if each.status in _TROUBLE:
            stage = each.stage.value if each.stage else ""
            found.setdefault((each.status, stage, each.cause, each.title), []).append(each.name)
    made = [Group(*key, tuple(names)) for key, names in found.items()]
    return sorted(made, key=lambda each: (WORST_FIRST.index(each.status), -len(each.names)))


def told_of(host: HostState) -> list[str]:
    """What is wrong with a host, a line a thing."""
    lines = [f"{REACHED[host.reached]}: {host.error}"] if host.words else []
    if host.error and not host.words:
        lines.append(host.error)
    for each in groups(host):
        place = f" at {each.stage}" if each.stage else ""
        cause = f" [{each.cause}]" if each.cause else ""
        lines.append(f"{each.named()}: {STATE[each.status]}{place}: {each.title}{cause}")
    return lines
