"""A terminal that is gone takes nothing and holds up nobody."""

import io
import os
import pty

from tui.lost_terminal import Outliving


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_writes_to_a_terminal_that_is_gone_are_dropped() -> None:
    stream = Outliving(Gone())
    assert stream.write("a picture") == len("a picture")
    stream.flush()
    assert stream.write("another") == len("another")


def test_a_real_terminal_whose_other_end_closed_is_no_error() -> None:
    ours, theirs = pty.openpty()
    stream = Outliving(os.fdopen(theirs, "w"))
    stream.write("seen")
    stream.flush()
    os.close(ours)
    for _ in range(100):
        stream.write("x" * 1000)
        stream.flush()


def test_everything_else_is_the_terminals_own() -> None:
    inner = io.StringIO()
    stream = Outliving(inner)
    stream.write("a picture")
    assert inner.getvalue() == "a picture"
    assert stream.isatty() is False
