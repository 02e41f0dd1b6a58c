"""A timer and a service of the user's own systemd. Sources: systemd.service(5), systemd.timer(5), systemd.syntax(7).

The timer counts by the monotonic clock, so a wall clock that jumps neither starts a hundred rounds nor stops them.
"""

import re

from diagnostics.monitor.schedule import NAME, Job, plain

SERVICE, TIMER = f"{NAME}.service", f"{NAME}.timer"
MARK = (
    "# Made by mcp-doctor; to change or remove it: mcp-doctor monitor install, mcp-doctor monitor uninstall"
)

_PLAIN = re.compile(r"[A-Za-z0-9_./=,:+-]+")


def service(job: Job, seconds: int) -> str:
    """The service's unit. In: `seconds` after which systemd ends a round that did not end itself.

    Raises:
        UnfitError: such a command can't be written into a unit.
    """
    return f"""{MARK}
[Unit]
Description=mcp-doctor: one round of checks of the credentials of MCP servers

[Service]
Type=oneshot
ExecStart={" ".join(quoted(each, first=not place) for place, each in enumerate(plain(job)))}
TimeoutStartSec={seconds}
Nice=10
"""


def timer(job: Job) -> str:
    """The timer's unit."""
    return f"""{MARK}
[Unit]
Description=mcp-doctor: looks after the credentials of MCP servers

[Timer]
OnStartupSec=2min
OnUnitActiveSec={job.minutes}min
RandomizedDelaySec=30s
AccuracySec=30s

[Install]
WantedBy=timers.target
"""


def quoted(word: str, *, first: bool = False) -> str:
    """A word as `ExecStart=` takes it: quotes and backslashes escaped, `%` and `$` doubled.

    In: `first` = the program. There `$` is taken as it is, and variables are not replaced.
    """
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if not first:
        text = text.replace("$", "$$")
    return text if _PLAIN.fullmatch(word) else f'"{text}"'
