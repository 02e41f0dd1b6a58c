"""Signing in with a code, off the event loop: the guide is told of the code, of each second, and of the login."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from diagnostics.secret import Secret
from recovery.model import Answers, Ask
from tui.doctor import Doctor
from tui.messages import Done
from tui.signing_in import words_of_waiting
from tui.work import in_background, post

if TYPE_CHECKING:
    from recovery.login.device import Code, Waiting
    from recovery.login.sign_in import SignIn


class SigningIn:
    """One attempt; `changed` is called on the event loop whenever there is news, and each second that it waits."""

    def __init__(self, doctor: Doctor, ask: Ask, answers: Answers, changed: Callable[[], None]) -> None:
        self._doctor = doctor
        self._ask = ask
        self._answers = answers
        self._changed = changed
        self._left = threading.Event()
        self._flow: SignIn | None = None
        self._waiting: Waiting | None = None
        self.code: Code | None = None
        self.login: Secret | None = None
        self.error: Exception | None = None

    @property
    def had_code(self) -> bool:
        """Whether it got as far as a code."""
        return self.code is not None

    @property
    def words(self) -> str:
        """How long the code holds, and when the server is asked again."""
        if self.code is None:
            return "Asking for a code …"
        now = monotonic()
        until = self._waiting.next_at - now if self._waiting else self.code.interval
        return words_of_waiting(
            self.code.ends - now, until, self._waiting.trouble if self._waiting else ""
        ).strip()

    def begin(self) -> None:
        """Gets a code, in a thread, and waits for the answer, in the same."""
        in_background(self._doctor, self._get, self._got, self._broke, "sign-in")

    def cancel(self) -> None:
        """Nobody waits for it any more: nothing that still comes is told or kept."""
        self._left.set()
        flow = self._flow
        if flow is not None:
            flow.cancel()

    def _get(self) -> Secret:
        from recovery.login.sign_in import SignIn

        session = self._doctor.session
        world = session.open_world(session.host)
        flow = self._flow = SignIn(self._ask, self._answers, world, pause=self._pause)
        code = flow.begin()
        post(self._doctor, Done(self._shown, code))
        return flow.wait(code, lambda waiting: post(self._doctor, Done(self._told, waiting)))

    def _pause(self, seconds: float) -> bool:
        """Waits, and has the screen count each second of it."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if self._left.wait(min(1.0, left)):
                return True
            post(self._doctor, Done(self._ticked, None))
        return self._left.is_set()

    def _shown(self, code: "Code") -> None:
        self.code = code
        self._tell()

    def _told(self, waiting: "Waiting") -> None:
        self._waiting = waiting
        self._tell()

    def _ticked(self, _nothing: None) -> None:
        self._tell()

    def _got(self, login: Secret) -> None:
        self.login = login
        self._tell()

    def _broke(self, error: Exception) -> None:
        self.error = error
        self._tell()

    def _tell(self) -> None:
        if not self._left.is_set():
            self._changed()
