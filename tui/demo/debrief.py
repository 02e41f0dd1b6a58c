"""After a drill: whether its goal is reached, what was done, and what a careful engineer would have done.

Nothing is taken on trust: the checks are asked again, entries and files are looked at, and what was done is read from
the sandbox's own audit trail.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from diagnostics.model import Finding, Status
from diagnostics.text import clean, counted
from tui.demo.drill import Practice, minutes_and_seconds
from tui.demo.scenario import Condition, Slip

if TYPE_CHECKING:
    from diagnostics.context import Context
    from recovery.journal import Journal, Operation
    from tui.session import DoctorSession

_WIDTH = 78
_TROUBLE = {Status.FAIL, Status.UNKNOWN}
_OWN_CHECKS = {"backend.emergency"}
"""They speak of an incident, not of the path."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was to be reached."""

    words: str
    holds: bool | None
    """None = it can't be found out as things stand (a locked keychain shows nothing)."""

    @property
    def sign(self) -> str:
        """For plain text."""
        return {True: "[x]", False: "[ ]", None: "[?]"}[self.holds]


@dataclass(frozen=True, slots=True)
class Debrief:
    """The account of a drill. Plain words, safe to show."""

    title: str
    points: tuple[Point, ...]
    slips: tuple[str, ...]
    """What should not have been done, and was; why."""
    done: tuple[str, ...]
    """What was done, in order."""
    careful: tuple[str, ...]
    seconds: float
    minutes: int
    hints_taken: int
    hints: int
    record: str
    """Whether the trail of the drill holds."""

    @property
    def is_reached(self) -> bool:
        """Whether every point is known to hold."""
        return all(each.holds is True for each in self.points)

    @property
    def verdict(self) -> str:
        """In one line."""
        if self.is_reached:
            return "The goal is reached, but see below." if self.slips else "The goal is reached."
        return "The goal is not reached."

    @property
    def time(self) -> str:
        """Time and hints in one line."""
        hints = f"{self.hints_taken} of {self.hints} hints" if self.hints_taken else "no hint"
        usual = counted(self.minutes, "minute")
        return f"{minutes_and_seconds(self.seconds)}, {hints}. Who knows the way takes about {usual}."


def judge(practice: Practice, session: "DoctorSession") -> Debrief:
    """Looks at everything afresh. Takes as long as the checks do: call it off the event loop.

    Raises:
        RecoveryError: the drill's audit trail can't be read.
    """
    from diagnostics.runner import diagnose
    from recovery.journal import Journal

    context = session.look()
    findings = list(diagnose(context))
    journal = Journal(session.host)
    operations = [each for each in journal.operations() if _since(practice, each.at) is not None]
    look = _Look(practice, context, findings, operations, journal)
    examined = journal.examine()
    drill = practice.drill
    made = Debrief(
        title=practice.scenario.title,
        points=tuple(Point(each.words, look.holds(each)) for each in drill.must),
        slips=tuple(each.words for each in drill.must_not if look.was_done(each)),
        done=tuple(_in_order(practice, operations)),
        careful=drill.careful,
        seconds=practice.seconds,
        minutes=drill.minutes,
        hints_taken=practice.hints_taken,
        hints=len(drill.hints),
        record="The record of it holds." if examined.holds else "The record of it does NOT hold.",
    )
    practice.is_reached = made.is_reached
    practice.debrief = made
    return made


def as_text(debrief: Debrief) -> str:
    """For standard output, to keep."""
    out = [f"Debrief: {debrief.title}", "", *_wrapped("", f"{debrief.verdict} {debrief.time}"), ""]
    for point in debrief.points:
        out += _wrapped(f"  {point.sign} ", point.words)
    if debrief.slips:
        out += ["", "What should not have been done:"]
        for slip in debrief.slips:
            out += _wrapped("  ! ", slip)
    out += ["", "What you did:"]
    for deed in debrief.done or ("nothing was changed",):
        out += _wrapped("  ", deed)
    out += [f"  {debrief.record}", "", "What a careful engineer would have done:"]
    for number, deed in enumerate(debrief.careful, 1):
        out += _wrapped(f"  {number}. ", deed)
    return "\n".join(out) + "\n"


