"""The advice's parts as the app shows them; the words are `diagnostics.advice.page`'s."""

from textual.content import Content

from diagnostics.advice.judgement import Fit
from diagnostics.advice.page import Kind, Line, Part

_FACES = {
    Fit.FITS: ("✓", "+", "fits", "$text-success"),
    Fit.POSSIBLE: ("▲", "!", "possible", "$text-warning"),
    Fit.UNCLEAR: ("?", "?", "can't tell", "$text-secondary"),
    Fit.RULED_OUT: ("✗", "x", "no", "$foreground-muted"),
}
_STYLES = {
    Kind.TEXT: ("", ""),
    Kind.FOR: ("+ ", "$text-success"),
    Kind.AGAINST: ("- ", "$text-error"),
    Kind.NEED: ("· ", "$foreground-muted"),
    Kind.COMMAND: ("  $ ", "bold $text-accent"),
    Kind.HEAD: ("", "bold $text-primary"),
    Kind.ASIDE: ("  ", "$foreground-muted"),
}


def looking_text() -> Content:
    """While the host is looked at."""
    return Content.styled(
        "Looking at this host. Nothing is asked over the network, nothing is changed.", "italic"
    )


def label_of(part: Part, few_characters: bool) -> Content:
    """One part in the list."""
    if part.fit is None:
        return Content(part.short)
    glyph, plain, word, style = _FACES[part.fit]
    return Content.assemble(
        (f"{plain if few_characters else glyph} ", style), part.short, (f"  {word}", style)
    )


def text_of(part: Part, few_characters: bool) -> Content:
    """A part's lines; a heading has air above it."""
    lines: list[Content] = []
    for each in part.lines:
        if lines and each.kind is Kind.HEAD:
            lines.append(Content(""))
        lines.append(_line(each, few_characters))
    return Content("\n").join(lines)


def _line(line: Line, few_characters: bool) -> Content:
    sign, style = _STYLES[line.kind]
    if few_characters:
        sign = sign.replace("·", ".")
    if line.kind in {Kind.FOR, Kind.AGAINST, Kind.NEED}:
        return Content.assemble((sign, style), line.text)
    return Content.styled(f"{sign}{line.text}", style) if style else Content(f"{sign}{line.text}")
