"""cron: one line between two marks of a crontab. Sources: crontab(5), crontab(1) of Debian's cron 3.0pl1."""

import re
import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.monitor.schedule import DAILY_HOUR, Job, UnfitError, plain

BEGIN = b"# mcp-doctor monitor: begin (to change or remove it: mcp-doctor monitor install, mcp-doctor monitor uninstall)"
END = b"# mcp-doctor monitor: end"
_BEGINS = b"# mcp-doctor monitor: begin"
_LONGEST = 990
"""Bytes. Debian's cron takes commands of up to 998 and calls a longer one a bad command."""


def block(job: Job) -> str:
    """The lines that stand in the crontab, the last with its line break.

    Raises:
        UnfitError: cron can't start such a command.
    """
    return f"{BEGIN.decode()}\n{_when(job)} {command(job)}\n{END.decode()}\n"


def command(job: Job) -> str:
    """The command as cron hands it to the shell, with `%` kept from becoming a line break."""
    text = shlex.join(plain(job)).replace("%", "\\%")
    if len(text.encode()) > _LONGEST:
        raise UnfitError(f"the command takes {len(text.encode())} bytes, and cron takes {_LONGEST} at most")
    return text


def _when(job: Job) -> str:
    if job.minutes < 60:
        first = job.minute % job.minutes
        return f"{','.join(str(each) for each in range(first, 60, job.minutes))} * * * *"
    hours = job.minutes // 60
    minute = job.minute % 60
    if hours == 24:
        return f"{minute} {DAILY_HOUR} * * *"
    return f"{minute} * * * *" if hours == 1 else f"{minute} */{hours} * * *"


@dataclass(frozen=True, slots=True)
class Crontab:
    """A crontab taken apart. `before + block + after` is the whole text, byte for byte."""

    before: bytes
    block: bytes
    """Ours with both marks, b"" = there is none."""
    after: bytes


def take_apart(text: bytes) -> Crontab:
    """Finds our block.

    Raises:
        UnfitError: the marks are not a pair, or hold more than our one line; the text names the line.
    """
    lines = _lines(text)
    begins = [number for number, line in enumerate(lines) if line.startswith(_BEGINS)]
    ends = [number for number, line in enumerate(lines) if line.rstrip(b"\n") == END]
    if not begins and not ends:
        return Crontab(text, b"", b"")
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        line = min(begins + ends) + 1
        raise UnfitError(
            f"the crontab has marks of mcp-doctor that are not one pair (line {line}): "
            "take them out with `crontab -e`, together with the line between them"
        )
    first, last = begins[0], ends[0]
    inside = [number for number in range(first + 1, last) if lines[number].strip()]
    if len(inside) > 1:  # ours is one; to take out the block would take somebody's job with it
        foreign = next((each for each in inside if b"monitor run" not in lines[each]), inside[1])
        raise UnfitError(
            f"the crontab has a line of somebody's between the marks of mcp-doctor (line {foreign + 1}): "
            "move it below them with `crontab -e`"
        )
    return Crontab(b"".join(lines[:first]), b"".join(lines[first : last + 1]), b"".join(lines[last + 1 :]))


def with_block(text: bytes, ours: bytes) -> bytes:
    """The crontab with that block in the place of ours, or at its end; every other byte stays. b"" takes it out.

    Raises:
        UnfitError: as `take_apart`.
    """
    found = take_apart(text)
    if found.block or not ours:
        return found.before + ours + found.after
    gap = b"" if not text or text.endswith(b"\n") else b"\n"
    return text + gap + ours


def _lines(text: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", text)


def next_of(text: str, now: datetime) -> datetime | None:
    """When cron starts our line next, None where somebody has given it times of another kind. In: the present, local."""
    line = next((each for each in text.splitlines() if each and not each.startswith("#")), "")
    found = re.match(r"([\d,]+) (\*|\*/\d+|\d+) \* \* \* ", line)
    if found is None:
        return None
    minutes = {int(each) for each in found[1].split(",") if each}
    hour = found[2]
    step = int(hour[2:] or 1) if hour.startswith("*/") else 1
    at = now.replace(second=0, microsecond=0)
    for _ in range(2 * 1440):
        at += timedelta(minutes=1)
        if at.minute in minutes and (at.hour == int(hour) if hour.isdigit() else at.hour % max(step, 1) == 0):
            return at
    return None
