"""What is known so far: rows on the left, the links of each row's path, the findings behind them. No I/O, no widgets."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnostics.model import ClientFile, Finding, Server, Stage, Status
from diagnostics.rollup import uses_store, worst
from diagnostics.text import clean
from tui.messages import Asked, Item

if TYPE_CHECKING:
    from diagnostics.context import Context

STORE_ROW = "store"
_ORDER = {
    Status.FAIL: 0,
    Status.UNKNOWN: 1,
    Status.WARN: 2,
    None: 3,
    Status.OK: 4,
    Status.SKIP: 5,
}
_STAGES = tuple(Stage)
_WAITS = "runner.waits"
_NOT_ASKED = {
    "runner.not-asked-to-start": "not started (s starts it)",
    "runner.offline": "not asked: --offline was given",
    "runner.not-needed": "not needed here",
    "runner.other-store": "not needed here",
}
"""Why the runner itself did not ask, in the few words that a link has room for."""
_HANDSHAKE = "start.handshake"
"""The check that decides about `start`: a command that is there, but was not started, is not yet a green link."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list: a server, a file that names none, or the keychain where no server uses it."""

    key: str
    title: str
    place: str
    """Where it stands: the client's name."""
    path: str = ""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a row's path."""

    stage: Stage
    status: Status | None
    """None = not asked yet."""
    asking: bool
    findings: tuple[Finding, ...]
    """Worst first."""
    rests_on: Stage | None = None
    """The broken link before it, if there is one."""

    @property
    def words(self) -> str:
        """Few words: the worst finding's title, or why nothing was asked; "" while nothing is known."""
        outcome = self.findings[0].outcome if self.findings else ""
        if outcome == _WAITS:
            return f"waits for {self.rests_on.value}" if self.rests_on else "waits for another link"
        if outcome in _NOT_ASKED:
            return _NOT_ASKED[outcome]
        if self.findings:
            return self.findings[0].title
        if self.status is Status.SKIP and self.rests_on is None:
            return "not needed here"
        return ""


