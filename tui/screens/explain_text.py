"""The texts of the paste and log screen."""

from typing import TYPE_CHECKING

from textual.content import Content

from diagnostics.catalog.clients import client
from diagnostics.text import clean, counted
from tui.widgets.finding_view import fix_lines

if TYPE_CHECKING:
    from diagnostics.explain import Match
    from diagnostics.logs.files import LogFile
    from tui.explaining import Explained

ASIDE = (
    "Paste with your terminal's own key, often Ctrl+Shift+V, Cmd+V or the right mouse button. Where that types the "
    "text instead, put it into a file:"
)
_SURE = 0.85
_LIKELY = 0.65


def start_text(*, looking: bool, logs: int = 0, aside: str = "") -> Content:
    """What can be done here."""
    lines = [
        Content.styled("Paste an error or a log here", "bold"),
        Content(""),
        Content(
            "The doctor names the cause and what to do. The text stays on this computer, and is kept nowhere."
        ),
        Content(""),
    ]
    if aside:
        lines += [
            Content(aside),
            Content.styled("  $ mcp-doctor explain FILE", "bold $text-accent"),
            Content(""),
        ]
    if looking:
        lines.append(Content.styled("Looking for the logs of your MCP clients …", "$foreground-muted"))
    elif logs:
        lines.append(
            Content.assemble("Or choose a log on the left and press ", ("Enter", "bold $text-primary"), ".")
        )
    return Content("\n").join(lines)


def nothing_text() -> Content:
    """In the list, where there is no log."""
    return Content.styled("No client's log was found on this computer.", "$foreground-muted")


def busy_text(name: str) -> Content:
    """While a text is read."""
    return Content.styled(f"Reading {name} …", "$foreground-muted")


def log_label(file: "LogFile", now: float) -> Content:
    """One log: whose, and how old it is."""
    name = clean(file.server or file.path.name, 60)
    about = f"{client(file.client).name}, {_age(now - file.modified)}"
    return Content.assemble((name, "bold"), "\n", (about, "$foreground-muted"))


def explained_text(found: "Explained", *, few_characters: bool) -> Content:
    """The causes, best first, then the end of the text itself."""
    count = counted(found.lines, "line")
    head = Content.styled(
        f"{found.name}: {count}{', its end was read' if found.is_cut else ''}", "$foreground-muted"
    )
    blocks = [head]
    if found.matches:
        blocks += [_match(each, number, few_characters) for number, each in enumerate(found.matches)]
    else:
        blocks.append(
            Content.assemble(
                ("Nothing here shows a failure that the doctor knows.", "bold"),
                "\n\nThat is no proof that all is well: the reason may stand in another log, or further up.",
            )
        )
    if found.tail:
        lines = [Content.styled("The end of the text, credentials masked", "bold $text-primary")]
        lines += [Content.styled(f"  {line}", "$foreground-muted") for line in found.tail]
        blocks.append(Content("\n").join(lines))
    return Content("\n\n").join(blocks)


def _match(match: "Match", number: int, few_characters: bool) -> Content:
    glyph = "x" if few_characters else "✗"
    head = Content.assemble((f"{glyph} ", "bold $text-error"), (match.title, "bold"))
    if number:
        head = Content.assemble(("Perhaps also: ", "$text-warning"), (match.title, "bold"))
    about = [match.cause, _how_sure(match.confidence)]
    if match.servers:
        about.insert(0, "server " + ", ".join(match.servers))
    parts = [
        head,
        Content.styled("  " + ", ".join(about), "$foreground-muted"),
        Content(""),
        Content.styled(f"  “{match.evidence}”" if not few_characters else f'  "{match.evidence}"', "italic"),
        Content(""),
        Content(match.why),
        Content(""),
        Content.styled("What to do", "bold $text-primary"),
        fix_lines(match.fix),
    ]
    return Content("\n").join(parts)


def _how_sure(confidence: float) -> str:
    if confidence >= _SURE:
        return "quite sure"
    return "likely" if confidence >= _LIKELY else "a guess"


def _age(seconds: float) -> str:
    minutes = max(0, int(seconds // 60))
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} d ago"
    return f"{minutes // 60} h ago" if minutes >= 60 else f"{minutes} min ago"
