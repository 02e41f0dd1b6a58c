"""The last line: which keys do what here. Each can be clicked."""

from collections.abc import Sequence
from typing import Any

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.actions import Action


class KeyLine(Widget):
    """Keys and words of the actions that a screen shows; those that do not apply now are dim."""

    def __init__(self, actions: Sequence[Action], **options: Any) -> None:
        super().__init__(**options)
        self._actions = tuple(actions)
        self._off: frozenset[str] = frozenset()

    def switch_off(self, *ids: str) -> None:
        """Shows these actions as not possible now."""
        if self._off != frozenset(ids):
            self._off = frozenset(ids)
            self.refresh()

    def render(self) -> Content:
        """One line."""
        parts: list[Content] = []
        for each in self._actions:
            if not each.footer:
                continue
            off = each.id in self._off
            click = Style.from_meta({"@click": f"screen.{each.id}"})
            key = Content.styled(f" {each.shown} ", "$text-muted" if off else "bold $text-primary")
            word = Content.styled(f"{each.label} ", "$text-muted" if off else "")
            parts.append((key + word).stylize(click))
        return Content("").join(parts).truncate(max(1, self.size.width), ellipsis=True)
