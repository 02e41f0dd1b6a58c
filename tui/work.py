"""Work off the event loop: daemon threads, so that a call which hangs never keeps the app from closing."""

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from tui.messages import Done, FindingsWaiting, Item

if TYPE_CHECKING:
    from textual.message import Message

T = TypeVar("T")


class Target(Protocol):
    """Where messages go: the app or a widget."""

    def post_message(self, message: "Message") -> bool:
        """From any thread."""
        ...


def post(target: Target, message: "Message") -> None:
    """Posts from any thread; an app that has closed meanwhile is no error."""
    try:
        target.post_message(message)
    except RuntimeError:  # the event loop is gone
        return


def in_background(
    target: Target,
    job: Callable[[], T],
    then: Callable[[T], None],
    otherwise: Callable[[Exception], None],
    name: str = "job",
) -> None:
    """Runs a job in a daemon thread, then one of the two callbacks on the target's event loop.

    In: `then` gets the result, `otherwise` the exception. Neither is called once the target has closed.
    """

    def work() -> None:
        try:
            result = job()
        except Exception as error:
            post(target, Done(otherwise, error))
        else:
            post(target, Done(then, result))

    threading.Thread(target=work, daemon=True, name=name).start()


class Tray:
    """Where a run's thread lays down answers and the event loop fetches them, many at a time."""

    def __init__(self, target: Target, run: int) -> None:
        self._target = target
        self._run = run
        self._items: deque[Item] = deque()
        self._told = False
        self._lock = threading.Lock()

    def put(self, item: Item) -> None:
        """From the run's thread: one message is posted for the first item after a fetch."""
        with self._lock:
            self._items.append(item)
            if self._told:
                return
            self._told = True
        post(self._target, FindingsWaiting(self._run))

    def fetch(self, most: int = 1000) -> list[Item]:
        """From the event loop: what lies there, in order, `most` items at once (then another message follows)."""
        with self._lock:
            items = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._told = bool(self._items)
        if self._told:
            post(self._target, FindingsWaiting(self._run))
        return items
