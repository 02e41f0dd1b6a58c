"""The audit trail: what was done, the newest first, and whether its record holds. Read only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from diagnostics.model import Status
from diagnostics.text import clean
from tui.actions import DIALOG, Action
from tui.disk import from_disk
from tui.doctor import Doctor
from tui.faces import FACES
from tui.screens.dialog import Dialog
from tui.widgets.choices import Choices
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from recovery.trail.finding import Examination, Trouble
    from recovery.trail.ledger import Row

_MOST = 500
"""Operations in the list; the command shows all."""
_STATES = {
    "done": Status.OK,
    "taken back": Status.SKIP,
    "noted": Status.SKIP,
    "failed": Status.FAIL,
    "half done": Status.WARN,
    "half taken back": Status.WARN,
}
_HOLDS = {True: Status.OK, False: Status.FAIL, None: Status.UNKNOWN}


@dataclass(frozen=True, slots=True)
class _Seen:
    rows: "Sequence[Row]"
    found: "Examination"
    todo: Sequence[str]


class AuditScreen(Dialog[None]):
    """The deeds. Enter shows one in full, `v` what the proof says."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("look", "enter", "Enter", "in full", "Show this operation with its steps."),
        Action("verify", "v", "v", "does it hold?", "Show what the proof of the trail says, and what to do."),
        *DIALOG,
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "look", show=False),
        Binding("v", "verify", show=False),
    ]
    CSS_PATH: ClassVar[list[str]] = ["dialog.tcss", "audit.tcss"]  # type: ignore[assignment]

    def __init__(self, doctor: Doctor) -> None:
        super().__init__("Audit trail", Content(""))
        self.doctor = doctor
        self._seen: _Seen | None = None

    def compose(self) -> ComposeResult:
        """The verdict, the list, the keys."""
        with VerticalGroup(id="window") as window:
            window.border_title = Content(self._title)
            yield Static(Content("Reading …"), id="verdict", markup=False)
            yield Choices(id="deeds", markup=False, compact=True)
            yield KeyLine(self.ACTIONS, id="window-keys")

    def on_mount(self) -> None:
        """Reads and proves it in a thread."""
        host = self.doctor.session.host

        def job() -> _Seen:
            from recovery.journal import Journal
            from recovery.trail.ledger import ledger
            from recovery.trail.verify import begin_anew

            journal = Journal(host)
            found = from_disk(journal.examine, "the audit trail")
            broken = found.holds is False
            return _Seen(ledger(journal.records()), found, begin_anew(host, journal.path) if broken else ())

        in_background(self.doctor, job, self._show, self._broke, "audit")

    def _show(self, seen: _Seen) -> None:
        if not self.is_whole:
            return
        self._seen = seen
        self.query_one("#verdict", Static).update(verdict_of(seen.found, self.doctor.few_characters))
        deeds = self.query_one("#deeds", OptionList)
        few = self.doctor.few_characters
        deeds.add_options([Option(line_of(row, few)) for row in seen.rows[:_MOST]])
        if len(seen.rows) > _MOST:
            words = f"… and {len(seen.rows) - _MOST} older ones: mcp-doctor audit show"
            deeds.add_option(Option(Content.styled(words, "$foreground-muted"), disabled=True))
        if seen.rows:
            deeds.highlighted = 0
            deeds.focus()

    def _broke(self, error: Exception) -> None:
        from recovery.model import RecoveryError

        said = str(error) if isinstance(error, RecoveryError) else type(error).__name__
        if self.is_whole:
            self.query_one("#verdict", Static).update(
                Content.styled(clean(said), FACES[Status.UNKNOWN].style)
            )

    def on_option_list_option_selected(self) -> None:
        """Enter or a click in the list."""
        self.action_look()

    def action_look(self) -> None:
        """One operation in full."""
        number = self.query_one("#deeds", OptionList).highlighted
        if self._seen is not None and number is not None and number < len(self._seen.rows):
            row = self._seen.rows[number]
            self.doctor.push_screen(Dialog[None](f"Operation {row.operation}", in_full(row)))

    def action_verify(self) -> None:
        """What the proof says."""
        if self._seen is not None:
            self.doctor.push_screen(
                Dialog[None]("Does the trail hold?", proof_of(self._seen.found, self._seen.todo))
            )


