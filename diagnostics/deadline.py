"""Limits that really limit: a call that outlives its deadline is left behind, not waited for."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DeadlineError(Exception):
    """The call did not end within its seconds. It may still be running in an abandoned daemon thread."""


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """The call's result, or its exception, within `seconds`.

    For calls that have no native limit (name resolution). The thread is a daemon: it never keeps the process
    alive. Whatever can be bounded natively (jeepney, requests, a child process) is bounded there as well.

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
        raise DeadlineError(f"no answer within {seconds:g} s")
    return results[0]
