"""A drill under way: its goal and clock, the hints that were taken, what was done outside of the doctor."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.demo.scenario import Deed, Drill, Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from diagnostics.host import Host
    from tui.demo.debrief import Debrief
    from tui.demo.provider import StandInProvider


@dataclass
class Practice:
    """What the app needs to know of a drill. Used on the event loop only, but for what `debrief.judge` reads."""

    scenario: Scenario
    drill: Drill
    root: "Path"
    place: str
    """What the drill runs on, in words: a private keyring daemon, or the stand-in."""
    task: tuple[str, ...] = ()
    """What the person is given: passwords and tokens, made up."""
    providers: "Mapping[str, StandInProvider]" = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    began: float | None = None
    """By `clock`; None = the goal has not been read yet."""
    began_at: datetime | None = None
    hints_taken: int = 0
    deeds: list[tuple[float, Deed]] = field(default_factory=list)
    """Seconds after the beginning, and what was done then."""
    is_reached: bool = False
    debrief: "Debrief | None" = None
    """The newest."""
    host: "Host | None" = None
    """As the app sees it now."""

    def begin(self) -> None:
        """The clock runs from now on; a second call changes nothing."""
        if self.began is None:
            self.began, self.began_at = self.clock(), datetime.now(UTC)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return 0.0 if self.began is None else max(0.0, self.clock() - self.began)

    def take_hint(self) -> None:
        """One more, as long as there is one."""
        self.hints_taken = min(self.hints_taken + 1, len(self.drill.hints))

    def do(self, deed: Deed, host: "Host") -> "Host":
        """Plays what a person does outside of the doctor. Out: the host as it is afterwards."""
        self.deeds.append((self.seconds, deed))
        if deed.recovers and deed.recovers in self.providers:
            self.providers[deed.recovers].recover()
        return _without(deed.unset, host) if deed.unset else host


def minutes_and_seconds(seconds: float) -> str:
    """`2:05`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _without(variable: str, host: "Host") -> "Host":
    """Takes an export out of the sandbox's profiles, and out of the session as after a new login."""
    import dataclasses
    import re

    from recovery.files import LocalFiles

    line = re.compile(rf"^\s*export\s+{re.escape(variable)}=.*\n?", re.MULTILINE)
    for name in (".profile", ".bashrc"):
        path = host.home / name
        if path.is_file() and (left := line.sub("", text := path.read_text("utf-8"))) != text:
            LocalFiles(host.uid).write(str(path), left.encode())
    env = {name: value for name, value in host.env.items() if name != variable}
    return dataclasses.replace(host, env=env)
