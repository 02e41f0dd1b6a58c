"""Looks at a token that was given, offline and then at its provider, off the event loop."""

from collections.abc import Callable
from dataclasses import replace

from diagnostics.model import Finding, Server, Status
from diagnostics.secret import Secret
from diagnostics.tokens.new_token import NewToken, ask_about, ask_in_place_of, look_at
from diagnostics.tokens.remark import Remark, words_of
from diagnostics.tokens.succession import Predecessor, predecessor, same_again
from tui.doctor import Doctor
from tui.work import in_background


class TokenCheck:
    """One token's examination; `changed` is called on the event loop whenever more is known."""

    def __init__(
        self,
        doctor: Doctor,
        value: Secret,
        provider: str | None,
        env_name: str | None,
        server: Server | None,
        changed: Callable[[], None],
        finding: Finding | None = None,
        beside: Callable[[Secret], tuple[Remark, ...]] = lambda _value: (),
    ) -> None:
        """In: `beside` says, in a thread, how it stands beside what an operation wrote before it was cut off."""
        self._doctor = doctor
        self._value = value
        self._provider = provider
        self._env_name = env_name
        self._server = server
        self._changed = changed
        self._finding = finding
        self._beside = beside
        self._old: Predecessor | None = None
        self.remarks: tuple[Remark, ...] = ()
        self.asking = "looking at it …"
        """What is going on, "" when all is known."""
        self.repaired: Secret | None = None

    @property
    def is_bad(self) -> bool:
        """Whether something says that it will not work."""
        return any(each.status is Status.FAIL for each in self.remarks)

    @property
    def warning(self) -> str:
        """What speaks against it, in a few words."""
        first = next((each.words for each in self.remarks if each.status is Status.FAIL), "")
        is_about_both = self._old is not None and first in words_of("succession").values()
        return "Better not store it now." if is_about_both else "This token will probably not work."

    @property
    def is_unsure(self) -> bool:
        """Whether nobody could say that it will."""
        return all(each.status is not Status.OK for each in self.remarks)

    def begin(self) -> None:
        """Offline first, then the provider."""
        in_background(
            self._doctor,
            self._look,
            self._looked,
            self._broke,
            "token",
        )

    def _look(self) -> NewToken:
        """In a thread."""
        found = look_at(self._value, self._provider, self._env_name, self._server)
        told = self._beside(self._value)
        if any(each.status is Status.FAIL for each in told):
            return replace(found, remarks=told, provider=None)
        found = replace(found, remarks=(*told, *found.remarks))
        self._old = predecessor(self._finding, self._doctor.board.context)
        again = same_again(self._value, self._old) if self._old is not None else None
        return replace(found, remarks=(again,), provider=None) if again else found

    def _ask(self, whose: str) -> tuple[Remark, ...]:
        """In a thread."""
        session, old = self._doctor.session, self._old
        if old is None:
            return (ask_about(self._value, whose, self._server, session.host, session.options),)
        return ask_in_place_of(self._value, whose, self._server, session.host, session.options, old)

    def _looked(self, found: NewToken) -> None:
        self.remarks, self.repaired = found.remarks, found.repaired
        whose = found.provider
        if whose is None or self.is_bad:
            self.asking = ""
        else:
            self.asking = "asking the provider …"
            in_background(
                self._doctor,
                lambda: self._ask(whose),
                self._answered,
                self._broke,
                "token-provider",
            )
        self._changed()

    def _answered(self, remarks: tuple[Remark, ...]) -> None:
        self.remarks, self.asking = (*self.remarks, *remarks), ""
        self._changed()

    def _broke(self, error: Exception) -> None:
        said = f"It could not be checked ({type(error).__name__}). That says nothing about the token."
        self.remarks, self.asking = (*self.remarks, Remark(Status.UNKNOWN, said)), ""
        self._changed()
