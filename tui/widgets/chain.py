"""The credential's path as a chain of eight links, and the same in two lines for narrow places."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from diagnostics.model import Stage
from tui.board import Link
from tui.faces import ASKING, FACES, Face

_NAME = max(len(stage.value) for stage in Stage) + 1


def face_of(link: Link) -> Face:
    """How a link looks now."""
    return ASKING if link.asking and link.status is None else FACES[link.status]


class Chain(Widget, can_focus=True):
    """One line a link: glyph, stage, and its worst finding's title (or its state in a word)."""

    class LinkChosen(Message):
        """The person has gone to another link."""

        def __init__(self, stage: Stage) -> None:
            super().__init__()
            self.stage = stage

    class Entered(Message):
        """Enter, or a second click on the chosen link."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("home", "move(-8)", show=False),
        Binding("end", "move(8)", show=False),
        Binding("enter", "enter", show=False),
    ]

    def __init__(self, *, few_characters: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._few = few_characters
        self._links: tuple[Link, ...] = ()
        self._chosen = Stage.CONFIG

    @property
    def chosen(self) -> Stage:
        """The link under the cursor."""
        return self._chosen

    def show(self, links: Sequence[Link], chosen: Stage) -> None:
        """Shows these links with the cursor on one."""
        if self._links != tuple(links) or self._chosen is not chosen:
            self._links, self._chosen = tuple(links), chosen
            self.refresh()

    def action_move(self, by: int) -> None:
        """Up or down the path."""
        stages = tuple(Stage)
        here = max(0, min(len(stages) - 1, stages.index(self._chosen) + by))
        self._choose(stages[here])

    def action_enter(self) -> None:
        """Goes on to the finding."""
        self.post_message(self.Entered())

    def on_click(self, event: events.Click) -> None:
        """A click chooses the link."""
        place = event.get_content_offset(self)
        number = place.y // self._pitch if place is not None else -1
        if 0 <= number < len(Stage):
            if event.chain > 1:
                self.action_enter()
            self._choose(tuple(Stage)[number])

    def render(self) -> Content:
        """All links; with the chain drawn between them where there is room."""
        lines: list[Content] = []
        for number, link in enumerate(self._links):
            if number and self._pitch == 2:
                whole = link.status is not None and self._links[number - 1].status is not None
                lines.append(Content.styled("  │" if whole else "  ╎", "$foreground-muted"))
            lines.append(self._line(link))
        return Content("\n").join(lines)

    @property
    def _pitch(self) -> int:
        return 2 if self.size.height >= 2 * len(Stage) - 1 else 1

    def _line(self, link: Link) -> Content:
        face = face_of(link)
        is_chosen = link.stage is self._chosen
        edge = ("▌" if self.has_focus else "│") if is_chosen else " "
        line = Content.assemble(
            (edge, face.style),
            " ",
            (face.plain if self._few else face.glyph, f"bold {face.style}"),
            " ",
            (f"{link.stage.value:<{_NAME}}", "bold" if is_chosen else ""),
            (link.words or face.word, face.style),
        ).truncate(self.size.width, ellipsis=True, pad=True)
        if is_chosen and self.has_focus:
            line = line.stylize("reverse" if self.app.native_ansi_color else "on $panel-lighten-2")
        elif is_chosen:
            line = line.stylize("on $panel-lighten-1")
        return line

    def _choose(self, stage: Stage) -> None:
        if stage is not self._chosen:
            self._chosen = stage
            self.refresh()
            self.post_message(self.LinkChosen(stage))


def strip(links: Sequence[Link], few_characters: bool) -> Content:
    """The path in two lines: glyphs joined by a line, the stages' names below them. 66 cells wide."""
    above: list[Content] = []
    below: list[Content] = []
    for number, link in enumerate(links):
        face = face_of(link)
        name = link.stage.value
        room = len(name) + 2
        left = (room - 1) // 2
        rule = "─" if link.status is not None else "╌"
        above.append(
            Content.assemble(
                (" " * left if number == 0 else rule * left, "$foreground-muted"),
                (face.plain if few_characters else face.glyph, f"bold {face.style}"),
                (" " if number == len(links) - 1 else rule * (room - left - 1), "$foreground-muted"),
            )
        )
        below.append(Content.styled(f" {name} ", face.style))
    return Content("").join(above) + "\n" + Content("").join(below)
