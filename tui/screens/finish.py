"""Finishing what was cut off half-way: a guide that knows which steps stand, and asks only for the rest."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnostics.secret import Secret
from diagnostics.tokens.remark import Remark
from recovery import outcome
from recovery.model import Answers, Change, Risk
from recovery.outcome import Progress
from tui.board import Link
from tui.doctor import Doctor
from tui.mending import bring_to_an_end
from tui.screens.guide import GuideScreen
from tui.screens.guide_page import Phase
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.operation import Operation
    from recovery.remainder import Remainder

_WHY = "This was cut off half-way. Here the rest of it can be done. If you leave, it stays as it is."
_ALL_DONE = "This was cut off just before its end: every step of it is done. Only that it is done is not recorded yet."
_ASKS = " What you typed the first time was not kept, so it is asked for again."


class FinishScreen(GuideScreen):
    """In: the interrupted operation, and what is left of it."""

    def __init__(self, doctor: Doctor, operation: "Operation", left: "Remainder") -> None:
        why = _WHY + (_ASKS if left.remedy.asks else "") if left.todo else _ALL_DONE
        super().__init__(doctor, replace(left.remedy, why=why), "", None)
        self._interrupted = operation
        self._left = left
        self._risk = replace(left.remedy, steps=tuple(step for _, step in left.todo)).risk
        self._moved = {
            number: Progress(number, step.title, outcome.Phase.DONE)
            for number, (step, _) in left.done.items()
        }

    def _look_ahead(self) -> list[Change]:
        """What is left may have become less since the screen was opened."""
        from recovery.journal import Journal
        from recovery.remainder import remainder

        host = self.doctor.session.host
        world = self.doctor.session.open_world(host)
        now = Journal(host).operation(self._interrupted.id)
        return remainder(now or self._interrupted, world).preview(world)

    def _beside_earlier(self, value: Secret) -> tuple[Remark, ...]:
        from recovery.rotation import remarks_on_finishing

        session = self.doctor.session
        return remarks_on_finishing(self._left, value, session.open_world(session.host))

    def _carry_out(self, answers: Answers) -> None:
        """A step that fails leaves it interrupted, so that another password can be tried."""
        bring_to_an_end(
            self.doctor,
            self._interrupted,
            self._worked,
            self._broke,
            finish=True,
            answers=answers,
            notify=self._notify_of,
        )

    def _previewed(self, changes: list[Change]) -> None:
        if self.is_whole:
            self._show_steps()
        super()._previewed(changes)

    def _links(self) -> tuple[Link, ...]:
        return ()  # it need not be about one server's path

    def _finish(self) -> None:
        words = (
            self._words_of_undo if self._taking_back else "Finished. The servers show how things stand now."
        )
        keys = [("go_on", "Enter", "back to the servers")]
        if self._operation and not self._taking_back and self._risk is not Risk.FINAL:
            keys.append(("undo", "u", "take it back"))
        self._go(Phase.OVER, words, *keys)


def open_finish(
    doctor: Doctor,
    operation: "Operation",
    closed: Callable[[], None],
    impossible: Callable[[Exception], None],
) -> None:
    """Looks at what stands in a thread, then opens the guide. In: `closed` is called when it was left."""

    def job() -> "Remainder":
        from recovery.remainder import remainder

        return remainder(operation, doctor.session.open_world(doctor.session.host))

    in_background(
        doctor,
        job,
        lambda left: _push(doctor, FinishScreen(doctor, operation, left), closed),
        impossible,
        "remainder",
    )


def _push(doctor: Doctor, screen: FinishScreen, closed: Callable[[], None]) -> None:
    doctor.push_screen(screen, lambda _: closed())
