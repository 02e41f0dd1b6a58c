"""The app on the gathered reports of many hosts. Asks no host, mends nothing: it reads files and shows them."""

import gc
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.message import Message
from textual.screen import Screen

from diagnostics.context import Options
from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.many import read_many
from diagnostics.fleet.model import NotAReportError, Trouble
from diagnostics.fleet.opening import files_of
from diagnostics.fleet.reading import Item, too_many
from diagnostics.host import Host
from diagnostics.stores import open_store
from recovery.world import LocalWorld
from tui.app import DoctorApp
from tui.line import Line, line_of
from tui.session import DoctorSession
from tui.work import post

_BATCH = 0.05
"""Seconds between two pictures while reports are read."""


class Read(Message):
    """More reports were read: `done` of `total` files by the reading of this number; `items` are what is new."""

    def __init__(self, number: int, items: Sequence[Item], done: int, total: int, *, is_last: bool) -> None:
        super().__init__()
        self.number, self.items, self.done, self.total, self.is_last = number, items, done, total, is_last


class FleetApp(DoctorApp):
    """`FleetApp(host, paths).run()`. Its home screen is the matrix; `fleet` grows while files are read."""

    TITLE = "mcp-doctor fleet"
    CSS_PATH: ClassVar[list[Path]] = [  # type: ignore[assignment]
        Path(__file__).with_name("app.tcss"),
        Path(__file__).with_name("screens") / "fleet.tcss",
    ]

    def __init__(
        self,
        host: Host,
        paths: Sequence[Path],
        *,
        no_color: bool = False,
        line: Line | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(
            DoctorSession(host, Options(), (), open_store, LocalWorld), no_color=no_color, line=line
        )
        self.paths = tuple(paths)
        self.fleet = Fleet()
        self.done = 0
        """Files that were read."""
        self.total = 0
        """Files that there are."""
        self.reading = True
        self._clock = clock
        self.at = clock()
        """When the reading began, seconds since the epoch: ages are told as of then."""
        self._number = 0
        self._telling = False

    def get_default_screen(self) -> Screen[Any]:
        """The matrix is the home screen."""
        from tui.screens.fleet import FleetScreen

        return FleetScreen(self)

    def _after_first_paint(self) -> None:
        gc.freeze()
        gc.enable()
        self.read_reports()

    def read_reports(self) -> None:
        """Looks for the files and reads them anew, in a thread; what an earlier reading still sends no longer counts."""
        self._number += 1
        self.fleet, self.done, self.total = Fleet(), 0, 0
        self.reading, self.at = True, self._clock()
        threading.Thread(target=self._work, args=(self._number,), daemon=True, name="fleet").start()
        self._tell_screens()

    def _work(self, number: int) -> None:
        """In the thread: a message a batch."""
        done = total = 0
        try:
            files, more = files_of(self.paths)
            total = len(files)
            post(self, Read(number, list(too_many(more)), 0, total, is_last=False))
            for count, items in read_many(files, self.at, self.session.host.env):
                done += count
                post(self, Read(number, items, done, total, is_last=False))
                if number != self._number:
                    return
            post(self, Read(number, (), done, total, is_last=True))
        except NotAReportError as error:  # the folder was there when the command was called
            post(self, Read(number, (Trouble("folder", str(error)),), done, total, is_last=True))

    def on_read(self, message: Read) -> None:
        """More is known."""
        if message.number != self._number:
            return
        self.fleet.take(message.items)
        self.done, self.total, self.reading = message.done, message.total, not message.is_last
        self._tell_soon()

    @property
    def is_shown(self) -> bool:
        """Whether all is read, and the screens were told of it."""
        return not self.reading and not self._telling

    def _tell_soon(self) -> None:
        """Several processes answer: their answers of one moment make one picture."""
        if not self._telling:
            self._telling = True
            self.set_timer(_BATCH, self._tell_now)

    def _tell_now(self) -> None:
        self._telling = False
        self._tell_screens()

    def _tell_screens(self) -> None:
        for screen in self.screen_stack:
            changed = getattr(screen, "fleet_changed", None)
            if changed is not None and screen.is_mounted:
                changed()


def open_fleet(paths: Sequence[Path], *, no_color: bool = False, slow: bool = False) -> int:
    """Runs the app. In: `slow` = the person said that the line is. Out: 0, 130 when it was interrupted, 4 when it broke."""
    from diagnostics.host import this_host

    gc.disable()  # until the first picture is painted: loading the screen library makes no garbage
    host = this_host()
    app = FleetApp(host, paths, no_color=no_color, line=line_of(host, said_slow=slow))
    app.run()
    gc.enable()
    return app.return_code or 0
