"""A driver that sends differences, and over a slow line no more pictures than it carries."""

import time
from typing import Any

from textual.driver import Driver
from textual.events import Resize

from tui.differences import Picture
from tui.line import Line

_ALL_MOTION, _DRAGGING = "\x1b[?1003h", "\x1b[?1002h"
_SYNC = ("\x1b[?2026h", "\x1b[?2026l")
_LONGEST_WAIT = 2.0
"""Seconds after which a picture is sent even where the line should still be busy."""


def thrifty(driver: type[Driver], line: Line) -> type[Driver]:
    """The driver for a line; the very same one for a near terminal."""
    if not line.far:
        return driver

    class ThriftyDriver(driver):  # type: ignore[misc, valid-type]
        def __init__(self, *words: Any, **named: Any) -> None:
            super().__init__(*words, **named)
            self._picture = Picture()
            self._free_at = 0.0
            self._waits = False
            self._is_stale = False

        def process_message(self, message: Any) -> None:
            """Textual's; a new size may also come and go between two pictures."""
            self._is_stale = self._is_stale or isinstance(message, Resize)
            super().process_message(message)

        def write(self, data: str) -> None:
            """Takes a picture, or whatever else is for the terminal."""
            self._picture.resize(*self._app.size)
            if self._is_stale:
                self._is_stale = False
                self._picture.forget()
            other = self._picture.take(data).replace(_ALL_MOTION, _DRAGGING)
            if other:
                super().write(other)
            self._send_when_free()

        def redraw(self) -> None:
            """Sends everything anew: something else has written on the terminal."""
            self._picture.forget()
            self._send()

        def _send_when_free(self) -> None:
            wait = min(self._free_at - time.monotonic(), _LONGEST_WAIT)
            loop = getattr(self, "_loop", None)
            if line.bytes_a_second is None or wait <= 0 or loop is None or not loop.is_running():
                self._send()
            elif not self._waits:
                self._waits = True
                loop.call_later(wait, self._send)

        def _send(self) -> None:
            self._waits = False
            changes = self._picture.changes()
            if not changes:
                return
            if self._picture.wants_sync and not line.slow:
                changes = changes.join(_SYNC)
            super().write(changes)
            if line.bytes_a_second is not None:
                now = time.monotonic()
                self._free_at = max(now, self._free_at) + len(changes.encode()) / line.bytes_a_second

    return ThriftyDriver
