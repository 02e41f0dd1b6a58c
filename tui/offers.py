"""Which remedies fit the chosen findings: the planner is asked in the background, and only when they change."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui.work import Target, in_background

if TYPE_CHECKING:
    from diagnostics.context import Context
    from diagnostics.model import Finding
    from recovery.model import Remedy


class Offers:
    """Remembers the answer for the findings it was last asked about; `changed` is called when there is one."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._about = ""
        self.remedies: tuple[Remedy, ...] = ()
        """Best first; () while they are being looked for, and where there is none."""
        self.known = False
        """Whether the answer is there."""
        self.trouble = ""
        """Why they could not be found out, "" when they could."""
        self._then: Callable[[], None] | None = None

    def when_known(self, then: Callable[[], None]) -> bool:
        """Calls `then` now, or as soon as the answer is there. Out: whether it was now."""
        if not self.known:
            self._then = then
            return False
        then()
        return True

    def forget(self) -> None:
        """What was to be done when the answer is there is not wanted any more."""
        self._then = None

    def look(
        self, target: Target, run: int, findings: Sequence["Finding"], context: "Context | None"
    ) -> None:
        """Asks about these findings of this run, unless that is what was asked last."""
        about = f"{run} " + " ".join(each.id + each.outcome for each in findings)
        if about == self._about:
            return
        self._about, self.remedies, self.known, self.trouble = about, (), False, ""
        self._changed()
        if not findings or context is None:
            self._answer(())
            return

        def job() -> "tuple[Remedy, ...]":
            from recovery.planner import remedies_for

            found: dict[str, Remedy] = {}
            for finding in findings:
                for each in remedies_for(finding, context):
                    found.setdefault(f"{each.id} {each.title}", each)
            return tuple(found.values())

        def found(remedies: "tuple[Remedy, ...]") -> None:
            if self._about == about:
                self._answer(remedies)

        def broke(error: Exception) -> None:
            if self._about == about:
                self.trouble = (
                    f"Could not find out what can be done ({type(error).__name__}). Press r to look again."
                )
                self._answer(())

        in_background(target, job, found, broke, "remedies")

    def _answer(self, remedies: "tuple[Remedy, ...]") -> None:
        self.remedies, self.known = remedies, True
        self._changed()
        then, self._then = self._then, None
        if then is not None:
            then()
