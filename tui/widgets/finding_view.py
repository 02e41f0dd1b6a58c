"""A link's findings in words: what, why, what to do; the raw evidence is one key deeper."""

from collections.abc import Sequence
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from diagnostics.model import Finding, Stage, Status
from tui.board import Link
from tui.faces import FACES

_MOST = 12
"""Findings shown in full; a file with hundreds of bad lines is told by its first ones."""
_TROUBLE = frozenset({Status.FAIL, Status.UNKNOWN, Status.WARN})


class FindingView(VerticalScroll, can_focus=True):
    """The words of one link. Scrolls with the arrow keys."""

    def __init__(self, content: Content, **options: Any) -> None:
        super().__init__(**options)
        self._text = Static(content, markup=False)
        self._shown = content

    def compose(self) -> Any:
        """One text."""
        yield self._text

    def show(self, content: Content) -> None:
        """Shows this text, from its top when it is another one."""
        if content.plain != self._shown.plain:
            self._shown = content
            self._text.update(content)
            self.scroll_home(animate=False)


def words_of(link: Link, few_characters: bool, evidence: int = 1) -> Content:
    """All findings of a link in words, the worst first. In: lines of `evidence` shown of each."""
    if not link.findings:
        return _nothing(link)
    trouble = [each for each in link.findings if each.status in _TROUBLE]
    rest = [each for each in link.findings if each.status not in _TROUBLE]
    blocks = [_in_full(each, few_characters, evidence) for each in trouble[:_MOST]]
    if len(trouble) > _MOST:
        blocks.append(Content.styled(f"… and {len(trouble) - _MOST} more of this link.", "$foreground-muted"))
    if not trouble and rest:
        blocks.append(_in_full(rest[0], few_characters, evidence))
        rest = rest[1:]
    if rest:
        blocks.append(Content("\n").join(_in_short(each, few_characters) for each in rest[:_MOST]))
    return Content("\n\n").join(blocks)


def fix_lines(lines: Sequence[str]) -> Content:
    """What to do: sentences, and commands and lines of a config set apart."""
    return Content("\n").join(
        Content.styled(f"  {line.removeprefix('| ')}", "bold $text-accent")
        if line.startswith(("$ ", "| "))
        else Content(line)
        for line in lines
    )


def _nothing(link: Link) -> Content:
    if link.stage is Stage.START and not link.asking:
        words = (
            "The server was not started. Press s to see whether it starts: the exact command is shown first."
        )
    elif link.status is None:
        words = (
            "This is being asked now." if link.asking else "Not asked yet: the links before it come first."
        )
    else:
        words = "There is nothing to ask about this link here."
    return Content.styled(words, "$foreground-muted")


def _in_full(finding: Finding, few_characters: bool, evidence: int) -> Content:
    face = FACES[finding.status]
    parts = [
        Content.assemble(
            (f"{face.plain if few_characters else face.glyph} ", f"bold {face.style}"),
            (finding.title, "bold"),
        )
    ]
    if finding.reference:
        parts.append(Content.styled(f"  {finding.reference}", "$foreground-muted"))
    if finding.detail:
        parts += [Content(""), Content(finding.detail)]
    if finding.fix:
        parts += [Content(""), Content.styled("What to do", "bold $text-primary"), fix_lines(finding.fix)]
    if finding.evidence:
        count, shown = len(finding.evidence), finding.evidence[:evidence]
        more = f" ({len(shown)} of {count} lines, all with " if count > len(shown) else ""
        head = Content.styled(f"Seen here{more}", "$foreground-muted")
        if more:
            head = Content.assemble(head, ("e", "bold $text-primary"), (")", "$foreground-muted"))
        parts += [Content(""), head]
        parts += [Content.styled(f"  {line}", "$foreground-muted") for line in shown]
    return Content("\n").join(parts)


def _in_short(finding: Finding, few_characters: bool) -> Content:
    face = FACES[finding.status]
    return Content.assemble(
        (f"{face.plain if few_characters else face.glyph} ", face.style), (finding.title, "$foreground-muted")
    )
