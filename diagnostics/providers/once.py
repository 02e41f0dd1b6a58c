"""The same question, asked by many at once, goes out once."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Remembers the answer to each key. Thread-safe: who asks while the question is out waits for its answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[K, V] = {}
        self._open: dict[K, threading.Event] = {}

    def get(self, key: K, question: Callable[[], V]) -> V:
        """The key's answer; the first caller's `question` is asked. Its exception goes to its own caller, and the
        next caller asks again.
        """
        while True:
            with self._lock:
                if key in self._answers:
                    return self._answers[key]
                asked = self._open.get(key)
                if asked is None:
                    mine = self._open[key] = threading.Event()
                    break
            asked.wait()
        try:
            answer = question()
            with self._lock:
                self._answers[key] = answer
            return answer
        finally:
            with self._lock:
                del self._open[key]
            mine.set()

    def known(self, key: K) -> V | None:
        """The key's answer if it is there; nobody is asked."""
        with self._lock:
            return self._answers.get(key)

    def values(self) -> list[V]:
        """All answers so far."""
        with self._lock:
            return list(self._answers.values())
