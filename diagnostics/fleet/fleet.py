"""All hosts together: ranked, counted, searched. No I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from diagnostics.fleet.model import HostState, Reached, ServerState, Trouble
from diagnostics.fleet.reading import Item
from diagnostics.model import Status
from diagnostics.rollup import WORST_FIRST

MOST_COLUMNS = 200
"""Servers by name that the matrix has; a host's own list has all."""
STALE = 7 * 86400.0
"""Seconds after which a report counts as old."""
_WORDS = {
    Status.OK: "ok",
    Status.WARN: "warn warning",
    Status.FAIL: "fail broken",
    Status.SKIP: "skip",
    Status.UNKNOWN: "unknown unclear",
}
_ORDER = {status: number for number, status in enumerate(WORST_FIRST)}


class Fleet:
    """Takes what is read, item by item."""

    def __init__(self) -> None:
        self._hosts: dict[str, HostState] = {}
        self._lines: dict[str, str] = {}
        """By host, what a filter looks at: a line about it and one a server."""
        self._states: dict[str, list[int]] = {}
        """By a server's name: on how many hosts it is in which state, in the order of `WORST_FIRST`."""
        self._columns: list[str] | None = None
        self.troubles: list[Trouble] = []
        self.servers = 0
        """Servers on all hosts."""

    def take(self, items: Iterable[Item]) -> None:
        """More of it. Of two reports with one host's name the newer counts."""
        self._columns = None
        for item in items:
            if isinstance(item, Trouble):
                self.troubles.append(item)
                continue
            old = self._hosts.get(item.name)
            if old is not None:
                newer = max(old, item, key=lambda each: (each.at or 0.0, str(each.source.path)))
                said = f"{item.name} is there twice ({old.source.path.name} too): the newer one counts"
                self.troubles.append(Trouble(item.source.path.name, said, lost=False))
                if newer is old:
                    continue
                self._count(old, -1)
            self._hosts[item.name] = item
            self._lines.pop(item.name, None)
            self._count(item, 1)

    def _count(self, host: HostState, by: int) -> None:
        self.servers += by * len(host.servers)
        for each in host.servers:
            counts = self._states.get(each.name)
            if counts is None:
                counts = self._states[each.name] = [0] * len(WORST_FIRST)
            counts[_ORDER[each.status]] += by

    def __len__(self) -> int:
        return len(self._hosts)

    def host(self, name: str) -> HostState | None:
        """The host of this name."""
        return self._hosts.get(name)

    def hosts(self, words: str = "") -> list[HostState]:
        """The hosts, worst first. In: what was typed; every word must occur in one line about the host or a server."""
        wanted = words.casefold().split()
        found = [each for each in self._hosts.values() if not wanted or self._fits(each, wanted)]
        found.sort(key=_rank)
        return found

    def fits(self, host: HostState, server: ServerState, words: str) -> bool:
        """Whether what was typed is about this server of the host (or about the host itself)."""
        wanted = words.casefold().split()
        return all(word in _line(host, server) for word in wanted)

    def columns(self) -> Sequence[str]:
        """The servers' names, those that fail on most hosts first; at most `MOST_COLUMNS`."""
        if self._columns is None:
            found = [name for name, counts in self._states.items() if any(counts)]
            found.sort(key=lambda name: ([-each for each in self._states[name]], name.casefold()))
            self._columns = found[:MOST_COLUMNS]
        return self._columns

    def counts(self) -> Mapping[Status, int]:
        """How many hosts with a report are in which state."""
        return Counter(each.status for each in self._hosts.values() if each.reached is Reached.REACHABLE)

    def without_report(self) -> Mapping[Reached, int]:
        """How many hosts could not be reached, and how many gave no report."""
        return Counter(each.reached for each in self._hosts.values() if each.reached is not Reached.REACHABLE)

    def causes(self) -> list[tuple[str, int]]:
        """The causes of what fails, with the number of hosts that have each; the most frequent first."""
        found = Counter(
            cause
            for host in self._hosts.values()
            for cause in {each.cause for each in host.servers if each.status is Status.FAIL and each.cause}
        )
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))

    @property
    def oldest(self) -> HostState | None:
        """The host whose report is the oldest."""
        dated = [each for each in self._hosts.values() if each.at is not None]
        return min(dated, key=lambda each: each.at or 0.0, default=None)

    def stale(self, now: float) -> int:
        """How many hosts' reports are so old, or of no told age, that they say nothing of today. In: seconds since the epoch."""
        return sum(
            each.reached is Reached.REACHABLE and (each.at is None or now - each.at > STALE)
            for each in self._hosts.values()
        )

    @property
    def lost(self) -> int:
        """Files, or parts of them, that could not be read."""
        return sum(each.lost for each in self.troubles)

    def exit_code(self, fail_on: str = "fail") -> int:
        """1 something fails on a host (with `fail_on="warn"` also a warning), 3 of something nothing is known, else 0."""
        states = {each.status for each in self._hosts.values()}
        if Status.FAIL in states or (fail_on == "warn" and Status.WARN in states):
            return 1
        return 3 if Status.UNKNOWN in states or self.lost else 0

    def _fits(self, host: HostState, wanted: Sequence[str]) -> bool:
        lines = self._lines.get(host.name)
        if lines is None:
            own = (host.own,) if host.own is not None else ()
            lines = "\n".join((_of_host(host), *(_line(host, each) for each in (*host.servers, *own))))
            self._lines[host.name] = lines
        if not all(word in lines for word in wanted):
            return False  # most hosts, at once
        return len(wanted) == 1 or any(all(word in line for word in wanted) for line in lines.split("\n"))


def _rank(host: HostState) -> tuple[int, int, int, str]:
    return _ORDER[host.status], -host.failing, host.reached is Reached.REACHABLE, host.name.casefold()


def _of_host(host: HostState) -> str:
    return f"{host.name} {_WORDS[host.status]} {host.words} {host.error}".casefold()


def _line(host: HostState, server: ServerState) -> str:
    stage = server.stage.value if server.stage else ""
    told = f"{host.name} {server.name} {server.client} {_WORDS[server.status]} {stage} {server.cause}"
    return told.casefold()
