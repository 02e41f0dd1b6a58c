"""Steps about the daemon that keeps the keychain: start it, let it run on, start it afresh, end stray ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.text import clean
from recovery.model import Answers, Change, RecoveryError, Risk
from recovery.ports import RecoveryWorld

_NOT_BACK = "a daemon that was ended can't be brought back; the one that runs now does its work"


@dataclass(frozen=True, slots=True)
class StartProvider:
    """The bus starts the keyring daemon that is installed."""

    kind: ClassVar[str] = "start-provider"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Start the keyring daemon"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [Change("the keyring daemon", "not running", "running, its keychain locked")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Starts it; one that came up meanwhile is left alone."""
        provider = world.keychain.state().provider
        if provider.running:
            return {}
        pid = world.keychain.start_provider()
        return {"pid": str(pid), "program": world.keychain.state().provider.program}

    def verify(self, world: RecoveryWorld) -> None:
        """It runs and answers."""
        _make_sure_it_answers(world)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Ends the one we started, if it still is that one."""
        pid, program = int(kept.get("pid") or 0), kept.get("program", "")
        if pid and world.processes.is_running(pid, program):
            world.processes.end(pid, program)


@dataclass(frozen=True, slots=True)
class ContinueProvider:
    """A stopped daemon (state T) runs on."""

    kind: ClassVar[str] = "continue-provider"
    risk: ClassVar[Risk] = Risk.SAFE

    pid: int
    program: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Let the stopped keyring daemon (process {self.pid}) run on"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [Change(f"{clean(self.program)}, process {self.pid}", "stopped", "running")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Sends it the signal."""
        world.processes.resume(self.pid, self.program)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It answers again."""
        _make_sure_it_answers(world)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """A running daemon is not stopped again: nothing rests on its being stopped."""


@dataclass(frozen=True, slots=True)
class RestartProvider:
    """Ends the daemon and starts a fresh one, which reads all keychain files anew."""

    kind: ClassVar[str] = "restart-provider"
    risk: ClassVar[Risk] = Risk.FINAL

    pid: int
    program: str
    force: bool = False
    """For one that hangs and can't end itself."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"End the keyring daemon (process {self.pid}) and start it afresh"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Names the process."""
        how = "ended at once" if self.force else "ended"
        return [
            Change(f"{clean(self.program)}, process {self.pid}", "running", f"{how}; a fresh one is started"),
            Change("keychains of every other program", "as they are", "locked until they are unlocked again"),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Ends it, waits until it is gone, and has the bus start another."""
        provider = world.keychain.state().provider
        if provider.running and provider.pid not in {0, self.pid}:
            raise RecoveryError(f"another keyring daemon (process {provider.pid}) answers by now: look again")
        if world.processes.is_running(self.pid, self.program):
            world.processes.end(self.pid, self.program, force=self.force)
        return {"pid": str(world.keychain.start_provider())}

    def verify(self, world: RecoveryWorld) -> None:
        """Another process answers."""
        _make_sure_it_answers(world)
        if world.keychain.state().provider.pid == self.pid:
            raise RecoveryError("the keyring daemon is still the old one")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Can't be taken back; where the old one was never ended there is nothing to take back."""
        if not kept and world.processes.is_running(self.pid, self.program):
            return
        raise RecoveryError(_NOT_BACK)


@dataclass(frozen=True, slots=True)
class EndStrays:
    """Ends further daemons that own nothing; the one that answers is never touched."""

    kind: ClassVar[str] = "end-strays"
    risk: ClassVar[Risk] = Risk.FINAL

    pids: tuple[int, ...]
    program: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"End {len(self.pids)} stray keyring daemon{'s' if len(self.pids) != 1 else ''}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Names each process."""
        return [
            Change(f"{clean(self.program)}, process {pid}", "running, owns nothing", "ended")
            for pid in self.pids
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Ends those that still are strays."""
        provider = world.keychain.state().provider
        if not provider.running:
            raise RecoveryError("no keyring daemon answers on the bus by now: look again")
        for pid in self.pids:
            if pid == provider.pid:
                raise RecoveryError(f"process {pid} is the keyring daemon in use by now: look again")
            if world.processes.is_running(pid, self.program):
                world.processes.end(pid, self.program)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """None of them is left."""
        left = [pid for pid in self.pids if world.processes.is_running(pid, self.program)]
        if left:
            raise RecoveryError(f"still running: process {', '.join(map(str, left))}")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Can't be taken back."""
        if all(world.processes.is_running(pid, self.program) for pid in self.pids):
            return
        raise RecoveryError("an ended process can't be brought back; these owned nothing")


def _make_sure_it_answers(world: RecoveryWorld) -> None:
    provider = world.keychain.state().provider
    if not provider.running:
        raise RecoveryError("the keyring daemon was started but is not there")
    if provider.hung:
        raise RecoveryError("the keyring daemon runs but does not answer")
