"""How often, and what is started: the same for every engine. Pure."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "mcp-doctor-monitor"
"""Of the unit, the agent, the task."""
LABEL = "io.github.mcp-doctor.monitor"
"""Of the agent of launchd."""
DEFAULT = 15
"""Minutes."""
DAILY_HOUR = 3
"""At which cron does what is done once a day."""
MINUTES = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
"""What every engine can keep, without a day that ends with a short step."""


def minutes_of(text: str) -> int:
    """The minutes of `15m`, `1h`, `1d`.

    Raises:
        ValueError: it is none of those that every engine can keep; the text says which they are.
    """
    found = re.fullmatch(r"([0-9]{1,4})([mhd])", text)
    minutes = int(found[1]) * {"m": 1, "h": 60, "d": 1440}[found[2]] if found else 0
    if minutes not in MINUTES:
        raise ValueError(f"expected one of {', '.join(map(in_short, MINUTES))}, got {text!r}")
    return minutes


def in_short(minutes: int) -> str:
    """`15m`, `2h`, `1d`."""
    if minutes % 1440 == 0:
        return f"{minutes // 1440}d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def in_words(minutes: int) -> str:
    """`every 15 minutes`."""
    if minutes == 1440:
        return "once a day"
    if minutes % 60 == 0:
        return "every hour" if minutes == 60 else f"every {minutes // 60} hours"
    return f"every {minutes} minutes"


@dataclass(frozen=True, slots=True)
class Job:
    """What a timer starts, and how often."""

    words: tuple[str, ...]
    """The command by its full path, and its arguments."""
    minutes: int
    minute: int = 0
    """At which minute of the hour (or of the interval) cron begins, so that not all hosts ask providers at once."""


class UnfitError(Exception):
    """An engine can't start such a command. The text says why."""


def own_command(
    executable: str = sys.executable, windows: bool = sys.platform == "win32", *, silent: bool = False
) -> tuple[str, ...]:
    """What starts this very installation of mcp-doctor, by full paths, whatever the PATH of a timer is.

    In: `silent` = on Windows by the interpreter that opens no console window.
    """
    without_window = Path(executable).with_name("pythonw.exe")
    if silent and windows and without_window.is_file():
        return (str(without_window), "-P", "-m", "tui")
    beside = Path(executable).parent / ("mcp-doctor.exe" if windows else "mcp-doctor")
    if beside.is_file():
        return (str(beside),)
    return (executable, "-P", "-m", "tui")


def may_vanish(words: Sequence[str]) -> bool:
    """Whether the program lies where an installer keeps what it may throw away at any time (`uvx`, `pipx run`)."""
    path = words[0].replace("\\", "/")
    return bool(
        re.search(r"/uv/(?:archive-v\d+|environments-v\d+|builds-v\d+)/|/pipx/\.cache/|/\.cache/pipx/", path)
    )


def plain(job: Job) -> tuple[str, ...]:
    """The job's words, made sure of.

    Raises:
        UnfitError: a word holds a control character, which no engine's file can keep in one line.
    """
    for each in job.words:
        if any(ord(character) < 32 or ord(character) == 127 for character in each):
            raise UnfitError("a path or name in the command holds a line break or another control character")
        try:
            each.encode("utf-8")
        except UnicodeEncodeError:
            raise UnfitError("a path or name in the command is no valid text") from None
    return job.words
