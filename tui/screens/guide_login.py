"""The part of a guide that signs in with a code: after the consent, and before anything is written."""

from textual.widgets import Static

from diagnostics.model import Finding
from diagnostics.secret import Secret
from recovery.model import Ask, AskKind, Remedy
from tui.doctor import Doctor
from tui.screens import guide_text as text
from tui.screens.guide_page import GuidePage, Phase
from tui.screens.signing_in import SigningIn
from tui.widgets.answers import AnswerField


class LoginGuide(GuidePage):
    """Goes from the consent to the deed, by way of a login where the remedy asks for one."""

    def __init__(self, doctor: Doctor, remedy: Remedy, row: str, finding: Finding | None) -> None:
        super().__init__(doctor, remedy, row, finding)
        self._answers: dict[str, Secret] = {}
        self._signing_in: SigningIn | None = None

    def _ask(self, words: str = "") -> None:
        """Shows the fields."""
        raise NotImplementedError

    def _work(self) -> None:
        """Does it: every answer is there."""
        raise NotImplementedError

    @property
    def _login(self) -> Ask | None:
        return next((each for each in self._remedy.asks if each.kind is AskKind.LOGIN), None)

    def _go_ahead(self) -> None:
        """Consent was given."""
        ask = self._login
        if ask is None or ask.name in self._answers:
            self._work()
            return
        self.query_one("#fields").display = False
        self._put("result", None)
        self._make_room(for_code=True)
        self._signing_in = SigningIn(self.doctor, ask, dict(self._answers), self._signing_in_moved)
        self._go(Phase.SIGNING_IN, "Asking for a code …", ("back", "Esc", "leave, nothing is changed"))
        self._signing_in.begin()

    def _signing_in_moved(self) -> None:
        """There is a code, an answer, or another second is over."""
        now = self._signing_in
        if now is None or not self.is_whole or self.phase is not Phase.SIGNING_IN:
            return
        ask = self._login
        if now.login is not None and ask is not None:
            self._answers[ask.name] = now.login
            self._stop_signing_in()
            self._work()
        elif now.error is not None:
            self._put("login", text.login_error_text(now.error))
            again = "get another code" if now.had_code else "try again"
            self._go(
                Phase.SIGNING_IN,
                "Nothing was changed.",
                ("go_on", "Enter", again),
                ("back", "Esc", "leave"),
            )
        elif now.code is not None:
            shown = text.login_text(now.code, self.doctor.few_characters)
            place = self.query_one("#login", Static)
            if not place.display:
                self._put("login", shown)
            self._say(now.words)

    def _stop_signing_in(self) -> None:
        if self._signing_in is not None:
            self._signing_in.cancel()
        self._signing_in = None
        if self.is_whole:
            self._put("login", None)
            self._make_room(for_code=False)

    def _make_room(self, *, for_code: bool) -> None:
        """The code must stand on the smallest screen without scrolling; what was agreed to has been read by then."""
        for part in ("#why", "#changes"):
            self.query_one(part).display = not for_code

    def _sign_in_again(self) -> None:
        error = self._signing_in.error if self._signing_in is not None else None
        if error is None:
            return
        self._stop_signing_in()
        passing = getattr(error, "trouble", "") in {"expired", "denied", "outage"}
        if self.query(AnswerField) and not passing:
            self._ask()  # another client id, perhaps
        else:
            self._go_ahead()

    def on_unmount(self) -> None:
        """Whoever leaves leaves the login too."""
        if self._signing_in is not None:
            self._signing_in.cancel()
