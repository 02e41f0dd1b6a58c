"""Limits that really limit: a call that outlives its deadline is left behind, not waited for."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
Item = TypeVar("Item")

_SILENCE = 0.005
"""Seconds without an answer after which more threads are started."""


class DeadlineError(Exception):
    """The call did not end within its seconds. It may still be running in an abandoned daemon thread.

    In: `seconds`, how long it was waited for.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
        self.seconds = seconds


def call_within(
    seconds: float, call: Callable[[], T], leave: Callable[[threading.Thread], object] | None = None
) -> T:
    """The call's result, or its exception, within `seconds`.

    For calls that have no native limit (name resolution). The thread is a daemon: it never keeps the process
    alive. Whatever can be bounded natively (jeepney, requests, a child process) is bounded there as well.
    In: `leave` is told of a thread that is left behind.

    Raises:
        DeadlineError: the seconds are over.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="call-within")
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        if leave is not None:
            leave(thread)
        raise DeadlineError(seconds)
    return results[0]


def each_within(
    seconds: float,
    call: Callable[[Item], T],
    items: Sequence[Item],
    most: int,
    leave: Callable[[threading.Thread], object] | None = None,
) -> Iterator[tuple[Item, T | BaseException]]:
    """Every item with the call's result or its exception, as they come; `DeadlineError` for what took too long.

    In: `seconds` for each call; `most` calls at once, in daemon threads. One thread begins, and their number
    doubles whenever answers keep us waiting: calls that only compute would be in each other's way.
    A call that outlives its deadline is left behind and does not count; `leave` is told of its thread.
    """
    waiting = deque(range(len(items)))
    unanswered = set(waiting)
    began: dict[int, float] = {}
    threads: dict[int, threading.Thread] = {}
    answers: queue.SimpleQueue[tuple[int, T | BaseException]] = queue.SimpleQueue()

    def work() -> None:
        while waiting:
            try:
                number = waiting.popleft()
            except IndexError:  # another was faster
                return
            began[number] = time.monotonic()
            threads[number] = threading.current_thread()
            try:
                answers.put((number, call(items[number])))
            except BaseException as error:  # whoever waits for the answer would wait for ever
                answers.put((number, error))

    at_work = 0
    silent = True
    try:
        while unanswered:
            if silent:
                more = min(max(at_work, 1), most - at_work, len(waiting))
                for _ in range(more):
                    threading.Thread(target=work, daemon=True, name="each-within").start()
                at_work += max(more, 0)
            now = time.monotonic()
            patience = min(began.copy().values(), default=now) + seconds - now
            if waiting and at_work < most:
                patience = min(patience, _SILENCE)
            try:
                number, answer = answers.get(timeout=max(patience, 0))
            except queue.Empty:
                silent = True
                now = time.monotonic()
                for number in [each for each, at in began.copy().items() if now - at >= seconds]:
                    del began[number]
                    unanswered.discard(number)
                    at_work -= 1
                    if leave is not None:
                        leave(threads[number])
                    yield items[number], DeadlineError(seconds)
                continue
            silent = False
            began.pop(number, None)
            if number in unanswered:
                unanswered.discard(number)
                yield items[number], answer
    finally:
        waiting.clear()


DISK_SECONDS = 3.0
"""Seconds a look at a file or folder may take: a dead network mount blocks for ever."""
_IMPATIENT = 0.3
_hanging: list[threading.Thread] = []


def on_disk(call: Callable[[], T], seconds: float | None = None) -> T:
    """The result of a look at files, or its exception. While an earlier look still hangs, the next have less time.

    In: the seconds, by default `DISK_SECONDS`.
    So a home full of files on a disk that does not answer costs its patience once, not once a file.

    Raises:
        DeadlineError: the seconds are over.
    """
    return call_within(patience(DISK_SECONDS if seconds is None else seconds), call, leave=left_hanging)


def patience(seconds: float) -> float:
    """The seconds, or a tenth of them where a disk is known not to answer right now."""
    _hanging[:] = [each for each in _hanging if each.is_alive()]
    return max(_IMPATIENT, seconds / 10) if _hanging else seconds


def left_hanging(thread: threading.Thread) -> None:
    """Notes a thread that was given up, for as long as it lives."""
    _hanging.append(thread)
