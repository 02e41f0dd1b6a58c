"""Text from elsewhere within Markdown that goes into a ticket."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#!|~$&^]|^[-+=/])")
_NUMBERED = re.compile(r"^(\d+)\.")
_ACTING = re.compile(r"(@|\\#|(?:\\[!~&$]|%)(?=[\w\"])|:(?=//)|\bwww(?=\.)|\bGH(?=-\d))", re.IGNORECASE)
"""What the places where tickets live make of plain text, once it is rendered: mentions, references, links."""
_BREAK = "\u200b"
"""Takes no room; behind it nothing is a mention, a reference or a link any more."""


def as_text(text: str) -> str:
    """Text as text, on one line: neither markup, nor HTML, nor what a ticket's page makes of plain text by itself."""
    text = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _ACTING.sub(rf"\1{_BREAK}", _NUMBERED.sub(r"\1\\.", text))