def verdict_of(found: "Examination", few_characters: bool) -> Content:
    """The verdict in one line, and what to press."""
    from recovery.trail.export import summary

    face = FACES[_HOLDS[found.holds]]
    sign = face.plain if few_characters else face.glyph
    more = f" {len(found.notices)} more to know: press v." if found.holds and found.notices else ""
    why = " Press v to see where." if not found.holds else more
    return Content.assemble((f"{sign} ", face.style), (summary(found), "bold"), (why, "$foreground-muted"))


def line_of(row: "Row", few_characters: bool) -> Content:
    """One line of the list: when, state, what."""
    face = FACES[_STATES.get(row.state, Status.UNKNOWN)]
    sign = face.plain if few_characters else face.glyph
    when = row.at[:16].replace("T", " ")
    return Content.assemble(
        (f"{sign} ", face.style),
        (f"{when}  ", "$foreground-muted"),
        (f"{row.state:<11} ", face.style),
        ("emergency: " if row.emergency else "", "bold"),
        row.what,
    )


def in_full(row: "Row") -> Content:
    """One operation: what, who, why, its steps."""
    told = (
        ("state", row.state),
        ("began", f"{row.at[:19].replace('T', ' ')} UTC"),
        ("changed", f"{row.changed[:19].replace('T', ' ')} UTC"),
        ("who", row.who),
        ("where", f"{row.host} ({row.session})"),
        ("why", row.why),
        ("error", row.error),
    )
    lines = [Content.styled(row.what, "bold"), Content("")]
    lines += [Content.assemble((f"{name:<8} ", "$foreground-muted"), value) for name, value in told if value]
    if row.steps:
        lines += [Content(""), Content.styled("Steps", "bold")]
        lines += [
            Content(f"  {number}. {title}: {state}") for number, (title, state) in enumerate(row.steps, 1)
        ]
    numbers = [str(each["n"]) for each in row.records if "n" in each]
    span = numbers[0] if numbers[:1] == numbers[-1:] else f"{numbers[0]} to {numbers[-1]}" if numbers else ""
    if span:
        lines += [Content(""), Content.styled(f"Records {span} of the trail.", "$foreground-muted")]
    lines += [
        Content(""),
        Content.styled(f"mcp-doctor audit show --operation {row.operation}", "$foreground-muted"),
    ]
    return Content("\n").join(lines)


def proof_of(found: "Examination", todo: Sequence[str]) -> Content:
    """The verdict, each place, and what to do."""
    from recovery.trail.export import summary

    lines = [Content.styled(summary(found), "bold")]
    for words, status, places in (
        ("Where it does not hold", Status.FAIL, found.troubles),
        ("What could not be found out", Status.UNKNOWN, found.unknown),
        ("What is worth knowing", Status.WARN, found.notices),
    ):
        if places:
            lines += [Content(""), Content.styled(words, f"bold {FACES[status].style}")]
            lines += list(_places(places))
    lines += [Content("")]
    if found.holds is False:
        lines += [
            Content(
                "Someone changed, copied or restored these files, or a disk lost what it had promised to keep. "
                "Compare with the system log, finish or take back what is half done, then put the trail aside as it is:"
            ),
            *(Content.styled(clean(each, 1000), "bold") for each in todo),
        ]
    else:
        lines += [
            Content.styled(
                "Each record carries a digest made with a key that is not in the trail, and names the one before; "
                "how many there are is noted in another place. A program that runs as you can read that key: "
                "against it, only a log that you can't rewrite tells.",
                "$foreground-muted",
            )
        ]
    return Content("\n").join(lines)


def _places(places: "Sequence[Trouble]") -> Iterator[Content]:
    from recovery.trail.export import place_of

    for each in places[:50]:
        about = (
            f" (operation {each.operation}, {each.at[:16].replace('T', ' ')} UTC)" if each.operation else ""
        )
        yield Content(f"  {place_of(each.line)}{each.what}{about}")
        if each.todo:
            yield Content.styled(f"    {each.todo}", "$foreground-muted")
    if len(places) > 50:
        yield Content(f"  … and {len(places) - 50} more: mcp-doctor audit verify")
