"""The focus comes back with its pane: a window made too small hides the panes, and Textual gives the focus to nobody."""

from textual.screen import Screen
from textual.widget import Widget


def give_back_later(widget: Widget) -> None:
    """Focuses the widget as soon as it is shown again. In: one that has just lost the focus.

    Nothing is done where it is still shown (somebody took the focus away), or where another one has the focus by then.
    """
    if not widget.is_attached or _is_shown(widget):
        return
    screen = widget.screen
    if screen.focused is not None:
        return

    def laid_out(_screen: Screen[object]) -> None:
        if screen.focused is None and not _is_shown(widget):
            return
        screen.screen_layout_refresh_signal.unsubscribe(widget)
        if screen.focused is None:
            screen.set_focus(widget, scroll_visible=False)

    screen.screen_layout_refresh_signal.subscribe(widget, laid_out)


def _is_shown(widget: Widget) -> bool:
    return all(each.display for each in widget.ancestors_with_self)
