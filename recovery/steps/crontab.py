"""The step about this user's crontab. The trail holds our own lines alone: the others may hold passwords."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from diagnostics.monitor.engines import cron
from diagnostics.monitor.programs import ProgramError, ask, crontab_of, said_by
from diagnostics.monitor.schedule import UnfitError
from recovery.files import sweep
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.new_file import make_folder
from recovery.ports import RecoveryWorld
from recovery.steps.monitor import shown


@dataclass(frozen=True, slots=True)
class SetCronBlock:
    """Puts the monitor's line into this user's crontab, or takes it out; every other byte of it stays."""

    kind: ClassVar[str] = "set-cron-block"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    before: str
    """Our lines with their marks, "" = there are none."""
    after: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return (
            "Put the monitor's line into your crontab"
            if self.after
            else "Take the monitor's line out of your crontab"
        )

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Shows the lines, and how many others stay."""
        text = self._read(world)
        self._make_sure(text, self.before)
        others = cron.with_block(text, b"").count(b"\n")
        stay = (
            "no other line is there"
            if not others
            else f"{others} other lines stay as they are, byte for byte"
        )
        return [Change(f"your crontab ({stay})", shown(self.before), shown(self.after))]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Hands the new crontab to `crontab -`, which exchanges it as a whole. The old one is kept in a file."""
        self._exchange(world, self.before, self.after)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """The lines are there, and `crontab -l` reads them back."""
        if self._ours(self._read(world)) != self.after:
            raise RecoveryError("the crontab does not hold what was written")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts our earlier lines in their place. What others changed meanwhile stays."""
        self._exchange(world, self.after, self.before)

    def _exchange(self, world: RecoveryWorld, old: str, new: str) -> None:
        sweep(_kept_in(world))
        text = self._read(world)
        if self._ours(text) == new:
            return
        self._make_sure(text, old)
        self._keep(world, text)
        changed = cron.with_block(text, new.encode())
        try:
            if not changed and self._read_or_none(world) is not None:
                done = ask(world.host, "crontab", "-r")
            else:
                done = ask(world.host, "crontab", "-", given=changed)
        except ProgramError as error:
            raise HalfDoneError(str(error)) from error
        if done.code != 0:
            raise HalfDoneError(f"crontab did not take it: {said_by(done)}")

    def _keep(self, world: RecoveryWorld, text: bytes) -> None:
        """A copy of the crontab as it is, for its owner alone; it may hold passwords, so the trail must not have it."""
        path = _kept_in(world)
        make_folder(path.parent)
        world.files.write(str(path), text)

    def _make_sure(self, text: bytes, expected: str) -> None:
        if self._ours(text) != expected:
            raise RecoveryError(
                "the monitor's lines in your crontab were changed meanwhile: look with `crontab -l`"
            )

    def _ours(self, text: bytes) -> str:
        try:
            return cron.take_apart(text).block.decode("utf-8", "replace")
        except UnfitError as error:
            raise RecoveryError(str(error)) from error

    def _read(self, world: RecoveryWorld) -> bytes:
        return self._read_or_none(world) or b""

    def _read_or_none(self, world: RecoveryWorld) -> bytes | None:
        try:
            return crontab_of(world.host)
        except ProgramError as error:
            raise RecoveryError(str(error)) from error


def _kept_in(world: RecoveryWorld) -> Path:
    return world.host.state_dir / "monitor/crontab.before"
