"""The backups: what is there, a new one, whether one is whole, and the way to restore it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from diagnostics.backups import name_at
from diagnostics.secret import Secret
from diagnostics.stores.choice import said_of
from diagnostics.text import clean, entry_count
from recovery.model import Ask, AskKind
from tui.actions import DIALOG, WHY, Action
from tui.disk import from_disk
from tui.doctor import Doctor
from tui.screens.backup_key import AskScreen, ask_for_key
from tui.screens.dialog import Dialog
from tui.widgets.choices import Choices
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.backups.content import Backup
    from recovery.backups.key import Key
    from recovery.backups.making import Made
    from recovery.backups.opening import Listed, Opened

_PURPOSE = (
    "A backup is one encrypted file with names and values. The age program opens it too, on any computer, so it "
    "is of use even where this doctor is not."
)


class BackupsScreen(Dialog[None]):
    """The list. Enter restores, `c` makes a new one, `v` verifies."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("restore", "enter", "Enter", "restore", "Open this backup; shows first what would change."),
        Action("create", "c", "c", "new backup", "Encrypt all entries into a new file."),
        Action("verify", "v", "v", "verify", "Is it whole, and does the keychain still hold the same?"),
        WHY,
        *DIALOG,
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "restore", show=False),
        Binding("c", "create", show=False),
        Binding("v", "verify", show=False),
        Binding(WHY.key, "why", show=False),
    ]
    CSS_PATH: ClassVar[list[str]] = ["dialog.tcss", "backups.tcss"]  # type: ignore[assignment]

    def __init__(self, doctor: Doctor) -> None:
        super().__init__("Backups", Content(""))
        self.doctor = doctor
        self._listed: Sequence[Listed] = ()
        self._news = ""
        """What was done here, told above the list until something else is."""

    def compose(self) -> ComposeResult:
        """What this is for, the list, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            yield Static(Content("Reading …"), id="say", markup=False)
            yield Choices(id="list", markup=False, compact=True)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """Reads the folder in a thread."""
        self.read()

    def read(self) -> None:
        """Reads the folder afresh."""
        host = self.doctor.session.host

        def job() -> "Sequence[Listed]":
            from recovery.backups.opening import listed

            return from_disk(lambda: listed(host), "the folder of backups")

        in_background(self.doctor, job, self._show, self.say_error, "backups")

    def say(self, words: str, style: str = "") -> None:
        """One thing to know, above the list."""
        if self.is_whole:
            shown = said_of(self.doctor.session.host, clean(words))
            self.query_one("#say", Static).update(Content.styled(shown, style))

    def tell(self, words: str) -> None:
        """What went well, with a check."""
        self._news = words
        if words:
            self.say(f"{'+' if self.doctor.few_characters else '✓'} {words}", "bold $text-success")

    def say_error(self, error: Exception) -> None:
        """What did not work; only recovery's own errors have words that are safe to show."""
        from recovery.model import RecoveryError

        self.say(str(error) if isinstance(error, RecoveryError) else type(error).__name__, "$text-error")

    def _show(self, found: "Sequence[Listed]") -> None:
        if not self.is_whole:
            return
        self._listed = found
        if self._news:
            self.tell(self._news)
        else:
            self.say(_PURPOSE if found else f"There is none yet. {_PURPOSE}", "$foreground-muted")
        rows = self.query_one("#list", OptionList)
        rows.clear_options()
        rows.add_options([Option(_line(each)) for each in found])
        of_one = {"restore", "verify"}
        self.query_one(KeyLine).show([each for each in self.ACTIONS if found or each.id not in of_one])
        if found:
            rows.highlighted = 0
            rows.focus()

    def on_option_list_option_selected(self) -> None:
        """Enter or a click."""
        self.action_restore()

    def action_why(self) -> None:
        """Why a backup, and how to open one without this program."""
        from tui.screens.why import open_why

        open_why(self.app, "backup")

    def action_create(self) -> None:
        """Reads what would be in it, then asks for a passphrase."""
        session = self.doctor.session
        self.say("Reading the keychain …")

        def job() -> "Backup":
            from recovery.backups.making import collect

            return collect(session.open_world(session.host))

        in_background(self.doctor, job, self._ask_for_passphrase, self.say_error, "backup-collect")

    def action_verify(self) -> None:
        """Opens the chosen one and compares it."""
        self._open("Verify a backup", self._verified)

    def action_restore(self) -> None:
        """Opens the chosen one and shows what would change."""
        self._open("Restore a backup", self._restore)

    # ── a new one ───────────────────────────────────────────────────────────────────────────────────────────

    def _ask_for_passphrase(self, backup: "Backup") -> None:
        if not self.is_whole:
            return
        from recovery.backups.key import SHORTEST

        names = ", ".join(each.name for each in backup.entries[:8])
        more = f" and {len(backup.entries) - 8} more" if len(backup.entries) > 8 else ""
        self.say(f"{entry_count(len(backup.entries))}: {names}{more}")
        hint = f"At least {SHORTEST} characters; without it nobody can open the backup. Keep it elsewhere."
        ask = Ask("passphrase", AskKind.NEW_PASSWORD, "A passphrase for the new backup:", hint)
        about = f"{entry_count(len(backup.entries))}: {names}{more}"
        screen = AskScreen("New backup", about, ask, _too_weak)
        self.doctor.push_screen(screen, lambda given: self._make(backup, given))

    def _make(self, backup: "Backup", passphrase: Secret | None) -> None:
        if passphrase is None:
            self.say("Nothing was written.")
            return
        session = self.doctor.session

        def job() -> "Made":
            from recovery.backups.making import make
            from recovery.journal import Journal

            return make(backup, passphrase, session.open_world(session.host), Journal(session.host))

        def done(made: "Made") -> None:
            self.doctor.end_operation()
            self._news = (
                f"Backed up: {entry_count(len(made.names))} in {made.path.name}. Keep a copy on another disk, and the "
                "passphrase somewhere else."
            )
            self.read()

        def broke(error: Exception) -> None:
            self.doctor.end_operation()
            self.say_error(error)

        self.say("Encrypting; that takes a few seconds, on purpose …")
        self.doctor.begin_operation("Make a backup")
        in_background(self.doctor, job, done, broke, "backup-make")

    # ── opening one ─────────────────────────────────────────────────────────────────────────────────────────

    def _open(self, title: str, then: "Callable[[Opened, Key, Sequence[Path]], None]") -> None:
        number = self.query_one("#list", OptionList).highlighted
        if number is None or number >= len(self._listed):
            return
        one = self._listed[number]
        if one.header is None:
            self.say(one.how, "$text-error")
            return
        host = self.doctor.session.host

        def given(key: "tuple[Key, Sequence[Path]] | None") -> None:
            if key is None:
                return

            def job() -> "Opened":
                from recovery.backups.opening import open_backup

                return open_backup(one.path, key[0], host)

            self.say("Decrypting; a passphrase takes a few seconds, on purpose …")
            in_background(self.doctor, job, lambda opened: then(opened, *key), self.say_error, "backup-open")

        ask_for_key(self.doctor, title, one, given, self.say_error)

    def _verified(self, opened: "Opened", _key: "Key", _paths: Sequence[Path]) -> None:
        session = self.doctor.session

        def job() -> Content:
            from recovery.backups.comparison import compare
            from recovery.model import RecoveryError
            from tui.screens.backup_restore import verdict

            try:
                found = compare(opened.backup, session.open_world(session.host))
                return verdict(opened, found, session.host)
            except RecoveryError as error:
                return verdict(opened, None, session.host, str(error))

        def show(content: Content) -> None:
            if self.is_whole:
                self.say(_PURPOSE, "$foreground-muted")
                self.doctor.push_screen(Dialog[None]("Verified", content))

        in_background(self.doctor, job, show, self.say_error, "backup-verify")

    def _restore(self, opened: "Opened", key: "Key", paths: Sequence[Path]) -> None:
        if self.is_whole:
            from tui.screens.backup_restore import RestoreScreen

            self.say(_PURPOSE, "$foreground-muted")
            screen = RestoreScreen(self.doctor, opened, key, paths)
            self.doctor.push_screen(screen, lambda _: self.tell(screen.news))


def _line(one: "Listed") -> Content:
    size = f"{one.size} bytes" if one.size < 1024 else f"{one.size / 1024:.1f} KiB"
    how = one.header.words if one.header else "not usable"
    own = one.path.name == name_at(one.made)
    return Content.assemble(
        (f"{one.made:%Y-%m-%d %H:%M} UTC  ", "bold" if one.header else ""),
        (f"{size:>10}  ", "$foreground-muted"),
        (f"{how:<13}", "" if one.header else "$text-error"),
        ("" if own else clean(one.path.name), "$foreground-muted"),
    )


def _too_weak(given: Secret) -> str:
    from recovery.backups.error import BackupError
    from recovery.backups.key import new_passphrase

    try:
        new_passphrase(given)
    except BackupError as error:
        return f"{error}."
    return ""
