"""A terminal that may vanish (a dropped SSH line) without taking the app's way out with it."""

from typing import IO, Any

from textual.driver import Driver


class Outliving:
    """A terminal's stream whose writes are dropped once the terminal is gone.

    Textual writes from a thread of its own; an error there would end that thread, and the event loop would wait
    for ever to hand it the next picture.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._gone = False

    def write(self, text: str) -> int:
        """Writes, or drops."""
        try:
            return len(text) if self._gone else self._stream.write(text)
        except OSError:
            self._gone = True
            return len(text)

    def flush(self) -> None:
        """Flushes, or forgets."""
        try:
            if not self._gone:
                self._stream.flush()
        except OSError:
            self._gone = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def outliving(driver: type[Driver]) -> type[Driver]:
    """The driver, writing to a stream that outlives its terminal. One without such a stream is left as it is."""

    class OutlivingDriver(driver):  # type: ignore[misc, valid-type]
        def __init__(self, *words: Any, **named: Any) -> None:
            super().__init__(*words, **named)
            stream = getattr(self, "_file", None)
            if stream is not None:
                self._file = Outliving(stream)

    return OutlivingDriver
