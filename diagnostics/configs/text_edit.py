"""Edits of a text: parts of it, and what takes their places."""

from collections.abc import Sequence
from dataclasses import dataclass


class EditError(ValueError):
    """The edit can't be made; the text says why, without any value of the file."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of the text, by offsets in characters, and what takes its place."""

    start: int
    end: int
    new: str


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits made. In: edits that do not overlap, in any order."""
    parts, at = [], 0
    for each in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[at : each.start], each.new]
        at = each.end
    return "".join([*parts, text[at:]])
