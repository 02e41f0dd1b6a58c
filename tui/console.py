"""Standard output that takes every text: what its character set lacks is written in plain letters, never an error."""

import codecs
import sys

_PLAIN = {
    "✔": "+", "✘": "x", "▲": "!", "–": "-", "—": "-", "…": "...", "→": "->", "←": "<-", "↑": "^", "↓": "v", "·": "-",
    "•": "*", "×": "x", "“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " ", "─": "-", "│": "|", "≥": ">=", "≤": "<=",
}  # fmt: skip
_NAME = "mcp-doctor-plain"


def take_every_text() -> None:
    """Sets both streams so that no text is an error for them. A console's code page (cp437, cp1252) stays what it is."""
    codecs.register_error(_NAME, in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not (stream.encoding or "").lower().replace("-", "").startswith(
            "utf8"
        ):
            reconfigure(errors=_NAME)


def in_plain_letters(error: UnicodeError) -> tuple[str | bytes, int]:
    """What to write in place of characters that an encoding lacks (`codecs.register_error`)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    plain = "".join(
        _PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode("ascii") for each in missing
    )
    return plain, error.end
