"""Restoring: every entry of a backup beside the keychain's, a choice of them, and what is done about differences."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from diagnostics.context import SERVICE
from diagnostics.host import Host
from diagnostics.model import Status
from diagnostics.stores.choice import said_of
from diagnostics.text import clean, entry_count
from recovery.backups.comparison import Compared, State
from tui.actions import WHY, Action
from tui.doctor import Doctor
from tui.faces import FACES, has_few_characters
from tui.mending import mend, say, say_error
from tui.screens.dialog import Dialog
from tui.widgets.choices import Choices
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.backups.key import Key
    from recovery.backups.opening import Opened
    from recovery.backups.restoring import RestorePlan
    from recovery.outcome import Outcome

_WORDS = {
    State.NEW: (Status.WARN, "not in the keychain"),
    State.SAME: (Status.OK, "the same"),
    State.DIFFERS: (Status.FAIL, "another value"),
    State.SEVERAL: (Status.UNKNOWN, "several of this name: stays"),
    State.UNREADABLE: (Status.UNKNOWN, "locked: stays"),
    State.UNFIT: (Status.SKIP, "this keychain can't hold it"),
}


class RestoreScreen(Dialog[None]):
    """The diff. Space chooses, `o` decides about other values, Enter restores."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("restore", "enter", "Enter", "restore", ""),
        Action("choose", "space", "Space", "choose", ""),
        Action("overwrite", "o", "o", "other values", ""),
        WHY,
        Action("close", "escape", "Esc", "leave", ""),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "restore", show=False, priority=True),
        Binding("space", "choose", show=False, priority=True),
        Binding("o", "overwrite", show=False),
        Binding(WHY.key, "why", show=False),
    ]
    CSS_PATH: ClassVar[list[str]] = ["dialog.tcss", "backups.tcss"]  # type: ignore[assignment]

    def __init__(self, doctor: Doctor, opened: "Opened", key: "Key", identities: Sequence[Path]) -> None:
        super().__init__(f"Restore {clean(opened.path.name)}", Content(""))
        self.doctor = doctor
        self._opened = opened
        self._key = key
        self._identities = identities
        self._found: Sequence[Compared] = ()
        self._off: set[int] = set()
        self._overwrites = False
        self.news = ""
        """What was restored, "" = nothing."""

    def compose(self) -> ComposeResult:
        """What will be done, the entries, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            yield Static(
                Content(said_of(self.doctor.session.host, "Comparing with the keychain …")),
                id="say",
                markup=False,
            )
            yield Choices(id="list", markup=False, compact=True)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """Compares in a thread."""
        session = self.doctor.session

        def job() -> "Sequence[Compared]":
            from recovery.backups.comparison import compare

            return compare(self._opened.backup, session.open_world(session.host))

        in_background(self.doctor, job, self._show, self._broke, "backup-compare")

    def action_choose(self) -> None:
        """In or out."""
        number = self.query_one("#list", OptionList).highlighted
        if number is not None and number < len(self._found):
            self._off ^= {number}
            self._paint()

    def action_why(self) -> None:
        """What a restore does, and what it leaves alone."""
        from tui.screens.why import open_why

        open_why(self.app, "restore-backup")

    def action_overwrite(self) -> None:
        """Whether entries with another value get the backup's."""
        self._overwrites = not self._overwrites
        self._paint()

    def on_option_list_option_selected(self) -> None:
        """A click chooses."""
        self.action_choose()

    def action_restore(self) -> None:
        """Plans in a thread what is marked, then does it: the list above is what was agreed to."""
        numbers = [number for number in range(len(self._found)) if self._is_marked(number)]
        if not numbers or self.doctor_is_busy:
            self._say("Nothing is marked: there is nothing to restore.")
            return
        session = self.doctor.session

        def job() -> "RestorePlan":
            from recovery.backups.restoring import OnConflict, plan_restore

            policy = OnConflict.OVERWRITE if self._overwrites else OnConflict.SKIP
            return plan_restore(
                self._opened,
                session.open_world(session.host),
                numbers=numbers,
                on_conflict=policy,
                identities=self._identities,
            )

        in_background(self.doctor, job, self._planned, self._broke, "backup-plan")

    @property
    def doctor_is_busy(self) -> bool:
        """Whether a change is under way already."""
        return bool(getattr(self.doctor, "under_way", ""))

    def _planned(self, plan: "RestorePlan") -> None:
        if not self.is_whole or self.doctor_is_busy:
            return
        if not plan.remedy.steps:
            self._say("The keychain has changed meanwhile: there is nothing to restore.")
            return
        self._say("Restoring …")

        def done(outcome: "Outcome") -> None:
            if outcome.ok:
                self.news = "\n".join(("Restored. To take it back: u on the home screen.", *outcome.notes))
            else:
                say(self.doctor, outcome, "")
            if self.is_whole:
                self.dismiss(None)
            self.doctor.look()

        mend(
            self.doctor,
            plan.remedy,
            plan.answers(self._key),
            lambda _progress: None,
            done,
            lambda error: say_error(self.doctor, error),
        )

    def _show(self, found: "Sequence[Compared]") -> None:
        if self.is_whole:
            self._found = found
            rows = self.query_one("#list", OptionList)
            rows.add_options([Option(self._line(number)) for number in range(len(found))])
            self._paint()
            rows.highlighted = 0 if found else None
            rows.focus()

    def _broke(self, error: Exception) -> None:
        from recovery.model import RecoveryError

        self._say(clean(str(error)) if isinstance(error, RecoveryError) else type(error).__name__)

    def _paint(self) -> None:
        rows = self.query_one("#list", OptionList)
        for number in range(len(self._found)):
            rows.replace_option_prompt_at_index(number, self._line(number))
        marked = [each for number, each in enumerate(self._found) if self._is_marked(number)]
        new = sum(each.state is State.NEW for each in marked)
        changed = len(marked) - new
        kept = sum(each.state is State.DIFFERS for each in self._found) - changed
        words = f"{new} new will be written"
        if changed:
            words += f", {changed} get the backup's value (the earlier one is kept for an undo)"
        if kept:
            words += (
                f"; {kept} with another value {'stays as it is' if kept == 1 else 'stay as they are'}"
                + ("" if self._overwrites else " (o: take the backup's)")
            )
        self._say(f"{words}. Nothing is done before Enter.")

    def _is_marked(self, number: int) -> bool:
        writes = {State.NEW, State.DIFFERS} if self._overwrites else {State.NEW}
        return self._found[number].state in writes and number not in self._off

    def _line(self, number: int) -> Content:
        one = self._found[number]
        status, words = _WORDS[one.state]
        face = FACES[status]
        mark = "[x]" if self._is_marked(number) else "[ ]"
        return Content.assemble(
            f"{mark} ",
            (f"{face.plain if self.doctor.few_characters else face.glyph} ", face.style),
            (f"{one.entry.name:<22} ", "bold"),
            (said_of(self.doctor.session.host, words), face.style),
            (
                "" if one.entry.service == SERVICE else f"  {clean(one.entry.service, 60)}",
                "$foreground-muted",
            ),
        )

    def _say(self, words: str) -> None:
        if self.is_whole:
            self.query_one("#say", Static).update(Content(said_of(self.doctor.session.host, words)))


def verdict(opened: "Opened", found: "Sequence[Compared] | None", host: Host, said: str = "") -> Content:
    """What verifying showed: the file is whole, and how it stands to the store of this host."""
    count = len(opened.backup.entries)
    lines = [
        Content.styled(
            f"{'+' if has_few_characters(host) else '✓'} {clean(opened.path.name)} is whole.",
            "bold $text-success",
        ),
        Content(f"{entry_count(count)}, each with the value it was made with."),
        Content(f"Made {opened.backup.made} on {opened.backup.host}."),
        Content(""),
    ]
    if found is None:
        lines.append(
            Content.styled(
                said_of(host, f"It could not be compared with the keychain: {clean(said)}"), "$text-warning"
            )
        )
    for state, (status, words) in _WORDS.items():
        names = [each.entry.name for each in found or () if each.state is state]
        if names:
            told = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
            lines.append(
                Content.assemble(
                    (f"{len(names)} {said_of(host, words)}: ", FACES[status].style),
                    (told, "$foreground-muted"),
                )
            )
    return Content("\n").join(lines)