class Board:
    """Takes a run's findings as they come and says what the screen shows. Used on the event loop only."""

    def __init__(self) -> None:
        self.run = 0
        self.running = False
        self.context: Context | None = None
        self.asked: Asked | None = None
        self.total = 0
        self.partial = False
        """Whether the last run asked only some checks again."""
        self.said = ""
        """Why the last run broke off, "" otherwise."""
        self.findings: dict[str, Finding] = {}
        self._rows: dict[str, Row] = {}
        self._servers: dict[str, Server] = {}
        self._by_path: dict[str, list[str]] = {}
        self._on_store: list[str] = []
        self._of_row: dict[str, dict[str, Finding]] = {}
        self._states: dict[str, Status | None] = {}
        self._titles: Counter[str] = Counter()
        self._waiting: frozenset[str] = frozenset()
        self._number = 0

    def begin(
        self,
        run: int,
        context: "Context",
        total: int,
        again: frozenset[str] | None = None,
        only: frozenset[str] | None = None,
    ) -> None:
        """A run has read the configs.

        In: `again` the ids of the checks that are asked (None = all), `only` the servers it is about (None = all);
        findings outside of both stay.
        """
        self.run, self.running, self.context, self.total = run, True, context, total
        self.asked, self.said, self.partial = None, "", again is not None
        kept = [
            each
            for each in self.findings.values()
            if again is not None
            and (each.check not in again or (only is not None and each.server not in only))
        ]
        self._waiting = frozenset(_STAGES) if again is None else _stages_of(again)
        self._lay_out(context)
        self.findings = {}
        for finding in kept:
            self._note(finding)

    def take(self, items: Iterable[Item]) -> None:
        """A batch of the running run's questions and answers."""
        for item in items:
            if isinstance(item, Asked):
                self.asked = item
            else:
                self._note(item)

    def end(self, said: str = "") -> None:
        """The run is over; `said` says why it broke off."""
        self.running, self.asked, self.said = False, None, said

    def rows(self, words: str = "") -> list[Row]:
        """The rows, worst first; in: what was typed into the search (every word must occur)."""
        wanted = words.casefold().split()
        found = [row for row in self._rows.values() if not wanted or self._fits(row, wanted)]
        found.sort(key=lambda row: (_ORDER[self.state(row.key)], row.title.casefold(), row.key))
        return found

    def shares_its_name(self, row: Row) -> bool:
        """Whether another row has the same title, so that only the place tells the two apart."""
        return self._titles[row.title] > 1

    def row(self, key: str) -> Row | None:
        """The row with this key."""
        return self._rows.get(key)

    def server(self, key: str) -> Server | None:
        """The server behind a row."""
        return self._servers.get(key)

    def state(self, key: str) -> Status | None:
        """The worst of a row's findings; None while there is none."""
        if key not in self._states:
            found = self._of_row.get(key, {})
            self._states[key] = worst(each.status for each in found.values()) if found else None
        return self._states[key]

    def broken_stage(self, key: str) -> Stage | None:
        """The first link of the path that gives the row its state; None while all is well or unasked."""
        state = self.state(key)
        if state not in {Status.FAIL, Status.UNKNOWN, Status.WARN}:
            return None
        stages = {each.stage for each in self._of_row[key].values() if each.status is state}
        return next((stage for stage in _STAGES if stage in stages), None)

    def links(self, key: str) -> tuple[Link, ...]:
        """The eight links of a row's path, in order."""
        by_stage: dict[Stage, list[Finding]] = {stage: [] for stage in _STAGES}
        for finding in self._of_row.get(key, {}).values():
            by_stage[finding.stage].append(finding)
        found: list[Link] = []
        broken: Stage | None = None
        for stage in _STAGES:
            link = self._link(stage, by_stage[stage], broken)
            found.append(link)
            broken = broken or (stage if link.status is Status.FAIL else None)
        return tuple(found)

    def counts(self) -> Mapping[Status | None, int]:
        """How many rows are in which state."""
        found: dict[Status | None, int] = {}
        for key in self._rows:
            state = self.state(key)
            found[state] = found.get(state, 0) + 1
        return found

    @property
    def is_bare(self) -> bool:
        """Whether all was looked at and no server, and no broken config, was found."""
        return self.context is not None and not self.running and self._rows.keys() <= {STORE_ROW}

    @property
    def files(self) -> Sequence[ClientFile]:
        """The config files that were looked for."""
        return self.context.files if self.context is not None else ()

    def _link(self, stage: Stage, found: list[Finding], broken: Stage | None) -> Link:
        now = _STAGES.index(self.asked.stage) if self.asked is not None else -1
        here = _STAGES.index(stage)
        to_come = self.running and stage in self._waiting
        found.sort(
            key=lambda each: (
                _ORDER[each.status],
                each.server is None,
                each.reference is not None,  # what is said of the whole server comes first
                each.check,
                each.id,
            )
        )
        if found:
            status: Status | None = worst(each.status for each in found)
        else:
            status = None if (to_come and here >= now) or self.context is None else Status.SKIP
        if stage is Stage.START and status is Status.OK:
            found.sort(key=lambda each: each.check != _HANDSHAKE)
            status = found[0].status if found[0].check == _HANDSHAKE else status
        if stage is Stage.VALIDITY and status is Status.OK:
            # That the clocks agree says nothing about a token which nobody was asked about.
            own = [each for each in found if each.server is not None]
            if own and all(each.status is Status.SKIP for each in own):
                found.sort(key=lambda each: each.server is None)
                status = Status.SKIP
        return Link(stage, status, to_come and here == now, tuple(found), broken)

    def _note(self, finding: Finding) -> None:
        self.findings[finding.id + finding.outcome] = finding
        for key in self._concerned(finding):
            self._of_row.setdefault(key, {})[finding.id + finding.outcome] = finding
            self._states.pop(key, None)

    def _concerned(self, finding: Finding) -> Sequence[str]:
        if finding.server is not None:
            return (finding.server,) if finding.server in self._rows else ()
        if finding.subject.startswith("store:"):
            if not self._on_store and finding.status is not Status.SKIP:
                self._rows.setdefault(
                    STORE_ROW, Row(STORE_ROW, "this computer's keychain", "no server uses it")
                )
            return self._on_store or (STORE_ROW,)
        path = finding.path or ""
        if finding.concerns is not None:
            own = [each for each in finding.concerns if each in self._rows]
            return own or self._file_row(path, finding.status)
        if path in self._by_path:
            return self._by_path[path]
        return self._file_row(path, finding.status)

    def _file_row(self, path: str, status: Status) -> Sequence[str]:
        """The row of a config file itself, for what is wrong with it and concerns none of its servers."""
        key = f"file:{path}"
        if key not in self._rows and status in {Status.FAIL, Status.WARN, Status.UNKNOWN}:
            client = next((each.client for each in self.files if str(each.path) == path), "")
            name = path.replace("\\", "/").rsplit("/", 1)[-1]
            self._rows[key] = Row(key, clean(name, 80), clean(client, 40), path)
        return (key,) if key in self._rows else ()

    def _lay_out(self, context: "Context") -> None:
        self._rows, self._servers, self._by_path, self._on_store = {}, {}, {}, []
        self._of_row, self._states = {}, {}
        self._titles = Counter(clean(server.name, 80) for server in context.servers)
        for server in context.servers:
            self._servers[server.id] = server
            self._rows[server.id] = Row(
                server.id,
                clean(server.name, 80) or "(no name)",
                clean(server.client, 40),
                clean(str(server.path), 300),
                server.disabled,
            )
            self._by_path.setdefault(str(server.path), []).append(server.id)
            if uses_store(server):
                self._on_store.append(server.id)

    def _fits(self, row: Row, wanted: Sequence[str]) -> bool:
        from tui.faces import FACES

        text = f"{row.title} {row.place} {FACES[self.state(row.key)].word} {self.broken_stage(row.key) or ''}".casefold()
        return all(word in text for word in wanted)


def _stages_of(checks: frozenset[str]) -> frozenset[Stage]:
    return frozenset(Stage(each.split(".", 1)[0]) for each in checks)
