"""One run over the steps of an operation: forward, back, or on from where it was cut off, each move recorded first."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from diagnostics.stores.choice import in_words_of_the_file, uses_file_store
from diagnostics.text import clean
from recovery.journal import Event, Journal, JournalError, Operation
from recovery.model import Answers, HalfDoneError, RecoveryError, Risk, Step, UnavailableError
from recovery.outcome import Notify, Outcome, Phase, Progress, Result
from recovery.remainder import reach, remainder, unanswered
from recovery.retention import let_go_of_old_copies
from recovery.steps import read_step
from recovery.twin_count import CountingWorld


@dataclass
class Run:
    """What `recovery.runner` does with one operation. Its outcome says what can go wrong in the world."""

    operation: str
    title: str
    world: CountingWorld
    journal: Journal
    notify: Notify
    scrub: Callable[[object], str]
    answers: Answers = field(default_factory=dict)
    """What the person gave, for steps that need it to be taken back too."""
    notes: list[str] = field(default_factory=list)
    hindered: bool = False
    """Whether something could not be taken back only because it was locked, out of reach or full."""

    def forward(
        self,
        todo: list[tuple[int, Step]],
        done: dict[int, tuple[Step, Mapping[str, str]]],
        answers: Answers,
        *,
        again: bool = False,
    ) -> Outcome:
        """Applies the steps that are left; `done` has those that stand, in order, with what they kept.

        In: `again` = a crash came before: a step that fails takes back itself only, so that it can be tried again.
        """
        for index, step in todo:
            try:
                self.journal.append(Event.INTENT, self.operation, step=index)
                with self._noting_interrupts(done, index, step):
                    self._tell(index, step, Phase.APPLYING)
                    kept = step.apply(self.world, answers)
                    done[index] = (step, kept)
                    self.journal.append(Event.APPLIED, self.operation, step=index, kept=dict(kept))
                    self._tell(index, step, Phase.VERIFYING)
                    step.verify(self.world)
                    self._count_twins(step)
                    self.journal.append(Event.VERIFIED, self.operation, step=index)
                self._remember(kept)
                self._tell(index, step, Phase.DONE)
            except Exception as error:
                return self._give_up(index, step, error, done, again=again)
        self.journal.append(Event.DONE, self.operation)
        let_go_of_old_copies(self.world, self.journal)
        return self._outcome(Result.DONE)

    def _give_up(
        self,
        index: int,
        step: Step,
        error: Exception,
        done: dict[int, tuple[Step, Mapping[str, str]]],
        *,
        again: bool,
    ) -> Outcome:
        known = isinstance(error, RecoveryError)
        if index not in done and (not known or isinstance(error, HalfDoneError)):
            done[index] = (step, {})
        said = self.scrub(error) if known else f"{type(error).__name__} in the step {step.kind!r}"
        self._tell(index, step, Phase.FAILED, said)
        if index not in done:
            self._try_append(Event.FAILED_STEP, step=index)
        if again:
            self._take_back({number: each for number, each in done.items() if number == index})
            return self._outcome(Result.HALF_DONE, said)
        stays = self._take_back(done)
        self._try_append(self._given_up(stays), error=said)
        return self._outcome(Result.PARTLY if stays else Result.NOTHING_CHANGED, said)

    def _given_up(self, stays: bool) -> Event:
        """What the trail says in the end: where taking back may well succeed later, the next start is told of it."""
        if not (stays and self.hindered):
            return Event.FAILED
        self.notes.append("The next start of mcp-doctor says so again, and takes back what stays.")
        return Event.UNDOING

    def _take_back(self, done: Mapping[int, tuple[Step, Mapping[str, str]]]) -> bool:
        """Last first. Out: whether something stays. Goes on where the trail can't be written: that mends most.

        Stops at a step that can't be taken back right now; all that is left is taken back at the next start.
        """
        stays = False
        for index in sorted(done, reverse=True):
            step, kept = done[index]
            self._tell(index, step, Phase.TAKING_BACK)
            try:
                self._undo(step, kept)
            except Exception as error:
                stays = True
                self.hindered |= isinstance(error, UnavailableError)
                said = self.scrub(error) if isinstance(error, RecoveryError) else type(error).__name__
                self.notes.append(f"{clean(step.title)}: this stays done ({said})")
                self._try_append(Event.STAYS, step=index)
                self._tell(index, step, Phase.STAYS, said)
                if isinstance(error, UnavailableError):
                    break  # the earlier ones may be what this one stands on: they follow when it is taken back
            else:
                self._note_twins()
                self._try_append(Event.TAKEN_BACK, step=index)
                self._tell(index, step, Phase.TAKEN_BACK)
        return stays

    def back(self, operation: Operation) -> Outcome:
        """Takes back every step of a recorded operation that may stand."""
        reach(operation, self.world)
        done = {
            index: (read_step(record.kind, record.data), record.kept)
            for index, record in enumerate(operation.steps)
            if record.may_stand
        }
        self.journal.append(Event.UNDOING, self.operation)
        stays = self._take_back(done)
        if stays:
            self._try_append(self._given_up(stays), error="; ".join(self.notes))
            return self._outcome(Result.PARTLY, "not everything could be taken back")
        self._try_append(Event.UNDONE)
        return self._outcome(Result.DONE)

    def go_on(self, operation: Operation, answers: Answers) -> Outcome:
        """Finishes: a step that was under way is looked at first, it may have been done before the crash.

        A step that fails leaves the operation as it is, to be tried again or taken back.
        """
        left = remainder(operation, self.world)
        missing = unanswered(left.remedy, answers)
        if missing:
            raise RecoveryError(f"an answer is missing: {missing}")
        for index, (step, kept) in left.done.items():
            if index in left.unrecorded:
                self.journal.append(Event.APPLIED, self.operation, step=index, kept=dict(kept))
                self.journal.append(Event.VERIFIED, self.operation, step=index)
            self._remember(kept)
            self._tell(index, step, Phase.DONE)
        for index, step in reversed(left.todo):
            if index in left.half and step.risk is not Risk.FINAL:
                try:
                    self._undo(step, operation.steps[index].kept)
                except Exception as error:
                    known = isinstance(error, RecoveryError)
                    said = str(error) if known else f"{type(error).__name__} in the step {step.kind!r}"
                    raise RecoveryError(f"{step.title}: half of it can't be taken back ({said})") from error
                self.journal.append(Event.TAKEN_BACK, self.operation, step=index)
        return self.forward(list(left.todo), dict(left.done), answers, again=True)

    def _undo(self, step: Step, kept: Mapping[str, str]) -> None:
        with_answers = getattr(step, "undo_with", None)
        if with_answers is None:
            step.undo(self.world, kept)
        else:
            with_answers(self.world, kept, self.answers)

    def _count_twins(self, step: Step) -> None:
        """A step that made a twin has failed; one that brings back what was there only tells of it."""
        if getattr(step, "brings_back", False):
            self._note_twins()
        else:
            self.world.refuse_twins(getattr(step, "leaving", ()))

    def _note_twins(self) -> None:
        try:
            made = self.world.keychain.twins_made()
        except RecoveryError as error:
            made = [f"the entries could not be counted afterwards ({error})"]
        told = (f"{clean(each)}: `mcp-doctor cleanup` asks which one stays" for each in made)
        self.notes.extend(each for each in told if each not in self.notes)

    def _remember(self, kept: Mapping[str, str]) -> None:
        if "address" in kept and kept["address"] == self.world.host.shell_bus:
            return  # who types it in another shell than the one that it was begun in is told there
        self.notes.extend(line for line in kept.get("tell", "").split("\n") if line)

    def _tell(self, index: int, step: Step, phase: Phase, said: str = "") -> None:
        self.notify(Progress(index, clean(step.title), phase, said))

    def _try_append(self, event: Event, **fields: Any) -> None:
        try:
            self.journal.append(event, self.operation, **fields)
        except JournalError as error:
            note = clean(str(error))
            if note not in self.notes:
                self.notes.append(note)

    def _outcome(self, result: Result, error: str = "") -> Outcome:
        told = [clean(each) for each in self.journal.told if clean(each) not in self.notes]
        notes = (*self.notes, *told)
        host = self.world.host
        if uses_file_store(host):
            error, notes = in_words_of_the_file(error), tuple(map(in_words_of_the_file, notes))
        return Outcome(result, self.operation, clean(self.title), error, notes, host)

    @contextmanager
    def _noting_interrupts(
        self, done: dict[int, tuple[Step, Mapping[str, str]]], index: int, step: Step
    ) -> Iterator[None]:
        """Ctrl+C in the middle: what was begun is taken back before the interrupt goes on."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            done.setdefault(index, (step, {}))
            stays = self._take_back(done)
            self._try_append(self._given_up(stays) if stays else Event.UNDONE, error="stopped by the user")
            raise
