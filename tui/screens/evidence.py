"""One key deeper: what was seen on this computer, word for word, with the codes that reports and logs use."""

from textual.content import Content

from tui.board import Link
from tui.faces import FACES
from tui.screens.dialog import Dialog

_MOST = 200
"""Findings."""


class EvidenceScreen(Dialog[None]):
    """The raw evidence of one link."""

    def __init__(self, link: Link) -> None:
        super().__init__(f"Evidence: {link.stage.value}", evidence_of(link))


def evidence_of(link: Link) -> Content:
    """Everything known about a link's findings."""
    if not link.findings:
        return Content("Nothing was asked about this link yet.")
    blocks: list[Content] = []
    for finding in link.findings[:_MOST]:
        face = FACES[finding.status]
        lines = [
            Content.assemble((f"{face.word}  ", f"bold {face.style}"), (finding.title, "bold")),
            *(Content(f"  {line}") for line in finding.evidence),
        ]
        if not finding.evidence:
            lines.append(Content.styled("  Nothing beyond the words of the finding.", "$foreground-muted"))
        told = (
            ("check", finding.check),
            ("answer", finding.outcome),
            ("cause", finding.cause or ""),
            ("about", finding.subject),
            ("field", finding.reference or ""),
            ("file", finding.path or ""),
            ("took", f"{finding.duration_ms} ms" if finding.duration_ms else ""),
        )
        lines += [
            Content.styled(f"  {name:<7} {value}", "$foreground-muted") for name, value in told if value
        ]
        blocks.append(Content("\n").join(lines))
    return Content("\n\n").join(blocks)
