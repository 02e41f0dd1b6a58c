"""One run of the checks, in a thread of its own: reads the configs, asks, lays the answers on a tray."""

import gc
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnostics.text import clean
from tui.messages import Asked, RunBegan, RunBroke, RunEnded
from tui.session import DoctorSession
from tui.work import Target, Tray, post

if TYPE_CHECKING:
    from diagnostics.check import Check
    from diagnostics.model import Finding

_TURN = 0.0005
"""Seconds that a thread may compute while another one waits; Python's own 0.005 is felt as lag."""


class Run:
    """One run of the checks, in a thread of its own. `newest` gives the newest run's number: an older one stops."""

    def __init__(
        self,
        target: Target,
        number: int,
        newest: Callable[[], int],
        session: DoctorSession,
        tray: Tray,
        scope: tuple[frozenset[str] | None, frozenset[str] | None],
        known: "tuple[Finding, ...]",
    ) -> None:
        self._target = target
        self._newest = newest
        self._number = number
        self._session = session
        self._tray = tray
        self._again, self._only = scope
        self._known = known
        self._asked = 0

    def work(self) -> None:
        """Reads the configs, asks, lays the answers on the tray."""
        from diagnostics.discovery import ConfigFileError, UnknownClientError, UnknownServerError

        # A collection over some ten thousand findings holds every thread, and with them the keys, for 100 ms.
        gc.disable()
        # A key passes from thread to thread on its way to the screen; each waits for this one's turn to end.
        turn = sys.getswitchinterval()
        sys.setswitchinterval(_TURN)
        try:
            self._ask()
        except (UnknownServerError, UnknownClientError, ConfigFileError) as error:
            post(self._target, RunBroke(self._number, clean(str(error)), is_wrong_call=True))
        except Exception as error:
            post(self._target, RunBroke(self._number, f"{type(error).__name__} {place_of(error)}"))
        finally:
            sys.setswitchinterval(turn)
            gc.enable()

    def _ask(self) -> None:
        from diagnostics.check import all_checks
        from diagnostics.runner import diagnose

        whole = self._session.look()
        context = whole
        checks = all_checks()
        again = None if self._again is None else resting_on(checks, self._again)
        if again is not None:
            checks = tuple(each for each in checks if each.id in again)
        if self._only is not None:
            context = replace(whole, servers=[each for each in whole.servers if each.id in self._only])
        earlier = [] if again is None else [each for each in self._known if each.check not in again]
        post(self._target, RunBegan(self._number, whole, len(checks), again))
        for finding in diagnose(context, checks, earlier, self._on_question) if checks else ():
            if self._newest() != self._number:
                return
            self._tray.put(finding)
        post(self._target, RunEnded(self._number))

    def _on_question(self, check: "Check", subjects: int) -> None:
        self._asked += 1
        self._tray.put(Asked(self._asked, check.stage, clean(check.question), subjects))


def resting_on(checks: "Iterable[Check]", wanted: Iterable[str]) -> frozenset[str]:
    """These checks and all that need them, directly or not. In: ids, or `<stage>.*` for all of a stage."""
    every = tuple(checks)
    names = frozenset(wanted)
    found = {each.id for each in every if each.id in names or f"{each.stage.value}.*" in names}
    while more := {each.id for each in every if each.id not in found and found.intersection(each.needs)}:
        found |= more
    return frozenset(found)


def place_of(error: BaseException) -> str:
    """File name and line of the innermost frame of ours; nothing of its variables."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        each
        for each in frames
        if any(f"/{top}/" in each.filename.replace("\\", "/") for top in ("tui", "recovery", "diagnostics"))
    ]
    last = (ours or list(frames))[-1:]
    return f"at {last[0].filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{last[0].lineno}" if last else ""
