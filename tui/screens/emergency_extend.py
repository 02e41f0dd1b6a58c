"""More time for the token of an open incident: why and how long, then consent."""

from typing import TYPE_CHECKING

from diagnostics.emergency import OpenIncident
from diagnostics.text import clean
from recovery.model import Answers, Ask, AskKind
from tui.doctor import Doctor
from tui.mending import mend
from tui.screens.emergency_start import AskingScreen
from tui.screens.guide import GuideScreen

if TYPE_CHECKING:
    from recovery.steps.emergency import ExtendTime


class ExtendScreen(AskingScreen):
    """A reason of its own, and the time from now on."""

    def __init__(self, doctor: Doctor, opened: OpenIncident) -> None:
        asks = [
            Ask("reason", AskKind.TEXT, "Reason for more time (goes into the audit trail):"),
            Ask("ttl", AskKind.TEXT, "From now on (45m, 2h; empty = the usual time):", optional=True),
        ]
        super().__init__(doctor, f"More time for {clean(opened.server, 60)}", asks)
        self._opened = opened

    def prepare(self, given: dict[str, str]) -> "ExtendTime":
        """The step, within the policy."""
        from recovery.emergency.opening import extension_for
        from recovery.emergency.policy import read_policy

        policy = read_policy(self.doctor.session.host)
        ttl = given["ttl"].strip() or None
        return extension_for(self._opened, policy, reason=given["reason"], ttl=ttl)

    def go(self, found: "ExtendTime") -> None:
        """The guide that shows both limits and asks."""
        self.dismiss(None)
        self.doctor.push_screen(ExtensionGuide(self.doctor, found, self._opened))


class ExtensionGuide(GuideScreen):
    """Records the reason with the deed."""

    def __init__(self, doctor: Doctor, step: "ExtendTime", opened: OpenIncident) -> None:
        from recovery.emergency.incident import extend_remedy

        row = opened.servers[0] if opened.servers else ""
        super().__init__(doctor, extend_remedy(step), row, None)
        self._reason = step.reason
        self._ticket = opened.ticket

    def _carry_out(self, answers: Answers) -> None:
        mend(
            self.doctor,
            self._remedy,
            answers,
            self._notify_of,
            self._worked,
            self._broke,
            reason=self._reason,
            ticket=self._ticket,
        )