def _wrapped(before: str, words: str) -> list[str]:
    return textwrap.wrap(words, _WIDTH, initial_indent=before, subsequent_indent=" " * len(before))


@dataclass(frozen=True, slots=True)
class _Look:
    """What the sandbox shows now."""

    practice: Practice
    context: "Context"
    findings: Sequence[Finding]
    operations: "Sequence[Operation]"
    journal: "Journal"

    def holds(self, condition: Condition) -> bool | None:
        """Whether it is true now; None = that can't be seen."""
        if condition.server:
            return self._path_holds(condition)
        if condition.entry:
            return self._entry_holds(condition)
        if condition.file:
            return self._file_lacks(condition)
        if condition.operation:
            from recovery.journal import Event

            return any(
                each.remedy == condition.operation and each.state is Event.DONE for each in self.operations
            )
        return self._incident_is(condition.incident)

    def was_done(self, slip: Slip) -> bool:
        """Whether it was done, be it that it was taken back later."""
        from recovery.journal import Event

        done = {Event.DONE, Event.UNDONE, Event.FORGOTTEN}
        remedies = {each.remedy for each in self.operations if each.state in done}
        deeds = {deed.id for _, deed in self.practice.deeds}
        return bool(remedies.intersection(slip.operations)) or slip.deed in deeds

    def _path_holds(self, condition: Condition) -> bool:
        ids = {each.id for each in self.context.servers if each.name == condition.server}
        about = [
            each
            for each in self.findings
            if (each.server in ids or (each.server is None and each.subject.startswith("store:")))
            and each.check not in _OWN_CHECKS
        ]
        if not condition.check:
            return bool(ids) and not any(each.status in _TROUBLE for each in about)
        asked = [each for each in about if each.check == condition.check]
        if condition.proven and not any(each.status is Status.OK for each in asked):
            return False
        return not any(each.status in {*_TROUBLE, Status.WARN} for each in asked)

    def _entry_holds(self, condition: Condition) -> bool | None:
        from diagnostics.secret import Secret
        from diagnostics.stores import StoreError

        try:
            found = self.context.entries_named(condition.entry)
        except StoreError:
            return None
        default = self.context.store.state().default
        if default is not None and default.locked:
            return None
        wanted = Secret(self.practice.scenario.tokens[condition.holds].text)
        return [each.secret for each in found] == [wanted]

    def _file_lacks(self, condition: Condition) -> bool:
        try:
            text = (self.context.host.home / condition.file).read_text("utf-8")
        except OSError:
            return False
        return self.practice.scenario.tokens[condition.lacks].text not in text

    def _incident_is(self, wanted: str) -> bool:
        from recovery.emergency.incident import incidents
        from recovery.emergency.report import folder

        host = self.context.host
        found = incidents(host, self.journal)
        if wanted == "served":
            return any(each.served for each in found)
        reports = {each.name for each in folder(host).glob("incident-*.md")}
        return bool(found) and all(
            not each.is_open and each.token_revoked and f"incident-{each.id}.md" in reports
            for each in found
            if each.state != "taken back"
        )


def _in_order(practice: Practice, operations: "Sequence[Operation]") -> Iterator[str]:
    """Operations and deeds, by time."""
    told = [(_since(practice, each.at) or 0.0, _told(each)) for each in operations]
    told += [(seconds, f"Outside the doctor: {deed.title}") for seconds, deed in practice.deeds]
    for seconds, words in sorted(told, key=lambda each: each[0]):
        yield f"{minutes_and_seconds(seconds):>5}  {words}"


def _told(operation: "Operation") -> str:
    from recovery.journal import Event

    ends = {
        Event.DONE: "",
        Event.FORGOTTEN: "",
        Event.UNDONE: " (done, then taken back)",
        Event.FAILED: " (tried; it did not work)",
    }
    return clean(operation.title, 120) + ends.get(operation.state, " (half done)")


def _since(practice: Practice, at: str) -> float | None:
    """Seconds from the drill's beginning to a record's time; None = it was before."""
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return None
    if practice.began_at is None:
        return 0.0
    seconds = (when - practice.began_at).total_seconds()
    return None if seconds < -1 else max(0.0, seconds)
