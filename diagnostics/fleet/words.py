"""The fleet in words: the same for the screen, the plain table and Markdown."""

from collections.abc import Iterator

from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.model import HostState, Reached
from diagnostics.model import Status

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


def counted(count: int, noun: str) -> str:
    """`1 host`, `3 hosts`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


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
        if status is Status.FAIL:
            for reached, words in REACHED.items():
                if without.get(reached):
                    yield Status.UNKNOWN, f"{without[reached]:,} {words}"


def totals(fleet: Fleet, now: float) -> str:
    """How much there is, and how old. In: seconds since the epoch."""
    said = f"{counted(len(fleet), 'host')}, {counted(fleet.servers, 'server')}."
    oldest = fleet.oldest
    if oldest is not None and oldest.at is not None:
        said += f" Oldest answer: {oldest.name}, {age(now - oldest.at)}."
    return said


def told_of(host: HostState) -> list[str]:
    """What is wrong with a host, a line a thing; servers with the same words in one."""
    lines = [f"{REACHED[host.reached]}: {host.error}"] if host.words else []
    if host.error and not host.words:
        lines.append(host.error)
    groups: dict[tuple[Status, str, str, str], list[str]] = {}
    for each in (*host.servers, *((host.own,) if host.own is not None else ())):
        if each.status in {Status.FAIL, Status.UNKNOWN, Status.WARN}:
            stage = each.stage.value if each.stage else ""
            groups.setdefault((each.status, stage, each.cause, each.title), []).append(each.name)
    for (status, stage, cause, title), names in groups.items():
        named = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        place = f" at {stage}" if stage else ""
        lines.append(f"{named}: {STATE[status]}{place}: {title}" + (f" [{cause}]" if cause else ""))
    return lines
