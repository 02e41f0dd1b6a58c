"""What workers tell the app. Frozen in meaning: a message is never changed after it was posted, none holds a secret."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.message import Message

from diagnostics.context import Context
from diagnostics.model import Finding, Stage

if TYPE_CHECKING:
    from recovery.runner import Progress


class RunMessage(Message):
    """Something about one run of the checks; `run` tells a newer run's from a stale one's."""

    def __init__(self, run: int) -> None:
        super().__init__()
        self.run = run


class RunBegan(RunMessage):
    """The configs were read: this is what will be looked at."""

    def __init__(self, run: int, context: Context, total: int, again: frozenset[str] | None) -> None:
        super().__init__(run)
        self.context = context
        self.total = total
        """How many checks will be asked."""
        self.again = again
        """Their ids, when only some are asked again."""


class FindingsWaiting(RunMessage):
    """There are answers or questions to fetch from the run's tray. Posted once per batch, not per finding."""


class RunEnded(RunMessage):
    """Every check was asked."""


class RunBroke(RunMessage):
    """The run could not be finished. `said` is safe to show."""

    def __init__(self, run: int, said: str, *, is_wrong_call: bool = False) -> None:
        super().__init__(run)
        self.said = said
        self.is_wrong_call = is_wrong_call
        """Whether the person named a server, client or file that is not there."""


class Asked:
    """One question of a run, as its check begins."""

    __slots__ = ("number", "question", "stage", "subjects")

    def __init__(self, number: int, stage: Stage, question: str, subjects: int) -> None:
        self.number = number
        self.stage = stage
        self.question = question
        self.subjects = subjects


class StepMoved(Message):
    """A step of the remedy that is being carried out is further."""

    def __init__(self, progress: "Progress") -> None:
        super().__init__()
        self.progress = progress


Item = Finding | Asked


class Done(Message):
    """A job in the background has ended; `then` is called on the event loop with its result."""

    def __init__(self, then: Callable[[Any], None], result: object) -> None:
        super().__init__()
        self.then = then
        self.result = result
