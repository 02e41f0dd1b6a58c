"""One cell of the matrix: an operation, a fault, a point. What must hold afterwards is the same for all of them."""

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores.bus import BusError
from recovery.operation import Event
from recovery.outcome import Result
from recovery.runner import carry_out, resume
from recovery.steps.entry import TOKEN, SetEntry
from recovery.world import LocalWorld
from tests.recovery.faults.operations import Operation, Scene, a_remedy
from tests.recovery.faults.stage import PASSWORD, SECOND, Seen, Stage, Tree, journal_of
from tests.recovery.faults.strike import (
    LIMIT,
    Struck,
    die,
    hang_up,
    leaves_in_order,
    short_of_patience,
    strike,
)


@dataclass(frozen=True)
class Fault:
    """What befalls an operation."""

    name: str
    blow: Callable[["Prepared"], None]
    before: Callable[[], None] = lambda: None


def _second_instance(here: "Prepared") -> None:
    """Another doctor on the same home, at the same time: it is refused, or was there first."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        result = "broke off"
        try:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            host = here.scene.host
            remedy = a_remedy("second", SetEntry(SECOND, "one", "f" * 16), ask=TOKEN)
            journal = journal_of(host)
            told = "named" if journal.interrupted() else "silent"
            outcome = carry_out(remedy, {TOKEN: Secret("second")}, LocalWorld(host), journal)
            result = f"{outcome.result.value} {told}"
        finally:
            os.write(writing, result.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as end:
        here.said.append(end.read().decode())
    os.waitpid(pid, 0)


FAULTS = (
    Fault("killed", lambda _here: die()),
    Fault("hung up", lambda _here: hang_up(), leaves_in_order),
    Fault("disk full", lambda here: here.stage.fill()),
    Fault("read-only disk", lambda here: here.stage.make_read_only()),
    Fault("daemon killed", lambda here: here.stage.kill_daemon()),
    Fault("daemon stopped", lambda here: here.stage.stop_daemon(), short_of_patience),
    Fault("locked midway", lambda here: here.stage.lock()),
    Fault("second instance", _second_instance),
)
OF_THE_DAEMON = {"daemon killed", "daemon stopped", "locked midway"}


@dataclass
class Prepared:
    """An operation whose state is made, with what is seen before and after it where nothing befalls it."""

    stage: Stage
    scene: Scene
    tree: Tree
    watched: frozenset[bytes]
    before: Seen = ()
    after: Seen = ()
    points: list[str] = field(default_factory=list)
    copies: tuple[int, int] = (0, 0)
    """How many entries are kept for an undo, before and after."""
    said: list[str] = field(default_factory=list)

    @property
    def operation(self) -> Operation:
        return self.scene.operation

    @property
    def host(self) -> Host:
        return self.scene.host

    def put_back(self) -> None:
        """The state before it."""
        one = self.operation
        self.stage.put_back(self.tree, daemon=one.daemon, unlock=one.opened)
        one.again(self.stage)

    def seen(self) -> tuple[Seen, int]:
        """What is there now, the kernel's keyring too; and how many entries are kept for an undo."""
        if self.watched:
            self.stage.end_daemon()
            self.stage.start_daemon()
            with contextlib.suppress(BusError):
                self.stage.lab.unlock(PASSWORD)
        now, copies = self.stage.seen(self.host, self.watched)
        return (*now, self._held()), copies

    def _held(self) -> bool:
        if not self.operation.needs:
            return False
        from recovery.emergency import kernel_keyring
        from tests.recovery.faults.operations import INCIDENT

        return kernel_keyring.is_held(f"mcp-doctor:{INCIDENT}")


