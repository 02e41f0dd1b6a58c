"""A guide: shows what a remedy will do, asks, does it, and lets the person see the link turn green."""

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from diagnostics.model import Finding, Stage, Status
from diagnostics.secret import Secret
from recovery.model import Answers, Ask, Change, Remedy, Risk
from recovery.runner import Outcome, Progress
from tui.actions import GUIDE, bindings
from tui.doctor import Doctor
from tui.mending import mend, take_back
from tui.messages import StepMoved
from tui.screens import guide_text as text
from tui.screens.guide_page import Phase
from tui.screens.guide_token import TokenGuide
from tui.screens.undo_asks import ask_before_undo
from tui.widgets.answers import AnswerField
from tui.widgets.chain import strip
from tui.work import in_background, post


class GuideScreen(TokenGuide):
    """In: the remedy, the row whose path is watched, and the finding that it mends."""

    ACTIONS = GUIDE
    CSS_PATH = "guide.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(GUIDE))

    def __init__(self, doctor: Doctor, remedy: Remedy, row: str, finding: Finding | None) -> None:
        super().__init__(doctor, remedy, row, finding)
        self._before: dict[Stage, Status | None] = {}
        self._in_hand: dict[str, Secret] = {}
        """Answers with a login in them that could not be kept yet."""
        self._advice = ""
        """About a backup that should be made before."""
        self._operation = ""
        self._taking_back = False
        self._words_of_undo = ""

    def on_mount(self) -> None:
        """Gathers the preview in a thread."""
        self._before = {link.stage: link.status for link in self._links()}
        self.query_one("#fields").display = False
        if self._remedy.steps:
            self._gather()
        else:
            self._advise()

    # ── what will be different ──────────────────────────────────────────────────────────────────────────────

    def _gather(self) -> None:
        self._go(Phase.LOOKING, "Looking at what will change …")
        in_background(self.doctor, self._look_ahead, self._previewed, self._impossible, "preview")

    def _look_ahead(self) -> list[Change]:
        """In a thread."""
        from recovery.backups.advice import advice_before
        from recovery.runner import preview

        host = self.doctor.session.host
        changes = preview(self._remedy, self.doctor.session.open_world(host))
        self._advice = advice_before(self._remedy, host)
        return changes

    def _previewed(self, changes: list[Change]) -> None:
        if not self.is_whole:
            return
        self._put("changes", text.changes_text(changes, self._risk, self._advice))
        fields = list(self.query(AnswerField))
        self.query_one("#fields").display = bool(fields) and not self._in_hand
        if fields and not self._in_hand:
            self._ask()
            self._ask_providers()
        else:
            self._agree()

    def _impossible(self, error: Exception) -> None:
        if not self.is_whole:
            return
        self._put("result", text.impossible_text(error))
        self._go(Phase.IMPOSSIBLE, "Enter looks once more.", ("go_on", "Enter", "look again"))

    def _advise(self) -> None:
        self._put("changes", text.advice_text(self._finding))
        self._go(
            Phase.ADVICE,
            "Only you can do this. Enter asks the checks again afterwards.",
            ("go_on", "Enter", "check again"),
        )

    # ── questions ───────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self, words: str = "") -> None:
        self._answers = {}
        self._put("chosen", None)
        fields = list(self.query(AnswerField))
        self.query_one("#fields").display = True
        fields[0].enter()
        label = "go on" if len(fields) > 1 or self._risk is not Risk.SAFE or self._asks_token else self._verb
        self._go(Phase.ASKING, words, ("go_on", "Enter", label))

    def _ask_providers(self) -> None:
        """Where the question is which of several values is right, their providers have the best word on it."""
        from recovery.twins import is_about_twins, with_answers
        from tui.commands.cleanup import asked_of

        session = self.doctor.session
        found = next((each for each in self._remedy.asks if is_about_twins(each)), None)
        if found is None or session.options.offline:
            return
        about = found

        def job() -> Ask:
            return with_answers(about, session.open_world(session.host), asked_of(session))

        def answered(ask: Ask) -> None:
            if self.is_whole and self.phase is Phase.ASKING:
                for field in self.query(AnswerField):
                    field.show(ask)
                self._say("Nothing is changed yet.")

        def broke(_error: Exception) -> None:
            if self.is_whole and self.phase is Phase.ASKING:
                self._say("The provider could not be asked. That says nothing about either value.")

        self._say("Asking the provider about each value …")
        in_background(self.doctor, job, answered, broke, "twins")

    def on_answer_field_given(self, message: AnswerField.Given) -> None:
        """The next field, or on."""
        message.stop()
        if self.phase is Phase.ASKING:
            self.action_go_on()

    def _take_answers(self) -> None:
        fields = list(self.query(AnswerField))
        for field in fields:
            problem = field.problem(text.WORD)
            if problem:
                field.enter()
                self._say(problem, is_error=True)
                return
            if field.has_focus_within and field is not fields[-1]:
                fields[fields.index(field) + 1].enter()
                return
        for field in fields:
            self._answers |= field.take()
        if self._asks_token:
            self._weigh()
        elif self._risk is Risk.REVERSIBLE:
            self._agree()
        else:
            self._work()

    @property
    def _verb(self) -> str:
        return "do it"

    # ── consent and deed ────────────────────────────────────────────────────────────────────────────────────

    def _agree(self) -> None:
        words = {
            Risk.SAFE: "",
            Risk.REVERSIBLE: "Nothing is changed yet. Shall it be done?",
            Risk.FINAL: "",
        }[self._risk]
        # What was typed is taken: fields that are empty now would look as if it were lost.
        self.query_one("#fields").display = False
        chosen = "; ".join(filter(None, (each.chosen for each in self.query(AnswerField))))
        self._put(
            "chosen", Content.assemble(("You chose  ", "$foreground-muted"), chosen) if chosen else None
        )
        self._go(Phase.AGREEING, words, ("go_on", "Enter", "yes, do it" if words else self._verb))

    def _work(self) -> None:
        answers, self._answers, self._token = self._answers, {}, None
        self._in_hand = answers if self._login is not None else {}
        self._moved = {}
        self._put("result", None)
        self.query_one("#fields").display = False
        self._show_steps()
        self._go(Phase.WORKING, "Doing it …")
        given = {name: value for name, value in answers.items() if name != "consent"}
        self._carry_out(given)

    def _carry_out(self, answers: Answers) -> None:
        mend(self.doctor, self._remedy, answers, self._notify_of, self._worked, self._broke)

    def _notify_of(self, progress: Progress) -> None:
        post(self, StepMoved(progress))

    def on_step_moved(self, message: StepMoved) -> None:
        """One step is further."""
        if not self.is_whole:
            return
        self._moved[message.progress.index] = message.progress
        if not self._taking_back:
            self._show_steps()

    def _worked(self, outcome: Outcome) -> None:
        if not self.is_whole:
            return
        self._put("result", text.outcome_text(outcome, self.doctor.few_characters))
        if outcome.ok:
            self._in_hand = {}
            self._operation = outcome.operation
            self._go(Phase.LOOKING_AGAIN, "")
            self.doctor.look(self._remedy.recheck or None)
        elif self._in_hand:
            self._answers = self._in_hand  # a login that was got is not got a second time
            self._go(
                Phase.IMPOSSIBLE,
                "The login is not kept yet. Enter tries again.",
                ("go_on", "Enter", "try again"),
            )
        elif self.query(AnswerField):
            last = " Last way: Esc, x (emergency)." if self._remedy.id == "unlock-keychain" else ""
            self._ask(f"It did not work. You can try again.{last}")
        else:
            self._go(Phase.IMPOSSIBLE, "Enter tries once more.", ("go_on", "Enter", "try again"))

    def _broke(self, error: Exception) -> None:
        if self.is_whole:
            self._impossible(error)

    # ── afterwards ──────────────────────────────────────────────────────────────────────────────────────────

    def board_changed(self) -> None:
        """The checks that were asked again have news."""
        if self.phase not in {Phase.LOOKING_AGAIN, Phase.OVER} or not self.is_whole:
            return
        board = self.doctor.board
        links = self._links()
        if links:
            parts = [
                strip(links, self.doctor.few_characters),
                text.moved_text(self._before, links, board.running),
            ]
            self._put("path-now", Content("\n").join(parts))
        if not board.running and self.phase is Phase.LOOKING_AGAIN:
            self._finish()

    def _finish(self) -> None:
        broken = self.doctor.board.broken_stage(self._row)
        words = self._words_of_undo if self._taking_back else text.next_text(self._links(), broken)
        keys = [("go_on", "Enter", "back to the servers")]
        if self._operation and not self._taking_back and self._risk is not Risk.FINAL:
            keys.append(("undo", "u", "take it back"))
        self._go(Phase.OVER, words, *keys)
        if broken is None and not self._taking_back:
            self.query_one("#next", Static).update(Content.styled(f" {words}", "bold $text-success"))

    def action_undo(self) -> None:
        """Takes back what this guide did."""
        if self.phase is not Phase.OVER or not self._operation or self._taking_back:
            return
        self._taking_back = True
        self._before = {link.stage: link.status for link in self._links()}
        self._go(Phase.WORKING, "Taking it back …")

        def done(outcome: Outcome) -> None:
            self._words_of_undo = "Taken back." if outcome.ok else "It was not taken back: see above why."
            if self.is_whole:
                self._put("result", text.outcome_text(outcome, self.doctor.few_characters))
                self._go(Phase.LOOKING_AGAIN, "")
            self.doctor.look(self._remedy.recheck or None)

        def go(answers: Answers) -> None:
            take_back(self.doctor, self._operation, self._remedy.title, answers, done, self._broke)

        def left() -> None:
            self._taking_back = False
            if self.is_whole:
                self._finish()

        ask_before_undo(self.doctor, self._operation, self._remedy.title, go, left, self._broke)

    # ── keys ────────────────────────────────────────────────────────────────────────────────────────────────

    def action_go_on(self) -> None:
        """What the last line says."""
        match self.phase:
            case Phase.ASKING:
                self._take_answers()
            case Phase.WEIGHING if self._token is not None and not self._token.asking:
                self._put("token", None)
                self._ask()
            case Phase.AGREEING:
                self._go_ahead()
            case Phase.SIGNING_IN:
                self._sign_in_again()
            case Phase.IMPOSSIBLE:
                self._put("result", None)
                self._gather()
            case Phase.ADVICE:
                self.dismiss(None)
                self.doctor.look()
            case Phase.OVER:
                self.dismiss(None)
            case _:
                pass

    def action_back(self) -> None:
        """Leaves; what is under way is finished first."""
        if self.phase is Phase.WORKING:
            self._say("A change is under way: it is finished first.")
            return
        self._answers, self._in_hand = {}, {}
        self._stop_signing_in()
        self.dismiss(None)

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.doctor.push_screen(HelpScreen(GUIDE, self.doctor.few_characters))
