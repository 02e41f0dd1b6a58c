"""The line between us and the terminal: whether it is far away, how fast it is, and what may be sent over it."""

import sys
from dataclasses import dataclass

from diagnostics.host import Host
from diagnostics.model import Session

_SLOW_BAUD = 19_200
"""Up to this speed a line is slow."""
_BITS_A_BYTE = 10
"""Eight, a start and a stop."""
_USUAL_SLOW = 9_600


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of it."""

    far: bool = False
    """Whether bytes travel: then only differences are sent, and no motion of the mouse is asked for."""
    bytes_a_second: float | None = None
    """Of a slow line; None = not slow, as far as is known."""

    @property
    def slow(self) -> bool:
        """Whether pictures wait for the line to be free, and colours are the terminal's own sixteen."""
        return self.bytes_a_second is not None


def line_of(host: Host, *, said_slow: bool = False) -> Line:
    """The line. In: whether the person said that it is slow (`--slow`).

    A serial terminal names its speed, and ssh hands on the speed of the terminal that it was called from (RFC 4254,
    section 8); windows on a screen name 38,400 baud.
    """
    baud = _baud()
    if said_slow:
        return Line(far=True, bytes_a_second=(min(baud, _USUAL_SLOW) if baud else _USUAL_SLOW) / _BITS_A_BYTE)
    if baud is not None and baud <= _SLOW_BAUD:
        return Line(far=True, bytes_a_second=baud / _BITS_A_BYTE)
    return Line(far=host.session is Session.SSH)


def _baud() -> int | None:
    """What the terminal calls its speed; None = it names none."""
    if sys.platform == "win32":
        return None
    import termios

    speeds = {getattr(termios, f"B{each}"): each for each in (1200, 1800, 2400, 4800, 9600, 19_200, 38_400)}
    try:
        return speeds.get(termios.tcgetattr(sys.__stdout__ or sys.stdout)[5])
    except (OSError, ValueError, termios.error):
        return None
