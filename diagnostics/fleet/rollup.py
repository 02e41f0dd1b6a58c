"""The state of every server of one report, counted anew from its findings: what a report says of itself is not believed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from diagnostics.fleet.envelope import shown
from diagnostics.fleet.model import ServerState
from diagnostics.model import Stage, Status
from diagnostics.rollup import WORST_FIRST
from diagnostics.text import listed

MOST_SERVERS = 2_000
MOST_FINDINGS = 50_000
OWN = "this host"
_RANKS = {status.value: number * 16 for number, status in enumerate(WORST_FIRST)}
_STATES = {number * 16: status for number, status in enumerate(WORST_FIRST)}
_STAGES = {stage.value: number for number, stage in enumerate(Stage)}
_STAGE_OF = tuple(Stage)
_UNASKED = 1 << 10
_TROUBLE = _RANKS[Status.WARN.value] + 15
_NOTHING: Mapping[str, Any] = {}


class _Tally:
    """The worst that was found of one subject. `key` is small for what is bad and comes early on the path."""

    __slots__ = ("finding", "key")

    def __init__(self) -> None:
        self.key = _UNASKED
        self.finding: Mapping[str, Any] = _NOTHING

    def note(self, key: int, finding: Mapping[str, Any]) -> None:
        if key < self.key:
            self.key, self.finding = key, finding

    def take(self, other: "_Tally | None") -> None:
        if other is not None:
            self.note(other.key, other.finding)


class _Server:
    """One server of the report, as far as it can be understood."""

    __slots__ = ("client", "name", "path", "says", "tally", "uses_store")

    def __init__(self, told: Mapping[str, Any]) -> None:
        name, client, path = told["name"], told["client"], told.get("path")
        if type(name) is not str or type(client) is not str:
            raise TypeError
        self.name, self.client = shown(name) or "(no name)", shown(client)
        self.path = path if type(path) is str else ""
        self.says = told.get("status")
        self.uses_store = any(each.get("syntax") == "secret" for each in told.get("references") or ())
        self.tally = _Tally()


class Rollup:
    """One report, added up.

    In: the report. Out: `servers` (worst first), `own` (what concerns no server) and `odd`: lines about what
    in it can't be right.
    """

    def __init__(self, report: Mapping[str, Any]) -> None:
        self.odd: list[str] = []
        self.unclear = False
        """Whether something could not be understood, so that no good state can be believed."""
        self._servers = self._read_servers(report.get("servers"))
        self._own, self._store = _Tally(), _Tally()
        self._files: dict[str, _Tally] = {}
        counts = self._read_findings(report.get("findings"))
        self._spread()
        self.servers = tuple(sorted((_state(each) for each in self._servers.values()), key=_worst_first))
        own = _state_of(self._own, OWN, "")
        self.own = own if self._own.key <= _TROUBLE else None
        self._hold_against(report.get("summary"), counts)

    def _read_servers(self, told: object) -> dict[str, _Server]:
        if not isinstance(told, list):
            self._not_understood("it lists no servers")
            return {}
        found: dict[str, _Server] = {}
        wrong = 0
        for each in told[:MOST_SERVERS]:
            try:
                found[each["id"] if type(each["id"]) is str else ""] = _Server(each)
            except (TypeError, KeyError, AttributeError, IndexError):
                wrong += 1
        wrong += "" in found
        found.pop("", None)
        if wrong:
            self._not_understood(f"{wrong} of its servers can't be understood")
        if len(told) > MOST_SERVERS:
            self._not_understood(f"it lists {len(told)} servers, of which {MOST_SERVERS} were looked at")
        return found

    def _read_findings(self, told: object) -> Counter[str]:
        if not isinstance(told, list):
            self._not_understood("it has no findings")
            return Counter()
        wrong = strangers = 0
        counts = [0] * len(WORST_FIRST)
        servers = self._servers
        for each in told[:MOST_FINDINGS]:
            try:
                rank = _RANKS[each["status"]]
                key = rank + _STAGES[each["stage"]]
                counts[rank >> 4] += 1
                named = each["server"]
                if named is None:
                    self._note_shared(key, each)
                elif named in servers:
                    tally = servers[named].tally
                    if key < tally.key:
                        tally.key, tally.finding = key, each
                else:
                    strangers += 1
                    self._own.note(key, each)
            except (TypeError, KeyError, AttributeError):
                wrong += 1
        if wrong:
            self._not_understood(f"{wrong} of its findings can't be understood")
        if strangers:
            self._not_understood(f"{strangers} of its findings are about servers that it does not list")
        if len(told) > MOST_FINDINGS:
            self._not_understood(f"it has {len(told)} findings, of which {MOST_FINDINGS} were looked at")
        return Counter({_STATES[number << 4].value: count for number, count in enumerate(counts)})

    def _note_shared(self, key: int, finding: Mapping[str, Any]) -> None:
        """A finding about the keychain, a config file, or the servers of it that it names."""
        concerns = finding.get("concerns")
        if isinstance(concerns, list):
            of = [
                self._servers[each].tally for each in concerns if type(each) is str and each in self._servers
            ]
            for tally in of or [self._own]:
                tally.note(key, finding)
            return
        path = file_of(finding)
        if path is None:
            self._store.note(key, finding)
        else:
            self._files.setdefault(path, _Tally()).note(key, finding)

    def _spread(self) -> None:
        """What is said of the keychain or of a file concerns the servers that rest on it, or else the host."""
        paths = {server.path for server in self._servers.values()}
        for server in self._servers.values():
            server.tally.take(self._files.get(server.path))
            if server.uses_store:
                server.tally.take(self._store)
        if not any(server.uses_store for server in self._servers.values()):
            self._own.take(self._store)
        for path, tally in self._files.items():
            if path not in paths:
                self._own.take(tally)

    def _hold_against(self, summary: object, counts: Counter[str]) -> None:
        """Whether what the report says of itself fits what it found."""
        if isinstance(summary, dict):
            wrong = [each for each in _RANKS if summary.get(each, 0) != counts[each]]
            if wrong:
                said = ", ".join(f"{summary.get(each, 0)!r:.12} {each}" for each in wrong)
                have = ", ".join(f"{counts[each]} {each}" for each in wrong)
                self.odd.append(
                    f"its summary says {shown(said)}, its findings are {have}: the findings count"
                )
        better = [
            each.name
            for each in self._servers.values()
            if type(each.says) is str
            and _RANKS.get(each.says, 0) > (each.tally.key & ~15)
            and each.tally.key < _RANKS[Status.OK.value]
        ]
        if better:
            self.odd.append(f"it calls {listed(better, 3)} better than its findings do: the findings count")

    def _not_understood(self, said: str) -> None:
        self.unclear = True
        self.odd.append(said)


def file_of(finding: Mapping[str, Any]) -> str | None:
    """The config file that a finding without a server is about; None = it is about the keychain.

    Reports name it. In those that don't, it stands in the finding's id: its check's, and behind a colon what it is
    about, which of the keychain is nothing, or a number.
    """
    if type(finding.get("path")) is str:
        return str(finding["path"])
    about = str(finding.get("id")).removeprefix(str(finding.get("check"))).removeprefix(":")
    if not about or about.isdigit():
        return None
    place, _, number = about.rpartition(":")
    return place if place and number.isdigit() else about


def _worst_first(server: ServerState) -> tuple[int, str, str]:
    return WORST_FIRST.index(server.status), server.name.casefold(), server.client


def _state(server: _Server) -> ServerState:
    return _state_of(server.tally, server.name, server.client)


def _state_of(tally: _Tally, name: str, client: str) -> ServerState:
    if tally.key == _UNASKED:
        return ServerState(name, client, Status.UNKNOWN, None, "", "Nothing was asked about this server.")
    status = _STATES[tally.key & ~15]
    if tally.key > _TROUBLE:
        return ServerState(name, client, status, None, "", "")
    title, cause = tally.finding.get("title"), tally.finding.get("cause")
    return ServerState(
        name,
        client,
        status,
        _STAGE_OF[tally.key & 15],
        shown(cause) if isinstance(cause, str) else "",
        shown(title) if isinstance(title, str) else "",
    )


def findings_of(report: Mapping[str, Any]) -> Sequence[Any]:
    """The report's findings as far as they are looked at; none where it has no list of them."""
    told = report.get("findings")
    return told[:MOST_FINDINGS] if isinstance(told, list) else ()
