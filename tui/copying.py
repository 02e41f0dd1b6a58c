"""Copying a command or an address, on the press of a key and never anything that may be a credential."""

import re
from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from diagnostics.tokens.masking import holds_credential

_ADDRESS = re.compile(r"https?://[^\s\"'<>]+[^\s\"'<>.,;:)]")


def copyable(lines: Iterable[str]) -> str:
    """The first command of what to do (without its `$ `), else the first address; "" = there is neither."""
    told = list(lines)
    commands = [each.removeprefix("$ ") for each in told if each.startswith("$ ")]
    addresses = [found[0] for each in told for found in [_ADDRESS.search(each)] if found]
    return next((each for each in [*commands, *addresses] if may_be_copied(each)), "")


def may_be_copied(text: str) -> bool:
    """Whether a text may leave for a clipboard, which other programs read: no credential, one that can be shown."""
    return bool(text.strip()) and not holds_credential(text) and "\x1b" not in text


class WithoutLinks(LineFilter):
    """Takes OSC 8 out of what is sent to a terminal that is not known to understand it. The address stays as text."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's form
        """The segments without links."""
        return [
            Segment(
                text, style.update_link(None) if isinstance(style, Style) and style.link else style, control
            )
            for text, style, control in segments
        ]
