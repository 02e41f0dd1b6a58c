"""One operation in a forked child that something befalls at its n-th point: before a record, a write, or a call.

Points are found by themselves: whatever renames, removes, links, makes or opens a file for writing is told by the
interpreter's own audit events, and the few other ways in which the doctor touches the world are wrapped. So a new
operation has its points without anyone listing them.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recovery.outcome import Outcome

Deed = Callable[[], Outcome | None]
LIMIT = 25.0
"""Seconds after which an operation counts as hung. Calls to a daemon that hangs are cut short in the child."""
_WRITING = {
    "os.rename",
    "os.remove",
    "os.link",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.symlink",
    "os.truncate",
}
_OF_A_STAND_IN = {"stand-in begins": 1, "stand-in ends": -1}
"""What happens between the two is the system's own."""
_CALLS = {
    "CreateItem", "Delete", "SetSecret", "UnlockWithMasterPassword", "CreateWithMasterPassword",
    "ChangeWithMasterPassword", "SetAlias", "Lock", "StartServiceByName", "pamOpen", "deleteWallet",
}  # fmt: skip
_KERNEL = {5, 8, 9, 15, 21}


@dataclass
class Struck:
    """What became of the child."""

    died: bool
    """Whether a signal ended it."""
    points: list[str] = field(default_factory=list)
    """Names of the points that it came to; [] where it died."""
    result: str = ""
    """Of the outcome; `exit` = it left in order on a signal."""
    error: str = ""
    said: list[str] = field(default_factory=list)
    """What the second instance saw."""
    seconds: float = 0.0


class Points:
    """Counts, in the child, and lets the blow fall at one of them."""

    def __init__(self, root: Path, at: int, blow: Callable[[], None], *, inside_records: bool) -> None:
        self.root = os.fsencode(root)
        self.at = at
        self.blow = blow
        self.inside_records = inside_records
        self.names: list[str] = []
        self.quiet = 0

    def come_to(self, name: str) -> None:
        """Here is one."""
        if self.quiet:
            return
        self.names.append(name)
        if len(self.names) == self.at:
            with self.silence():
                self.blow()

    @contextlib.contextmanager
    def silence(self) -> Any:
        """What happens meanwhile is no point."""
        self.quiet += 1
        try:
            yield
        finally:
            self.quiet -= 1

    def watch(self) -> None:
        """From now on. There is no way back: for a child that ends soon."""
        import signal as signals

        from diagnostics.stores.bus import Bus
        from recovery.emergency import kernel_keyring
        from recovery.journal import Journal

        sys.addaudithook(self._audited)
        self._wrap(os, "fsync", lambda *_: "sync")
        self._wrap(signals, "pidfd_send_signal", lambda *_: "signal")
        self._wrap(Bus, "call", lambda _bus, _to, method, *_a, **_n: method if method in _CALLS else "")
        self._wrap(
            kernel_keyring,
            "_call",
            lambda which, *words: f"kernel {which} {words[0]}" if which == 0 or words[0] in _KERNEL else "",
        )
        append = Journal.append

        def record(journal: Journal, event: Any, operation: str, **fields: Any) -> None:
            self.come_to(f"record {event.value}")
            if self.inside_records:
                append(journal, event, operation, **fields)
            else:
                with self.silence():
                    append(journal, event, operation, **fields)

        Journal.append = record  # type: ignore[method-assign,assignment]

    def _wrap(self, owner: Any, name: str, named: Callable[..., str]) -> None:
        real = getattr(owner, name)

        def call(*words: Any, **more: Any) -> Any:
            told = named(*words, **more)
            if told:
                self.come_to(told)
            return real(*words, **more)

        setattr(owner, name, call)

    def _audited(self, event: str, words: tuple[Any, ...]) -> None:
        if event in _OF_A_STAND_IN:
            self.quiet += _OF_A_STAND_IN[event]
            return
        if self.quiet:
            return
        if event == "stand-in":
            self.come_to(words[0])
        elif event in _WRITING:
            self.come_to(f"{event} {_name(words[0])}")
        elif event == "open" and isinstance(words[2], int) and words[2] & (os.O_WRONLY | os.O_RDWR):
            path = words[0]
            if (
                isinstance(path, str | bytes)
                and os.fsencode(path).startswith(self.root)
                and not os.fsencode(path).endswith(b"lock")
            ):
                self.come_to(f"open {_name(path)}")
        elif event == "socket.connect" and isinstance(words[1], tuple):
            self.come_to("connect")


