"""Steps about the timer that runs the monitor: its files, and what switches it on in systemd and launchd."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.monitor.engines import launchd, systemd
from diagnostics.monitor.programs import ProgramError, ask, told
from diagnostics.monitor.timers import agent_target
from diagnostics.text import clean
from recovery.files import failed, sweep, sync_folder
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld

_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class SetTimerFile:
    """Writes, replaces or deletes one file of the monitor's timer: a unit of systemd, an agent of launchd."""

    kind: ClassVar[str] = "set-timer-file"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    before: str
    """Its whole text, "" = there is no file. Always one of ours."""
    after: str
    """Its whole text, "" = it is deleted."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"{'Write' if self.after else 'Delete'} {clean(self.path)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Shows the whole text."""
        self._make_sure(self.before)
        return [Change(clean(self.path), shown(self.before), shown(self.after))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Exchanges it in one step."""
        if self._text() != self.after:
            self._make_sure(self.before)
        self._put(world, self.after)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is so."""
        if self._text() != self.after:
            raise RecoveryError(f"{clean(self.path)} is not as it was written")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts the earlier one back, unless somebody changed it meanwhile."""
        if self._text() != self.before:
            self._make_sure(self.after)
        self._put(world, self.before)
        if self.before and self.path.endswith((".timer", ".service")):
            with contextlib.suppress(ProgramError):  # the one that runs would keep to the text that is gone
                told(world.host, "systemctl", "--user", "daemon-reload")

    def _put(self, world: RecoveryWorld, text: str) -> None:
        path = Path(self.path)
        try:
            if path.parent.is_dir():
                sweep(path)
            if self._text() == text:
                return
            if text:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                world.files.write(self.path, text.encode(), 0o644)
            else:
                path.unlink()
                sync_folder(path.parent)
        except OSError as error:
            raise failed("written" if text else "deleted", clean(self.path), error) from error

    def _make_sure(self, expected: str) -> None:
        if self._text() != expected:
            said = "was changed meanwhile" if expected else "is there already, and is not mcp-doctor's"
            raise RecoveryError(f"{clean(self.path)} {said}: look at it, and move it aside")

    def _text(self) -> str:
        text = text_at(Path(self.path))
        return "" if text is None else text


@dataclass(frozen=True, slots=True)
class SwitchSystemdTimer:
    """Switches the timer of the user's own systemd on or off, now and for later logins."""

    kind: ClassVar[str] = "switch-systemd-timer"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    on: bool
    was_on: bool

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Switch {systemd.TIMER} {_onoff(self.on)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [Change(systemd.TIMER, _onoff(self.was_on), _onoff(self.on))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Has systemd read its units anew, and switches it."""
        self._switch(world, on=self.on)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """systemd says so."""
        if self._is_on(world) != self.on:
            raise RecoveryError(f"systemd did not switch {systemd.TIMER} {_onoff(self.on)}")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Switches it back; when no systemd of this user runs, there is nothing to switch but the link."""
        self._switch(world, on=self.was_on)

    def _switch(self, world: RecoveryWorld, *, on: bool) -> None:
        try:
            told(world.host, "systemctl", "--user", "daemon-reload")
            if on:
                told(world.host, "systemctl", "--user", "enable", "--now", systemd.TIMER)
                told(world.host, "systemctl", "--user", "restart", systemd.TIMER)
            elif self._is_on(world):
                told(world.host, "systemctl", "--user", "disable", "--now", systemd.TIMER)
        except ProgramError as error:
            raise HalfDoneError(str(error)) from error

    def _is_on(self, world: RecoveryWorld) -> bool:
        try:
            enabled = ask(world.host, "systemctl", "--user", "is-enabled", systemd.TIMER).code == 0
            active = ask(world.host, "systemctl", "--user", "is-active", systemd.TIMER).code == 0
        except ProgramError as error:
            raise RecoveryError(str(error)) from error
        return (enabled and active) if self.on else (enabled or active)


@dataclass(frozen=True, slots=True)
class SwitchLaunchAgent:
    """Has launchd load the agent, or let it go."""

    kind: ClassVar[str] = "switch-launch-agent"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    on: bool
    was_on: bool

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Have launchd load the monitor" if self.on else "Have launchd let the monitor go"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [Change(agent_target(world.host), _onoff(self.was_on), _onoff(self.on))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Loads it anew, so that it is read as it stands now."""
        self._switch(world, on=self.on)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """launchd says so."""
        if self._is_on(world) != self.on:
            raise RecoveryError(
                f"launchd did not {'load' if self.on else 'let go of'} {agent_target(world.host)}"
            )

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """The other way. Without its file it can't be loaded: the step before this one puts that back later."""
        self._switch(world, on=self.was_on and os.path.lexists(self.path))

    def _switch(self, world: RecoveryWorld, *, on: bool) -> None:
        try:
            if self._is_on(world):
                told(world.host, "launchctl", "bootout", agent_target(world.host))
            if on:
                told(world.host, "launchctl", "bootstrap", f"gui/{world.host.uid}", self.path)
        except ProgramError as error:
            raise HalfDoneError(str(error)) from error

    def _is_on(self, world: RecoveryWorld) -> bool:
        try:
            return ask(world.host, "launchctl", "print", agent_target(world.host)).code == 0
        except ProgramError as error:
            raise RecoveryError(str(error)) from error


def text_at(path: Path) -> str | None:
    """A small text file with its line ends as they are, None where there is none.

    Raises:
        RecoveryError: it can't be read, or is something else; also where an undo could not give it back byte for byte.
    """
    try:
        if not os.path.lexists(path):
            return None
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            raise RecoveryError(f"{clean(str(path))} is not a small file of your own: move it aside")
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise RecoveryError(
            f"{clean(str(path))} was changed, and is not UTF-8 text: move it aside"
        ) from error
    except OSError as error:
        raise failed("read", clean(str(path)), error) from error


def is_ours(text: str) -> bool:
    """Whether the file of a timer was made by mcp-doctor."""
    return text.startswith(systemd.MARK) or launchd.is_ours(text)


def _onoff(on: bool) -> str:
    return "on" if on else "off"


def shown(text: str) -> str:
    """A text as a preview shows it, line by line; "none" where there is none."""
    return "\n".join(clean(line, 1000) for line in text.splitlines()) or "none"