def prepare(stage: Stage, operation: Operation) -> Prepared:
    """Makes the state of an operation, and does it once with nothing befalling it."""
    stage.put_back({}, daemon=True, unlock=False)
    stage.lab.create_collection(PASSWORD)
    operation.arrange(stage)
    tree = stage.tree()
    names = [stage.lab.keyrings / each for each in operation.watched]
    watched = frozenset(each.read_bytes() for each in names)
    here = Prepared(stage, Scene(stage, operation, operation.host(stage)), tree, watched)
    here.put_back()
    if operation.plan is not None:
        here.scene.remedy, answers = operation.plan(stage, here.host)
        here.scene.answers = {name: Secret(value) for name, value in answers.items()}
    if operation.finishes is not None:
        here.scene.answers = {name: Secret(value) for name, value in operation.finishes.items()}
    here.put_back()
    before, copies = here.seen()
    done = strike(stage.lab.root, here.scene.do)
    assert done.result in {"", Result.DONE.value}, done.error
    after, copies_after = here.seen()
    here.before, here.after, here.points = before, after, done.points
    here.copies = (copies, copies_after)
    return here


def befall(here: Prepared, fault: Fault, at: int, *, finish: bool, inside_records: bool = False) -> Struck:
    """One cell. Raises AssertionError where it is neither as before nor as after, or the next start does not say so."""
    here.put_back()
    here.said = []
    struck = strike(
        here.stage.lab.root,
        here.scene.do,
        at,
        lambda: fault.blow(here),
        before=fault.before,
        inside_records=inside_records,
        said=here.said,
    )
    here.stage.heal()
    _bring_back_the_daemon(here)
    assert struck.seconds < LIMIT
    if struck.said:
        refused, named = struck.said[0].split()
        assert named == "silent" or here.operation.settled_by_undo or here.operation.finishes is not None, (
            struck.said
        )
        assert refused in {"refused", "done", "nothing-changed"}, struck.said
    settle(here, struck, finish=finish)
    return struck


def _bring_back_the_daemon(here: Prepared) -> None:
    """The person comes back: a daemon runs, and the keychain is open."""
    if not here.operation.daemon and not here.stage.lab.daemon_pid:
        return
    if not here.stage.lab.daemon_pid:
        here.stage.start_daemon()
    if here.operation.opened and here.stage.is_locked():
        here.stage.lab.unlock(PASSWORD)


def settle(here: Prepared, struck: Struck, *, finish: bool) -> None:
    """The next start: says what was cut off, finishes it or takes it back, and then all is as before or as after."""
    journal, world = journal_of(here.host), LocalWorld(here.host)
    finish = finish or here.operation.finishes is not None
    interrupted = journal.interrupted()
    named = [each.title for each in interrupted]
    if not interrupted:
        now, copies = here.seen()
        said = "half done, and the next start would say nothing"
        assert now in (here.before, here.after), (said, _differs(here, now))
    for operation in interrupted:
        outcome = resume(operation.id, world, journal, finish=finish, answers=here.scene.answers)
        back = operation.state is Event.UNDOING or not finish
        if (
            here.operation.one_way and back
        ):  # what is gone is gone; the person does it again, and it ends well
            again = here.scene.do()
            assert again is not None
            assert again.ok, again
            now, copies = here.seen()
            continue
        assert outcome.ok, (named, outcome)
        now, copies = here.seen()
        if here.operation.settled_by_undo:
            assert now == here.after, ("after taking back", _differs(here, now))
        elif here.operation.plan is not None:
            assert now == (here.before if back else here.after), (
                "taken back" if back else "finished",
                _differs(here, now),
            )
    assert now in (here.before, here.after), _differs(here, now)
    assert journal.interrupted() == []
    assert journal.verify() == []
    if now == here.before and here.before != here.after:
        assert copies == here.copies[0], (copies, here.copies)
    elif now == here.after and here.operation.settled_by_undo:
        assert copies == here.copies[1], (copies, here.copies)


def _differs(here: Prepared, now: Seen) -> str:
    lines = []
    for name, known in (("before", here.before), ("after", here.after)):
        for old, new in zip(known, now, strict=False):
            if old != new:
                lines.append(f"{name}: {_shown(old)}\n   now: {_shown(new)}")
    return "\n".join(lines)


def _shown(what: object) -> str:
    return repr(what)[:1500]
