"""Beginning emergency access in the app: why and how long, then the token, checked before it is held."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import Static

from diagnostics.model import Server
from diagnostics.secret import Secret
from diagnostics.text import clean
from recovery.model import Answers, Ask, AskKind, Remedy
from tui.actions import WHY, Action
from tui.doctor import Doctor
from tui.mending import mend
from tui.screens.dialog import Dialog
from tui.screens.guide import GuideScreen
from tui.screens.guide_page import Phase
from tui.screens.token_check import TokenCheck
from tui.widgets.answers import AnswerField
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.emergency.opening import Judgement
    from recovery.emergency.policy import Policy
    from recovery.emergency.target import Target
    from recovery.steps.emergency import HoldToken


class AskingScreen(Dialog[None]):
    """A few fields, one below the other; the last one's Enter goes on."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("go_on", "enter", "Enter", "go on", ""),
        replace(WHY, shown="F2"),
        Action("close", "escape", "Esc", "leave", ""),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2", "why", show=False)]
    CSS_PATH: ClassVar[list[str]] = ["dialog.tcss", "emergency.tcss"]  # type: ignore[assignment]

    def __init__(self, doctor: Doctor, title: str, asks: list[Ask]) -> None:
        super().__init__(title, Content(""))
        self.doctor = doctor
        self._asks = asks

    def compose(self) -> ComposeResult:
        """The fields, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            for ask in self._asks:
                yield AnswerField(ask)
            yield Static(id="problem", markup=False)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """The cursor stands in the first field."""
        self.query(AnswerField).first().enter()

    def on_answer_field_given(self, message: AnswerField.Given) -> None:
        """The next field, or on."""
        message.stop()
        self.action_go_on()

    def action_why(self) -> None:
        """What it is for, and what it costs."""
        from tui.screens.why import open_why

        open_why(self.app, "emergency")

    def action_go_on(self) -> None:
        """Takes the answers when the last field is reached."""
        fields = list(self.query(AnswerField))
        for field in fields[:-1]:
            if field.has_focus_within:
                fields[fields.index(field) + 1].enter()
                return
        given = {name: value.reveal() for field in fields for name, value in field.take().items()}
        self._said("Looking …")
        in_background(
            self.doctor, lambda: self.prepare(given), self._prepared, self._broke, "emergency-start"
        )

    def _prepared(self, found: Any) -> None:
        if self.is_whole:
            self.go(found)

    def prepare(self, given: dict[str, str]) -> Any:
        """In a thread: what the answers lead to. Raises RecoveryError or UsageError where they do not do."""
        raise NotImplementedError

    def go(self, found: Any) -> None:
        """On with what `prepare` gave."""
        raise NotImplementedError

    def _broke(self, error: Exception) -> None:
        from recovery.model import RecoveryError
        from tui.usage import UsageError

        known = isinstance(error, RecoveryError | UsageError)
        self._said(str(error) if known else type(error).__name__)
        if self.is_whole:
            self.query(AnswerField).first().enter()

    def _said(self, words: str) -> None:
        if self.is_whole:
            self.query_one("#problem", Static).update(Content(clean(words, 500)))


class DetailsScreen(AskingScreen):
    """Reason, ticket, time, and which credential where the server uses several."""

    def __init__(self, doctor: Doctor, server: Server) -> None:
        from recovery.emergency.target import choices

        self._server = server
        asks = [
            Ask("reason", AskKind.TEXT, "Reason (goes into the audit trail):"),
            Ask("ticket", AskKind.TEXT, "Ticket, if there is one:", optional=True),
            Ask("ttl", AskKind.TEXT, "For how long (45m, 2h; empty = the usual time):", optional=True),
        ]
        found = choices([server])
        if len(found) > 1:
            asks.append(Ask("field", AskKind.CHOICE, "Which credential:", choices=tuple(found)))
        super().__init__(doctor, f"Emergency access for {clean(server.name, 60)}", asks)

    def prepare(self, given: dict[str, str]) -> "tuple[HoldToken, Target, Policy]":
        """See `AskingScreen`: the step, whom it is for, and the administrator's rules."""
        import dataclasses

        from recovery.emergency.opening import make_sure_others_get_it, step_for
        from recovery.emergency.policy import read_policy
        from tui.commands.emergency import target_named

        session = self.doctor.session
        policy = read_policy(session.host)
        target = target_named(session, self._server.id, given.get("field"))
        target = dataclasses.replace(target, name=self._server.name)
        step = step_for(
            target,
            policy,
            session.host,
            reason=given["reason"],
            ticket=given["ticket"],
            ttl=given["ttl"].strip() or None,
        )
        make_sure_others_get_it(step, session.host)
        return step, target, policy

    def go(self, found: "tuple[HoldToken, Target, Policy]") -> None:
        """The guide that asks for the token."""
        from recovery.emergency.incident import start_remedy
        from tui.commands.emergency import warnings

        step, target, policy = found
        notes = [*([policy.notice] if policy.notice else []), *warnings(target)]
        remedy = start_remedy(step, None)
        self.dismiss(None)
        self.doctor.push_screen(EmergencyGuide(self.doctor, remedy, self._server.id, step, target, notes))


class EmergencyTokenCheck(TokenCheck):
    """Also says what the token may do beyond what the server needs."""

    def __init__(self, doctor: Doctor, value: Secret, target: "Target", changed: Callable[[], None]) -> None:
        super().__init__(doctor, value, None, target.variable, target.servers[0], changed)
        self._target = target

    def begin(self) -> None:
        """All in one go."""
        from recovery.emergency.opening import judge

        session = self._doctor.session
        in_background(
            self._doctor,
            lambda: judge(self._value, self._target, session.host, session.options),
            self._judged,
            self._broke,
            "token",
        )

    def _judged(self, found: "Judgement") -> None:
        self.remarks, self.repaired, self.asking = found.remarks, found.repaired, ""
        self._changed()


class EmergencyGuide(GuideScreen):
    """The guide that asks for the token and has the kernel hold it."""

    STORE = "use it"

    def __init__(
        self,
        doctor: Doctor,
        remedy: Remedy,
        row: str,
        step: "HoldToken",
        target: "Target",
        notes: list[str],
    ) -> None:
        import dataclasses

        why = "\n".join([remedy.why, *notes])
        super().__init__(doctor, dataclasses.replace(remedy, why=why), row, None)
        self._step = step
        self._target = target

    def _weigh(self) -> None:
        self._token = EmergencyTokenCheck(self.doctor, self._answers["token"], self._target, self._weighed)
        self.query_one("#fields").display = False
        self._go(Phase.WEIGHING, "Nothing is held yet.", ("back", "Esc", "leave"))
        self._token.begin()

    def _carry_out(self, answers: Answers) -> None:
        mend(
            self.doctor,
            self._remedy,
            answers,
            self._notify_of,
            self._worked,
            self._broke,
            reason=self._step.reason,
            ticket=self._step.ticket,
        )

    def _finish(self) -> None:
        super()._finish()
        if not self._taking_back:
            here = "Leave this window open: it holds the token. " if self._step.held_by else ""
            self._say(
                f"{here}Restart {clean(self._step.server, 60)} in its client. x closes the incident later."
            )