def _name(path: Any) -> str:
    return os.fsdecode(path).rpartition("/")[2] if isinstance(path, str | bytes) else "?"


def strike(
    root: Path,
    deed: Deed,
    at: int = 0,
    blow: Callable[[], None] = lambda: None,
    *,
    before: Callable[[], None] = lambda: None,
    inside_records: bool = False,
    said: list[str] | None = None,
) -> Struck:
    """Forks, does the deed in the child, and waits for its end; `blow` befalls the child at point `at` (0 = never).

    In: `before` is called in the child first.

    Raises:
        AssertionError: it hung, or broke off with an exception that the product must not let through.
    """
    reading, writing = os.pipe()
    began = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child does nothing but its deed, and leaves
        pid = os.fork()
    if not pid:
        code = 70
        try:
            os.close(reading)
            _child(root, deed, at, blow, before, writing, inside_records=inside_records, said=said or [])
            code = 0
        except BaseException:
            with contextlib.suppress(BaseException):
                os.write(writing, json.dumps({"broke": traceback.format_exc()[-3000:]}).encode())
        finally:
            os._exit(code)
    os.close(writing)
    handle = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(LIMIT * 1000):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError(f"it did not end within {LIMIT:g} s")
        _, status = os.waitpid(pid, 0)
        with os.fdopen(reading, "rb") as told:
            content = told.read()
    finally:
        os.close(handle)
    seconds = time.monotonic() - began
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, os.WTERMSIG(status)
        return Struck(died=True, seconds=seconds)
    data = json.loads(content or b"{}")
    assert "broke" not in data, data["broke"]
    return Struck(False, data["points"], data["result"], data["error"], data["said"], seconds)


def _child(
    root: Path,
    deed: Deed,
    at: int,
    blow: Callable[[], None],
    before: Callable[[], None],
    writing: int,
    *,
    inside_records: bool,
    said: list[str],
) -> None:
    before()
    points = Points(root, at, blow, inside_records=inside_records)
    points.watch()
    result, error = "", ""
    try:
        outcome = deed()
        if outcome is not None:
            result, error = outcome.result.value, " / ".join((outcome.error, *outcome.notes))
    except SystemExit:
        result = "exit"
    points.quiet += 1
    told = {"points": points.names, "result": result, "error": error, "said": said}
    os.write(writing, json.dumps(told).encode())


def short_of_patience() -> None:
    """In the child: a daemon that does not answer is given up after a quarter of a second instead of ten."""
    from diagnostics.stores.bus import Bus

    exchange, some, connect = Bus._exchange, Bus._some, Bus.connect.__func__  # type: ignore[attr-defined]
    Bus._exchange = lambda self, message, seconds: exchange(self, message, min(seconds, 0.25))  # type: ignore[method-assign]
    Bus._some = lambda self, calls, ends: some(self, calls, min(ends, time.monotonic() + 0.25))  # type: ignore[method-assign]
    Bus.connect = classmethod(lambda cls, address, seconds=0.25: connect(cls, address, min(seconds, 0.25)))  # type: ignore[assignment]


def leaves_in_order() -> None:
    """In the child: signals end it as they end the command."""
    from tui.cli import _end_in_order_on_signals

    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    _end_in_order_on_signals()


def die() -> None:
    """kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang_up() -> None:
    """The line drops."""
    os.kill(os.getpid(), signal.SIGHUP)
