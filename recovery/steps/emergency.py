"""Steps of an incident: hold the token, give it more time, let go of it, and close."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from diagnostics import emergency
from diagnostics.text import clean
from recovery.emergency import keeping
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld


@dataclass(frozen=True, slots=True)
class HoldToken:
    """A token is held for one server, and forgotten when its time is up: by the kernel, or else by this process."""

    kind: ClassVar[str] = "hold-emergency-token"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = ("token",)

    incident: str
    server: str
    servers: tuple[str, ...]
    starts: tuple[str, ...]
    names: tuple[str, ...]
    seconds: int
    reason: str
    ticket: str = ""
    who: str = ""
    held_by: str = ""
    """As in `OpenIncident`."""
    socket: str = ""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Hold an emergency token for {clean(self.server, 100)}, for {emergency.left_in_words(self.seconds)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says where the token will be, and who gets it."""
        time = emergency.left_in_words(self.seconds)
        if self.held_by == keeping.PROCESS:
            where = (
                f"in the memory of this very process for {time} at most, never on a disk; gone when it ends"
            )
            gets = (
                "this token, at every start by mcp-doctor run while this process is there"
                if self.socket
                else "this token, in what this process starts itself; nothing else can have it"
            )
        else:
            trouble = keeping.trouble(world.host)
            if trouble:
                raise RecoveryError(f"the kernel can't hold the token: {trouble}")
            where = f"in the kernel's memory for {time}, never on a disk"
            gets = "this token, at every start by mcp-doctor run"
        names = ", ".join(clean(each.partition(":")[2], 100) for each in self.names)
        return [
            Change("the token you give", "nowhere", where),
            Change(f"{names} of {clean(self.server, 100)}", "from its store", gets),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """First what says that an incident is open, then the token, with its end."""
        from recovery.journal import Journal

        token = answers["token"]
        now, (boot, since) = datetime.now(UTC), emergency.uptime()
        opened = emergency.OpenIncident(
            id=self.incident,
            server=self.server,
            servers=self.servers,
            starts=self.starts,
            names=self.names,
            reason=self.reason,
            ticket=self.ticket,
            who=self.who,
            began=now.isoformat(timespec="microseconds"),  # of two in one second the newer is served
            ends=(now + timedelta(seconds=self.seconds)).isoformat(timespec="seconds"),
            boot=boot,
            ends_since_boot=since + self.seconds,
            held_by=self.held_by,
            socket=self.socket,
        )
        fingerprint = Journal(world.host).fingerprint(token)
        _write(world, opened)
        try:
            keeping.hold(opened, token, self.seconds)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"ends": opened.ends, "token": fingerprint}

    def verify(self, world: RecoveryWorld) -> None:
        """It is held, and the incident shows."""
        opened = _find(world, self.incident)
        if opened is None or not keeping.is_held(opened):
            raise RecoveryError("the token is not held")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Lets go of the token. An incident in which a server got it stays open until it is closed."""
        opened = _find(world, self.incident)
        if opened is None:
            return
        keeping.let_go(opened)
        if _was_served(world, self.incident):
            raise RecoveryError(
                "the token is gone, but a server got it before: close the incident with `mcp-doctor emergency close "
                f"{self.incident}`"
            )
        _remove(world, self.incident)


@dataclass(frozen=True, slots=True)
class ExtendTime:
    """The token of an open incident is held longer, or less long, for a reason of its own."""

    kind: ClassVar[str] = "extend-emergency"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    incident: str
    server: str
    seconds: int
    """From now on."""
    reason: str
    before: str
    """Its end as it is now, UTC, ISO 8601."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return (
            f"Hold the emergency token for {clean(self.server, 100)} for {emergency.left_in_words(self.seconds)} "
            "from now on"
        )

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """The two ends. Refuses where the token is gone."""
        opened = self._opened(world)
        left = emergency.left_in_words(opened.seconds_left())
        return [
            Change(
                "the emergency token",
                f"held for {left} more",
                f"held for {emergency.left_in_words(self.seconds)}",
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """First what says until when, then the token: cut off between, it is gone earlier than it is said."""
        opened = self._opened(world)
        _write(world, _until(opened, self.seconds))
        try:
            keeping.extend(opened, self.seconds)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"ends": self._opened(world).ends}

    def verify(self, world: RecoveryWorld) -> None:
        """It is held, and has another end."""
        if self._opened(world).ends == self.before:
            raise RecoveryError("the token's end is the one that it had")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """The earlier end; where that is over, the token goes."""
        opened = _find(world, self.incident)
        if opened is None or opened.ends == self.before:
            return
        left = (datetime.fromisoformat(self.before) - datetime.now(UTC)).total_seconds()
        if left < 1:
            keeping.let_go(opened)
            _write(world, _until(opened, 0))
        elif opened.seconds_left() > left:
            keeping.extend(opened, int(left))
            _write(world, _until(opened, int(left)))

    def _opened(self, world: RecoveryWorld) -> emergency.OpenIncident:
        opened = _find(world, self.incident)
        if opened is None:
            raise RecoveryError(f"incident {clean(self.incident, 40)} is not open")
        if opened.seconds_left() <= 0 or not keeping.is_held(opened):
            raise RecoveryError(
                "its token is gone, so its time can't be made longer: begin another emergency"
            )
        return opened


@dataclass(frozen=True, slots=True)
class LetGoOfToken:
    """The token is forgotten now."""

    kind: ClassVar[str] = "let-go-of-emergency-token"
    risk: ClassVar[Risk] = Risk.SAFE

    incident: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Let go of the emergency token of incident {clean(self.incident, 40)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Whether it is still there."""
        opened = _find(world, self.incident)
        held = opened is not None and keeping.is_held(opened)
        return [Change("the emergency token", "held" if held else "gone by itself", "gone")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Nothing is left of it, in the kernel or in the process that holds it."""
        opened = _find(world, self.incident)
        if opened is not None:
            keeping.let_go(opened)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is not found any more."""
        opened = _find(world, self.incident)
        if opened is not None and keeping.is_held(opened):
            raise RecoveryError("the token is still held")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Nothing to take back: a token that is gone is typed anew."""


@dataclass(frozen=True, slots=True)
class CloseIncident:
    """The incident does not show any more: the banner and the line of every start go."""

    kind: ClassVar[str] = "close-incident"
    risk: ClassVar[Risk] = Risk.SAFE

    incident: str
    server: str
    normal_path: str
    """`ok`, or what the checks found on it."""
    token_revoked: bool = False
    """Whether the person said that the emergency token was revoked at its provider."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Close the emergency incident of {clean(self.server, 100)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """What goes."""
        return [Change("the incident", "open: shown at every start", "closed, with a report")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """The token first, if it is still there."""
        opened = _find(world, self.incident)
        if opened is not None:
            keeping.let_go(opened)
        _remove(world, self.incident)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """Its file is gone."""
        if emergency.file_of(world.host, self.incident).exists():
            raise RecoveryError("the incident is still open")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """A closed incident stays closed."""
        if not emergency.file_of(world.host, self.incident).exists():
            raise RecoveryError("a closed incident stays closed: for another emergency start a new one")


def _write(world: RecoveryWorld, opened: emergency.OpenIncident) -> None:
    folder = emergency.folder(world.host)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RecoveryError(f"{folder} can't be made: {error.strerror}") from error
    from recovery.files import sweep

    path = emergency.file_of(world.host, opened.id)
    sweep(path)
    world.files.write(str(path), json.dumps(opened.to_json(), indent=1).encode())


def _until(opened: emergency.OpenIncident, seconds: int) -> emergency.OpenIncident:
    boot, since = emergency.uptime()
    ends = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    return dataclasses.replace(opened, ends=ends, boot=boot, ends_since_boot=since + seconds)


def _find(world: RecoveryWorld, incident: str) -> emergency.OpenIncident | None:
    return next((each for each in emergency.open_incidents(world.host) if each.id == incident), None)


def _remove(world: RecoveryWorld, incident: str) -> None:
    from recovery.files import sweep, sync_folder

    path: Path = emergency.file_of(world.host, incident)
    sweep(path)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RecoveryError(f"{path} can't be removed: {error.strerror}") from error
    sync_folder(path.parent)


def _was_served(world: RecoveryWorld, incident: str) -> bool:
    from recovery.emergency.served import served
    from recovery.journal import Journal

    return bool(served(Journal(world.host).records(), incident))
