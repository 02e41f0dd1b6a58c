"""The part of a guide that weighs a new token: nothing is written before it was looked at and its provider asked."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from diagnostics.model import Finding
from diagnostics.secret import Secret
from diagnostics.tokens.remark import Remark
from recovery.model import AskKind, Remedy
from tui.doctor import Doctor
from tui.screens import guide_text as text
from tui.screens.guide_login import LoginGuide
from tui.screens.guide_page import Phase
from tui.screens.token_check import TokenCheck


class TokenGuide(LoginGuide):
    """Goes from the answers to the consent, by way of a look at the token where the remedy asks for one."""

    STORE = "store it"
    """What is done with a token that was given."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "keep", show=False),
        Binding("c", "clean", show=False),
    ]

    def __init__(self, doctor: Doctor, remedy: Remedy, row: str, finding: Finding | None) -> None:
        super().__init__(doctor, remedy, row, finding)
        self._token: TokenCheck | None = None

    @property
    def _asks_token(self) -> bool:
        return any(each.kind is AskKind.TOKEN for each in self._remedy.asks)

    def _beside_earlier(self, _value: Secret) -> tuple[Remark, ...]:
        """What else is to be said of the token; in a thread."""
        return ()

    def _weigh(self) -> None:
        ask = next(each for each in self._remedy.asks if each.kind is AskKind.TOKEN)
        reference = self._finding.reference if self._finding is not None else None
        self._token = TokenCheck(
            self.doctor,
            self._answers[ask.name],
            ask.provider,
            reference.removeprefix("env.") if reference and reference.startswith("env.") else None,
            self.doctor.board.server(self._row),
            self._weighed,
            self._finding,
            self._beside_earlier,
        )
        self.query_one("#fields").display = False
        self._go(Phase.WEIGHING, "Nothing is written yet.", ("back", "Esc", "leave"))
        self._token.begin()

    def _weighed(self) -> None:
        """The token check has news."""
        token = self._token
        if token is None or not self.is_whole or self.phase is not Phase.WEIGHING:
            return
        self._put("token", text.remarks_text(token.remarks, token.asking, self.doctor.few_characters))
        if token.asking:
            return
        keys: list[tuple[str, str, str]] = []
        if token.is_bad:
            keys.append(("go_on", "Enter", "type another one"))
            if token.repaired is not None:
                keys.append(("clean", "c", "take it without the damage"))
            keys.append(("keep", "k", f"{self.STORE} all the same"))
            words = f"{token.warning} Nothing is written yet."
            self._go(Phase.WEIGHING, words, *keys)
        else:
            question = f"{self.STORE.capitalize()}?"
            words = f"Nobody could vouch for it. {question}" if token.is_unsure else question
            self._go(Phase.AGREEING, words, ("go_on", "Enter", self.STORE))

    def action_keep(self) -> None:
        """The person wants the token although it looks bad."""
        if self.phase is Phase.WEIGHING and self._token is not None and not self._token.asking:
            self._work()

    def action_clean(self) -> None:
        """Takes the value as it was meant, and looks at it again."""
        token = self._token
        if (
            self.phase is Phase.WEIGHING
            and token is not None
            and not token.asking
            and token.repaired is not None
        ):
            ask = next(each for each in self._remedy.asks if each.kind is AskKind.TOKEN)
            self._answers[ask.name] = token.repaired
            self._weigh()
