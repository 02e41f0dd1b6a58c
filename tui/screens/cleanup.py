"""Cleaning up: every entry of the keychain with something wrong, to be ticked; what is ticked gets its guide."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from diagnostics.survey import plan_words
from diagnostics.text import clean, entry_count
from recovery.model import Remedy, Risk
from tui.actions import CLEANUP, bindings
from tui.board import Link
from tui.doctor import Doctor
from tui.screens.guide import GuideScreen
from tui.screens.guide_page import Phase
from tui.screens.whole import is_whole, may_act
from tui.widgets.choices import Choices
from tui.widgets.key_line import KeyLine
from tui.work import in_background

if TYPE_CHECKING:
    from diagnostics.survey import Survey
    from recovery.cleanup import Item

_LOOKING = "Looking at every entry of the keychain …"
_NAME = 28
"""Characters."""
_SOME = "Nothing is changed yet. What is certain is ticked already; you see what will be done, and agree, before it is."


class CleanupScreen(Screen[None]):
    """The list with its boxes, and below it what is known of the entry under the cursor."""

    ACTIONS = CLEANUP
    CSS_PATH = "cleanup.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(each for each in bindings(CLEANUP) if each.action != "go_on"),
        Binding("enter", "go_on", show=False, priority=True),
        Binding("pageup", "scroll_detail(-4)", show=False),
        Binding("pagedown", "scroll_detail(4)", show=False),
    ]

    def __init__(self, doctor: Doctor) -> None:
        super().__init__()
        self.doctor = doctor
        self._items: list[Item] = []
        self._ticked: set[int] = set()
        self._queue: list[Remedy | Item] = []

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there, and nobody has left it: news and keys come at any time."""
        return is_whole(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are typed ahead find nothing to act on while it is being made, or is left."""
        return may_act(self, action) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Title, what is known, the list, the entry under the cursor, the keys."""
        yield Static(Content(" Clean up the keychain"), id="cleanup-title", markup=False)
        yield Static(_LOOKING, id="cleanup-said", markup=False)
        yield Choices(id="cleanup-list", markup=False, compact=True)
        with VerticalScroll(id="cleanup-detail", can_focus=False):
            yield Static(id="cleanup-words", markup=False)
        yield KeyLine(CLEANUP, id="cleanup-keys")

    def on_mount(self) -> None:
        """Looks in a thread."""
        self.action_again()

    def action_again(self) -> None:
        """Looks at every entry anew."""
        self.query_one("#cleanup-said", Static).update(_LOOKING)
        in_background(self.doctor, self._survey, self._show, self._broke, "cleanup")

    def _survey(self) -> "tuple[Survey, list[Item]]":
        """In a thread."""
        from recovery.cleanup import items_of, look
        from tui.commands.cleanup import asked_of

        session = self.doctor.session
        found = look(session.open_world(session.host), session.look())
        return found, items_of(found, None if session.options.offline else asked_of(session))

    def _show(self, result: "tuple[Survey, list[Item]]") -> None:
        if not self.is_whole:
            return
        found, self._items = result
        self._ticked = {number for number, item in enumerate(self._items) if item.certain is not None}
        boxes = self.query_one("#cleanup-list", OptionList)
        boxes.clear_options()
        boxes.add_options(Option(self._line(number)) for number in range(len(self._items)))
        if self._items:
            boxes.highlighted = 0
        count, aside = len(found.entries), len(found.quarantined)
        said = f"{entry_count(count)} looked at, {len(self._items)} with something wrong."
        if aside:
            said += f" {aside} set aside earlier (`mcp-doctor cleanup --dry-run` lists them)."
        said += f"\n{_SOME}" if self._items else " There is nothing to clean up."
        self.query_one("#cleanup-said", Static).update(Content(said))
        boxes.focus()
        self._describe()

    def _line(self, number: int) -> Content:
        item = self._items[number]
        box = "[x]" if number in self._ticked else "[ ]"
        name = clean(item.name, _NAME).ljust(
            min(_NAME, max(len(clean(each.name, _NAME)) for each in self._items))
        )
        return Content.assemble(f"{box} ", (name, "bold"), " ", clean(item.faults[0], 120)).truncate(200)

    def _broke(self, error: Exception) -> None:
        from recovery.model import RecoveryError

        said = str(error) if isinstance(error, RecoveryError) else type(error).__name__
        if self.is_whole:
            self.query_one("#cleanup-said", Static).update(
                Content(f"The entries can't be looked at: {said}.")
            )

    def on_option_list_option_highlighted(self) -> None:
        """Another entry: what is known of it."""
        self._describe()

    def _describe(self) -> None:
        at = self.query_one("#cleanup-list", OptionList).highlighted
        parts: list[Content] = []
        if at is not None and at < len(self._items):
            item = self._items[at]
            way = (
                "ask" if item.certain is None else "merge" if item.certain.kind == "merge-alike" else "repair"
            )
            parts = [
                Content.styled(clean(item.name), "bold"),
                *(Content(f"• {each}") for each in item.faults),
            ]
            parts.append(Content.styled(f"→ {plan_words()[way]}", "$text-primary"))
        self.query_one("#cleanup-words", Static).update(Content("\n").join(parts))

    def action_tick(self) -> None:
        """Chooses the entry under the cursor, or not."""
        boxes = self.query_one("#cleanup-list", OptionList)
        if boxes.highlighted is not None and boxes.highlighted < len(self._items):
            self._ticked ^= {boxes.highlighted}
            boxes.replace_option_prompt_at_index(boxes.highlighted, self._line(boxes.highlighted))

    def on_option_list_option_selected(self) -> None:
        """A click."""
        self.action_tick()

    def action_scroll_detail(self, by: int) -> None:
        """The part below the list."""
        self.query_one("#cleanup-detail", VerticalScroll).scroll_relative(y=by, animate=False)

    def action_go_on(self) -> None:
        """Opens the guides of what is ticked, one after the other; what is certain in one."""
        from recovery.cleanup import together

        if self._queue:
            return
        ticked = [self._items[number] for number in sorted(self._ticked)]
        if not ticked:
            self.notify("Tick an entry with the space bar first.", markup=False)
            return
        self._queue = [*together(ticked), *(each for each in ticked if each.certain is None)]
        self._next()

    def _next(self) -> None:
        if not self._queue:
            self.doctor.look()
            self.action_again()
            return
        one = self._queue.pop(0)
        if isinstance(one, Remedy):
            self._open(one)
        elif len(one.remedies) == 1:
            self._open(one.remedies[0])
        else:
            from tui.screens.pick import PickScreen

            self.doctor.push_screen(PickScreen(one.remedies), self._open)

    def _open(self, remedy: Remedy | None) -> None:
        if remedy is None:
            self._next()
        else:
            self.doctor.push_screen(CleanupGuide(self.doctor, remedy), lambda _: self._next())

    def action_why(self) -> None:
        """Why entries are cleaned up, and how it is done by hand."""
        from tui.screens.why import open_why

        open_why(self.app, "cleanup")

    def action_back(self) -> None:
        """Leaves."""
        self.dismiss(None)

    def action_help(self) -> None:
        """The keys."""
        from tui.screens.help import HelpScreen

        self.doctor.push_screen(HelpScreen(CLEANUP, self.doctor.few_characters))


class CleanupGuide(GuideScreen):
    """A guide about entries, which need not be on any server's path."""

    def __init__(self, doctor: Doctor, remedy: Remedy) -> None:
        super().__init__(doctor, remedy, "", None)

    def _links(self) -> tuple[Link, ...]:
        return ()

    def _finish(self) -> None:
        words = self._words_of_undo if self._taking_back else "Done, and looked at again."
        keys = [("go_on", "Enter", "go on")]
        if self._operation and not self._taking_back and self._risk is not Risk.FINAL:
            keys.append(("undo", "u", "take it back"))
        self._go(Phase.OVER, words, *keys)
