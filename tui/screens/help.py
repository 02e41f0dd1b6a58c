"""The keys and what the signs mean, made from the same table as the keys themselves."""

from collections.abc import Sequence

from textual.content import Content

from tui.actions import MOVING, Action
from tui.faces import ASKING, FACES
from tui.screens.dialog import Dialog

_MEANINGS = {
    "ok": "this link holds",
    "warning": "holds, but will hurt later",
    "broken": "why the server can't get its credential",
    "unclear": "could not be found out; no bad sign by itself",
    "not asked": "rests on a broken link, or does not apply",
    "waiting": "comes later in this run",
    "asking": "is being asked now",
}


class HelpScreen(Dialog[None]):
    """What can be done here."""

    def __init__(
        self, actions: Sequence[Action], few_characters: bool, moving: Sequence[tuple[str, str]] = MOVING
    ) -> None:
        super().__init__("Help", help_of(actions, few_characters, moving))


def help_of(
    actions: Sequence[Action], few_characters: bool, moving: Sequence[tuple[str, str]] = MOVING
) -> Content:
    """Keys, then signs. In: `moving` = the keys that move about on this screen."""
    lines = [Content.styled("Keys", "bold $text-primary")]
    lines += [_row(each.shown, each.help, "bold") for each in actions]
    lines += [Content(""), Content.styled("Moving about", "bold $text-primary")]
    lines += [_row(keys, words, "bold") for keys, words in moving]
    lines += [Content(""), Content.styled("Signs", "bold $text-primary")]
    lines += [
        _row(f"{face.plain if few_characters else face.glyph} {face.word}", _MEANINGS[face.word], face.style)
        for face in (*FACES.values(), ASKING)
    ]
    return Content("\n").join(lines)


def _row(left: str, right: str, style: str) -> Content:
    return Content.assemble((f"  {left:<12} ", style), right)
