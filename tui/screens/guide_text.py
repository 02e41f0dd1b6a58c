"""The guide's texts: what will change, how the steps move, what became of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from diagnostics.model import Finding, Stage, Status
from diagnostics.tokens.remark import Remark
from recovery.model import Change, RecoveryError, Remedy, Risk
from recovery.runner import Outcome, Phase, Progress, Result
from tui.board import Link
from tui.faces import FACES
from tui.widgets.finding_view import fix_lines

if TYPE_CHECKING:
    from recovery.login.device import Code

RISKS = {
    Risk.SAFE: "This changes nothing that lasts.",
    Risk.REVERSIBLE: "This can be taken back afterwards.",
    Risk.FINAL: "This can't be taken back.",
}
WORD = "agree"
"""What a person types to agree to what can't be taken back."""
_ONE_LINE = 56
"""Characters of before and after that fit beside each other at 80 columns."""
_PHASES = {
    Phase.APPLYING: ("◌", "~", "doing …", "$text-primary"),
    Phase.VERIFYING: ("◌", "~", "looking again …", "$text-primary"),
    Phase.DONE: ("✓", "+", "done", "$text-success"),
    Phase.FAILED: ("✗", "x", "failed", "$text-error"),
    Phase.TAKING_BACK: ("◌", "~", "taking back …", "$text-warning"),
    Phase.TAKEN_BACK: ("○", "-", "taken back", "$foreground-muted"),
    Phase.STAYS: ("▲", "!", "stays done", "$text-warning"),
}


def changes_text(changes: Sequence[Change], risk: Risk, advice: str = "") -> Content:
    """The preview. In: `advice` about a backup, "" = none."""
    lines = [Content.styled("What will be different", "bold $text-primary")]
    for change in changes:
        lines.append(Content(f"  {change.what}"))
        between = "   then: " if len(change.before) + len(change.after) <= _ONE_LINE else "\n    then: "
        lines.append(
            Content.assemble(
                ("    now: ", "$foreground-muted"),
                change.before,
                (between, "$foreground-muted"),
                (change.after, "bold"),
            )
        )
    if not changes:
        lines.append(Content("  nothing"))
    lines.append(
        Content.styled(f"  {RISKS[risk]}", "$text-warning" if risk is Risk.FINAL else "$foreground-muted")
    )
    if advice:
        lines.append(Content.styled(f"  {advice}", "$text-warning"))
    return Content("\n").join(lines)


def steps_text(remedy: Remedy, moved: Mapping[int, Progress], few_characters: bool) -> Content:
    """The steps, as far as they are."""
    lines = [Content.styled("Steps", "bold $text-primary")]
    for number, step in enumerate(remedy.steps):
        progress = moved.get(number)
        if progress is None:
            lines.append(Content.styled(f"  · {step.title}", "$foreground-muted"))
            continue
        glyph, plain, words, style = _PHASES[progress.phase]
        lines.append(
            Content.assemble(
                (f"  {plain if few_characters else glyph} ", f"bold {style}"),
                step.title,
                (f"  {words}", style),
            )
        )
    return Content("\n").join(lines)


def remarks_text(remarks: Sequence[Remark], asking: str, few_characters: bool) -> Content:
    """What is known of a new token, and who is being asked."""
    lines = [Content.styled("About this token", "bold $text-primary")]
    for remark in remarks:
        face = FACES[remark.status]
        lines.append(
            Content.assemble(
                (f"  {face.plain if few_characters else face.glyph} ", f"bold {face.style}"), remark.words
            )
        )
    if asking:
        lines.append(Content.styled(f"  ◌ {asking}", "$text-primary"))
    return Content("\n").join(lines)


