"""Closing an incident in the app: the token goes, the usual path is asked, the token is revoked, the report is written."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from diagnostics.text import clean
from tui.actions import WHY, Action
from tui.doctor import Doctor
from tui.screens.dialog import Dialog
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnostics.model import Server
    from recovery.emergency.incident import Incident
    from recovery.outcome import Outcome

_LEAVE = Action("close", "escape", "Esc", "leave", "")
_START = Action("start", "s", "s", "start it once", "")
_GO = Action("go_on", "enter", "Enter", "take the token away", "")


class CloseIncidentScreen(Dialog[None]):
    """One page that grows: each part of closing, and what became of it."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (_GO, WHY, _LEAVE)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", show=False),
        Binding("v", "revoked", show=False),
        Binding("n", "without", show=False),
        Binding("s", "start", show=False),
        Binding(WHY.key, "why", show=False),
    ]

    def __init__(self, doctor: Doctor, incident: "Incident") -> None:
        self._lines = [
            f"Emergency access for {clean(incident.server, 60)}, begun {incident.began[:16].replace('T', ' ')} UTC",
            f"by {incident.who}: {incident.reason}",
            "",
            "Closing takes the token away from this computer first, then asks the checks again.",
        ]
        super().__init__("Close the incident", Content("\n".join(self._lines)))
        self.doctor = doctor
        self._incident = incident
        self._phase = "asking"
        self._broken: list[str] = []
        self._servers: Sequence[Server] = ()
        """Those that got the token, on the usual path."""

    # ── the token, and the usual path ───────────────────────────────────────────────────────────────────────

    def action_go_on(self) -> None:
        """Takes the token away; at the end it leaves."""
        if self._phase == "over":
            self.dismiss(None)
        if self._phase != "asking":
            return
        self._phase = "working"
        self._tell("", "Taking the token away, and asking the checks again …")
        self._keys()
        self.doctor.begin_operation("Close an incident")
        in_background(self.doctor, self._end_token, self._looked, self._broke, "emergency-close")

    def _end_token(self) -> "tuple[Outcome, list[str], str, Sequence[Server]]":
        from diagnostics.runner import diagnose
        from recovery.emergency.closing import end_token, normal_path, rotation_page
        from recovery.journal import Journal

        session = self.doctor.session
        outcome = end_token(self._incident, session.open_world(session.host), Journal(session.host))
        if not outcome.ok:
            return outcome, [], "", ()
        context = dataclasses.replace(session, names=self._incident.servers).look()
        page = rotation_page(self._incident, context)
        return outcome, normal_path(diagnose(context)), page, context.servers

    def _looked(self, found: "tuple[Outcome, list[str], str, Sequence[Server]]") -> None:
        self.doctor.end_operation()
        outcome, self._broken, page, self._servers = found
        if not outcome.ok:
            self._give_up(outcome.error)
            return
        self._lines[-2:] = ["", "1. The emergency token is gone from this computer."]
        if self._broken:
            self._tell(
                "2. The usual path does not work yet:",
                *(f"   ✗ {each}" for each in self._broken[:4]),
                "   Leave, mend it (m), and come back: the incident stays open so long.",
            )
        else:
            self._tell("2. The usual path works: every check was asked again.")
        self._tell("3. Whoever saw the token can still use it. Revoke it at its provider:")
        self._tell(f"   {page}" if page else "   (its page is not known here)")
        self._let_choose()

    def _let_choose(self) -> None:
        self._phase = "choosing"
        anyway = " anyway" if self._broken else ""
        self._keys(
            *([_START] if self._servers else []),
            Action("revoked", "v", "v", f"revoked: close{anyway}", ""),
            Action("without", "n", "n", f"not revoked, close{anyway}", ""),
            _LEAVE,
        )

    # ── the server, started once ────────────────────────────────────────────────────────────────────────────

    def action_start(self) -> None:
        """Shows the command, and starts the server with its credential from the usual place where that is agreed to."""
        from tui.screens.start import StartScreen

        if self._phase != "choosing" or not self._servers:
            return
        server, *_ = self._servers

        def agreed(yes: bool | None) -> None:
            if not yes or self._phase != "choosing":
                return
            self._phase = "working"
            self._keys()
            self._tell("", f"Starting {clean(server.name, 60)} …")
            in_background(self.doctor, job, started, broke, "emergency-start-server")

        def job() -> list[str]:
            from diagnostics.runner import diagnose
            from recovery.emergency.closing import normal_path

            session = self.doctor.session
            options = dataclasses.replace(session.options, start=True)
            return normal_path(
                diagnose(dataclasses.replace(session, names=(server.id,), options=options).look())
            )

        def started(broken: list[str]) -> None:
            self._servers = self._servers[1:]
            self._broken = list(dict.fromkeys([*self._broken, *broken]))
            if broken:
                self._tell(
                    "   It does not start on the usual path:", *(f"   ✗ {each}" for each in broken[:4])
                )
            else:
                self._tell("   It starts with its credential from the usual place, and answers.")
            self._let_choose()

        def broke(error: Exception) -> None:
            self._tell(f"   Whether it starts could not be found out ({type(error).__name__}).")
            self._let_choose()

        self.doctor.push_screen(StartScreen(server), agreed)

    def action_why(self) -> None:
        """What closing does, in which order."""
        from tui.screens.why import open_why

        open_why(self.app, "emergency")

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────

    def action_revoked(self) -> None:
        """The person says that the token was revoked."""
        self._finish(revoked=True)

    def action_without(self) -> None:
        """It was not, or nobody knows."""
        self._finish(revoked=False)

    def _finish(self, *, revoked: bool) -> None:
        if self._phase != "choosing":
            return
        self._phase = "working"
        self._keys()
        path = "; ".join(self._broken) or "ok"

        def job() -> "tuple[Outcome, tuple[Path, Path] | str]":
            from recovery.emergency.closing import finish
            from recovery.journal import Journal

            session = self.doctor.session
            world = session.open_world(session.host)
            return finish(self._incident, path, world, Journal(session.host), token_revoked=revoked)

        def done(found: "tuple[Outcome, tuple[Path, Path] | str]") -> None:
            self.doctor.end_operation()
            outcome, written = found
            if not outcome.ok:
                self._give_up(outcome.error)
                return
            self._tell(
                "4. The incident is closed." if revoked else "4. Closed; the revocation is NOT confirmed."
            )
            if isinstance(written, str):
                self._tell(f"   The report was not written: {written}")
            else:
                self._tell("   Report:", *(f"   {each}" for each in written))
            self._phase = "over"
            self._keys(Action("go_on", "enter", "Enter", "back", ""))
            self.doctor.look(["backend.emergency"])

        self.doctor.begin_operation("Close an incident")
        in_background(self.doctor, job, done, self._broke, "emergency-finish")

    # ── showing ─────────────────────────────────────────────────────────────────────────────────────────────

    def action_close(self) -> None:
        """Leaves; what is under way is finished first."""
        if self._phase != "working":
            self.dismiss(None)

    def _broke(self, error: Exception) -> None:
        from recovery.model import RecoveryError

        self.doctor.end_operation()
        self._give_up(str(error) if isinstance(error, RecoveryError) else type(error).__name__)

    def _give_up(self, words: str) -> None:
        self._tell(f"✗ {clean(words, 500)}", "The incident stays open.")
        self._phase = "over"
        self._keys(_LEAVE)

    def _tell(self, *lines: str) -> None:
        self._lines += lines
        if self.is_whole:
            self.query_one("#text Static", Static).update(Content("\n".join(self._lines)))
            self.query_one("#text").scroll_end(animate=False)

    def _keys(self, *actions: Action) -> None:
        if self.is_whole:
            self.query_one(KeyLine).show(list(actions))
