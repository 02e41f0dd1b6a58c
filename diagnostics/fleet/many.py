"""Thousands of reports, read by several processes: reading one is computing, and a screen has to be answered meanwhile."""

import contextlib
import io
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from diagnostics.child_group import ChildGroup, of_its_own
from diagnostics.fleet.opening import Named
from diagnostics.fleet.reading import Item, read

FEW = 200
"""Files that are read sooner than a process is started."""
_MOST_PROCESSES = 4
_BATCH = 0.1
"""Seconds between two answers of a process."""
_PROGRAM = "import sys; sys.path.append({root!r}); from diagnostics.fleet.many import work; work()"

Batch = tuple[int, list[Item]]
"""How many more files were read, and what was in them."""


def read_many(files: Sequence[Named], now: float, env: Mapping[str, str]) -> Iterator[Batch]:
    """Every host and trouble of these files, in batches, in no order. Blocks; call it off the event loop.

    In: `now`, seconds since the epoch; the environment for the processes. They end with this iterator, and with us.
    """
    processes = min(_MOST_PROCESSES, os.cpu_count() or 1)
    if len(files) < FEW or processes < 2:
        yield from _batches(files, now)
        return
    shares = [files[number::processes] for number in range(processes)]
    answers: queue.SimpleQueue[tuple[int, Batch | None]] = queue.SimpleQueue()
    readers: list[_Reader] = []
    try:
        for number, share in enumerate(shares):
            with contextlib.suppress(OSError):
                readers.append(_Reader(number, share, now, env, answers))
        done = [0] * processes
        running = len(readers)
        while running:
            number, batch = answers.get()
            if batch is None:
                running -= 1
            else:
                done[number] += batch[0]
                yield batch
    finally:
        for each in readers:
            each.end()
    for share, count in zip(shares, done, strict=True):
        yield from _batches(share[count:], now)  # of one that could not be started, or broke off


class _Reader:
    """A process, and the thread that takes its answers.

    Raises:
        OSError: it could not be started.
    """

    def __init__(
        self,
        number: int,
        share: Sequence[Named],
        now: float,
        env: Mapping[str, str],
        answers: "queue.SimpleQueue[tuple[int, Batch | None]]",
    ) -> None:
        root = str(Path(__file__).resolve().parents[2])
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM.format(root=root)],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **of_its_own(),
        )
        self._group = ChildGroup(self._child)
        self._number, self._answers = number, answers
        self._asked = pickle.dumps((list(share), now))
        threading.Thread(target=self._take, daemon=True, name=f"fleet-{number}").start()

    def _take(self) -> None:
        given, answer = self._child.stdin, self._child.stdout
        try:
            if given is not None and answer is not None:
                given.write(self._asked)
                given.close()
                while True:
                    self._answers.put((self._number, pickle.load(answer)))  # noqa: S301 - our own process wrote it
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            return  # it has ended, in order or not: how far it came is known
        finally:
            self._answers.put((self._number, None))

    def end(self) -> None:
        """Ends it where it has not ended by itself."""
        if self._child.poll() is None:
            self._group.end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(1)


def work() -> None:
    """What the process does: reads the files that it is told of. Whoever asked is gone when nobody takes the answers."""
    files, now = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process wrote it
    with contextlib.suppress(BrokenPipeError):
        _answer(sys.stdout.buffer, files, now)
        sys.stdout.flush()
        return
    os._exit(0)  # the interpreter would complain of what it can't flush


def _answer(stream: BinaryIO, files: Sequence[Named], now: float) -> None:
    for batch in _batches(files, now):
        packed = io.BytesIO()
        pickle.dump(batch, packed, protocol=pickle.HIGHEST_PROTOCOL)
        stream.write(packed.getbuffer())
        stream.flush()


def _batches(files: Sequence[Named], now: float) -> Iterator[Batch]:
    """In this process. No looking for cycles meanwhile: reports make none, and it takes a fifth of the time."""
    import gc

    enabled = gc.isenabled()
    gc.disable()
    try:
        count, items, told = 0, list[Item](), time.monotonic()
        for file in files:
            items += read([file], now)
            count += 1
            if time.monotonic() - told > _BATCH:
                yield count, items
                count, items, told = 0, [], time.monotonic()
        if count:
            yield count, items
    finally:
        if enabled:
            gc.enable()
