"""Hostile text made harmless: no escape sequence, control character or direction override survives."""

import re
import unicodedata
from collections.abc import Sequence


class Words(str):
    """A fact that stands in a command as it is: several arguments, or a whole command of our own making.

    Every other fact is quoted there, so that a name from a config can't become a command.
    """

    __slots__ = ()


_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"  # two-character sequences
    r"|\x9b[0-?]*[ -/]*[@-~]"  # eight-bit CSI
)


def clean(text: str, limit: int = 2000) -> str:
    """One line, safe to print anywhere.

    In: any text. Out: escape sequences removed, every other control, format (zero-width, direction
    override) and lone-surrogate character written out as `\\xNN` or `\\uNNNN`, line breaks as a blank,
    cut at `limit` characters with an ellipsis. It is plain text: print it without markup.
    """
    if len(text) <= limit and text.isprintable():
        return text.strip()
    text = _ESCAPES.sub("", text[: limit * 4])
    out = "".join(_visible(character) for character in text).strip()
    return out if len(out) <= limit else out[: limit - 1] + "…"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 host`, `3,000 hosts`. In: `many` where it is another word than `one` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def entry_count(count: int) -> str:
    """`1 entry`, `2 entries`."""
    return counted(count, "entry", "entries")


def listed(names: Sequence[str], most: int) -> str:
    """`github, gitlab and 3 more`: at most so many by name."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def clean_lines(text: str, most: int = 40, limit: int = 400) -> list[str]:
    """The last `most` lines of a text that have something in them, each made safe by `clean`."""
    tail = text[-most * limit * 2 :]
    lines = [clean(line, limit) for line in re.split(r"\r\n|\n|\r", tail)]
    return [line for line in lines if line][-most:]


def legal_in_xml(text: str) -> str:
    """The text without what no XML 1.0 document may hold, not even as a character reference."""
    return _NOT_IN_XML.sub("\ufffd", text)


_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _visible(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if character.isprintable():
        return character
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"