def login_text(code: "Code", few_characters: bool) -> Content:
    """Where to enter which code. The code stands apart and wide, to be read from across the desk."""
    wide = " ".join(code.user_code) if len(code.user_code) <= 24 else code.user_code
    line, side = ("-", "|") if few_characters else ("─", "│")
    corners = ("+", "+", "+", "+") if few_characters else ("╭", "╮", "╰", "╯")
    frame = line * (len(wide) + 6)
    lines = [
        Content("In a browser on any device, open"),
        Content.styled(f"  {code.address}", "bold $text-primary"),
        Content("and enter this code:"),
        Content(f"  {corners[0]}{frame}{corners[1]}"),
        Content.assemble(f"  {side}   ", (wide, "bold $text-success"), f"   {side}"),
        Content(f"  {corners[2]}{frame}{corners[3]}"),
    ]
    if code.whole_address:
        lines.append(Content.styled("or open the address that has the code in it:", "$foreground-muted"))
        lines.append(Content.styled(f"  {code.whole_address}", "$foreground-muted"))
    lines.append(Content("This page goes on by itself when you have said yes there."))
    return Content("\n").join(lines)


def login_error_text(error: Exception) -> Content:
    """Why there is no login."""
    known = isinstance(error, RecoveryError)
    said = str(error) if known else f"The doctor could not ask ({type(error).__name__})."
    return Content.assemble(
        ("There is no login yet.\n", "bold $text-error"), said[:1].upper() + said[1:] + "."
    )


def outcome_text(outcome: Outcome, few_characters: bool) -> Content:
    """How it ended; the notes hold commands to type."""
    check = "+" if few_characters else "✓"
    words, style = {
        Result.DONE: (f"{check} Done.", "$text-success"),
        Result.REFUSED: ("Nothing was done.", "$text-error"),
        Result.NOTHING_CHANGED: ("It did not work; nothing was changed.", "$text-error"),
        Result.HALF_DONE: ("It did not work; it is still half done, as before.", "$text-error"),
        Result.PARTLY: ("It did not work, and not everything could be taken back.", "$text-error"),
    }[outcome.result]
    lines = [Content.styled(words, f"bold {style}")]
    if outcome.error:
        lines.append(Content(outcome.error[:1].upper() + outcome.error[1:]))
    if outcome.notes:
        lines.append(fix_lines(outcome.notes))
    return Content("\n").join(lines)


def impossible_text(error: Exception) -> Content:
    """Why the remedy can't work now; only recovery's own errors have words that are safe to show."""
    known = isinstance(error, RecoveryError)
    said = str(error) if known else f"The doctor could not look ({type(error).__name__})."
    return Content.assemble(("This can't be done as things stand.\n", "bold $text-error"), said)


def advice_text(finding: Finding | None) -> Content:
    """What only the person can do."""
    lines = finding.fix if finding is not None else ()
    return Content("\n").join([Content.styled("What you can do", "bold $text-primary"), fix_lines(lines)])


def next_text(links: Sequence[Link], broken: Stage | None) -> str:
    """How to go on from here. In: the row's path now, and what is broken of it."""
    if broken is not None:
        return f"Next on this path: {broken.value}: {links[tuple(Stage).index(broken)].words}"
    started = bool(links) and links[-1].status is Status.OK
    return "This path is in order now." + ("" if started else " With s you can see the server start.")


def moved_text(before: Mapping[Stage, Status | None], after: Sequence[Link], running: bool) -> Content:
    """Which links look different now."""
    lines: list[Content] = []
    for link in after:
        was, now = FACES[before.get(link.stage)], FACES[link.status]
        if link.status is not None and before.get(link.stage) is not link.status:
            lines.append(
                Content.assemble(
                    (f"  {link.stage.value:<11}", "bold"),
                    (f"{was.word}", was.style),
                    (" → ", "$foreground-muted"),
                    (f"{now.word}", f"bold {now.style}"),
                    (f"  {link.words}", "$foreground-muted"),
                )
            )
    if running:
        lines.append(Content.styled("  The checks that this touches are asked again …", "$text-primary"))
    elif not lines:
        broken = any(link.status is Status.FAIL for link in after)
        style = "$text-warning" if broken else "$foreground-muted"
        lines.append(Content.styled("  No link of this path looks different now.", style))
    return Content("\n").join(lines)
