"""Looks at a token that was given, offline and then at its provider, off the event loop."""

from collections.abc import Callable

from diagnostics.model import Server, Status
from diagnostics.secret import Secret
from diagnostics.tokens.new_token import NewToken, Remark, ask_about, look_at
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
    ) -> None:
        self._doctor = doctor
        self._value = value
        self._provider = provider
        self._env_name = env_name
        self._server = server
        self._changed = changed
        self.remarks: tuple[Remark, ...] = ()
        self.asking = "looking at it …"
        """What is going on, "" when all is known."""
        self.repaired: Secret | None = None

    @property
    def is_bad(self) -> bool:
        """Whether something says that it will not work."""
        return any(each.status is Status.FAIL for each in self.remarks)

    @property
    def is_unsure(self) -> bool:
        """Whether nobody could say that it will."""
        return all(each.status is not Status.OK for each in self.remarks)

    def begin(self) -> None:
        """Offline first, then the provider."""
        in_background(
            self._doctor,
            lambda: look_at(self._value, self._provider, self._env_name, self._server),
            self._looked,
            self._broke,
            "token",
        )

    def _looked(self, found: NewToken) -> None:
        self.remarks, self.repaired = found.remarks, found.repaired
        whose = found.provider
        if whose is None or self.is_bad:
            self.asking = ""
        else:
            self.asking = "asking the provider …"
            session = self._doctor.session
            in_background(
                self._doctor,
                lambda: ask_about(self._value, whose, self._server, session.host, session.options),
                self._answered,
                self._broke,
                "token-provider",
            )
        self._changed()

    def _answered(self, remark: Remark) -> None:
        self.remarks, self.asking = (*self.remarks, remark), ""
        self._changed()

    def _broke(self, error: Exception) -> None:
        said = f"It could not be checked ({type(error).__name__}). That says nothing about the token."
        self.remarks, self.asking = (*self.remarks, Remark(Status.UNKNOWN, said)), ""
        self._changed()
