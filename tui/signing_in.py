"""Signing in with a code at a plain terminal: the address and the code as text, a line that counts down, Ctrl+C leaves."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from diagnostics.secret import Secret
from recovery.login.error import LoginError
from recovery.model import Answers, Ask
from recovery.ports import RecoveryWorld
from tui import terminal
from tui.usage import UsageError

if TYPE_CHECKING:
    from recovery.login.device import Code, Waiting


def at_terminal(world: RecoveryWorld) -> terminal.LogIn:
    """Asks for a login at this terminal, for `terminal.ask_all`."""

    def log_in(ask: Ask, answers: Answers) -> Secret:
        """Raises LoginError, or UsageError without a terminal: nobody would see the code."""
        from recovery.login.sign_in import SignIn

        if not terminal.can_ask():
            raise UsageError(f"{ask.prompt}: there is no terminal to show the code at")
        while True:
            line = _Line()
            flow = SignIn(ask, answers, world, pause=line.pause)
            code = flow.begin()
            _show(code)
            try:
                return flow.wait(code, line.waiting(code))
            except LoginError as error:
                line.clear()
                if error.trouble not in {"expired", "denied"}:
                    raise
                terminal.say(f"  {str(error)[:1].upper()}{str(error)[1:]}.")
                if not terminal.agreed("Another code?"):
                    raise
            finally:
                line.clear()

    return log_in


def _show(code: "Code") -> None:
    terminal.say("", "  In a browser on any device, open:", f"    {code.address}", "  Enter this code there:")
    terminal.say("", f"    {code.user_code}", "")
    if code.whole_address:
        terminal.say("  Or open the address that has the code in it:", f"    {code.whole_address}", "")
    terminal.say(
        "  This goes on by itself when you have said yes there. Ctrl+C leaves; nothing is changed then."
    )


class _Line:
    """The last line on standard error, rewritten each second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = 0.0
        self._trouble = ""
        self._length = 0

    def waiting(self, code: "Code") -> "Callable[[Waiting], None]":
        """Takes in what the flow tells."""
        self._ends = code.ends

        def told(news: "Waiting") -> None:
            self._trouble = news.trouble

        return told

    def pause(self, seconds: float) -> bool:
        """Waits and counts down. Never gives up by itself: Ctrl+C does."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            self._write(words_of_waiting(self._ends - self._clock(), left, self._trouble))
            time.sleep(min(1.0, left))
        return False

    def clear(self) -> None:
        """Takes the line away."""
        if self._length:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()
            self._length = 0

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text:<{self._length}}")
        sys.stderr.flush()
        self._length = len(text)


def words_of_waiting(left: float, until: float, trouble: str) -> str:
    """One line below 80 columns. In: seconds that the code holds, seconds to the next question, why none came through."""
    rest = max(0, round(left))
    holds = f"The code holds for {rest // 60}:{rest % 60:02}."
    again = f"in {max(0, round(until))} s"
    if trouble:
        return f"  {holds} Could not ask ({trouble[:20]}); once more {again}."
    return f"  {holds} Waiting; next question {again}."
