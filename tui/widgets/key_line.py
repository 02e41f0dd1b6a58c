"""The last line: which keys do what here. Each can be clicked."""

from collections.abc import Sequence
from typing import Any

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.actions import Action


class KeyLine(Widget):
    """Keys and words of the actions that a screen shows."""

    def __init__(self, actions: Sequence[Action], **options: Any) -> None:
        super().__init__(**options)
        self._actions = tuple(actions)

    def show(self, actions: Sequence[Action]) -> None:
        """Other keys from now on."""
        if self._actions != tuple(actions):
            self._actions = tuple(actions)
            self.refresh()

    def render(self) -> Content:
        """One line."""
        shown = [each for each in self._actions if each.footer]
        if sum(len(each.shown) + len(each.label) + 3 for each in shown) > self.size.width:
            shown = [each for each in shown if not each.spare]
        parts: list[Content] = []
        for each in shown:
            click = Style.from_meta({"@click": f"screen.{each.id}"})
            key = Content.styled(f" {each.shown} ", "bold $text-primary")
            word = Content(f"{each.label} ")
            parts.append((key + word).stylize(click))
        return Content("").join(parts).truncate(max(1, self.size.width), ellipsis=True)
