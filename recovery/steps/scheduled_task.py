"""The step about the monitor's task of Windows' Task Scheduler."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.monitor.engines import task_scheduler
from diagnostics.monitor.programs import ProgramError, told
from diagnostics.monitor.timers import task_of
from recovery.files import sweep
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.steps.monitor import shown


@dataclass(frozen=True, slots=True)
class SetScheduledTask:
    """Creates, replaces or deletes the monitor's task of Windows' Task Scheduler."""

    kind: ClassVar[str] = "set-scheduled-task"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    before: str
    """Its description as the scheduler gave it, "" = there was none."""
    after: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"{'Create' if self.after else 'Delete'} the task “{task_scheduler.TASK}”"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Shows the whole description."""
        return [Change(f"the task “{task_scheduler.TASK}”", shown(self.before), shown(self.after))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Hands it to schtasks in a file for its user alone, which is gone afterwards."""
        self._set(world, self.after)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """The scheduler has it, with our command."""
        if not self._has(world, self.after):
            raise RecoveryError("the Task Scheduler does not have what was handed to it")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """The earlier one, or none."""
        self._set(world, self.before)

    def _set(self, world: RecoveryWorld, text: str) -> None:
        path = world.host.state_dir / ".monitor-task.part"
        sweep(path)
        try:
            if not text:
                if task_of(world.host) is not None:
                    told(world.host, "schtasks", "/Delete", "/TN", task_scheduler.TASK, "/F")
                return
            world.files.write(str(path), text.encode("utf-16"))
            told(world.host, "schtasks", "/Create", "/TN", task_scheduler.TASK, "/XML", str(path), "/F")
        except ProgramError as error:
            raise HalfDoneError(str(error)) from error
        finally:
            with contextlib.suppress(OSError):
                path.unlink()

    def _has(self, world: RecoveryWorld, text: str) -> bool:
        try:
            there = task_of(world.host)
        except ProgramError as error:
            raise RecoveryError(str(error)) from error
        if not text or there is None:
            return bool(text) == (there is not None)
        return task_scheduler.command_in(there) == task_scheduler.command_in(text)
