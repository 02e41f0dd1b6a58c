"""Putting a finished file in the place of an old one."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

_SECONDS = 2.0
"""On Windows a file that another program has open can't be replaced; virus scanners and clients hold one for moments."""
_PAUSE = 0.05


def put_in_place(
    new: Path,
    target: Path,
    *,
    waits: bool = sys.platform == "win32",
    replace: Callable[[Path, Path], object] | None = None,
) -> None:
    """Replaces `target` by `new` in one step. In: `waits` = for another program to let go of it, up to two seconds.

    Raises:
        PermissionError: another program has it open all the time (then it says so), or it may not be replaced.
        OSError: it can't be.
    """
    until = time.monotonic() + _SECONDS
    while True:
        try:
            (replace or Path.replace)(new, target)
            return
        except PermissionError as error:
            if not waits:
                raise
            if time.monotonic() >= until:
                said = (
                    "another program has it open, or it may not be changed: close that program and try again"
                )
                raise PermissionError(error.errno, said, str(target)) from error
            time.sleep(_PAUSE)
