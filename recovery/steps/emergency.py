"""Steps of an incident: hold the token in the kernel's keyring, let go of it, and close."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from diagnostics import emergency
from diagnostics.text import clean
from recovery.emergency import kernel_keyring
from recovery.emergency.kernel_keyring import KernelKeyringError
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld


@dataclass(frozen=True, slots=True)
class HoldToken:
    """The kernel holds a token for one server, and forgets it when its time is up."""

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

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Hold an emergency token for {clean(self.server, 100)}, for {emergency.left_in_words(self.seconds)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Says where the token will be, and who gets it."""
        trouble = kernel_keyring.trouble(world.host)
        if trouble:
            raise RecoveryError(
                f"the token can't be held for a client that is started elsewhere: {trouble}. It would have to lie on "
                "the disk, and mcp-doctor does not do that"
            )
        names = ", ".join(clean(each.partition(":")[2], 100) for each in self.names)
        time = emergency.left_in_words(self.seconds)
        return [
            Change("the token you give", "nowhere", f"in the kernel's memory for {time}, never on a disk"),
            Change(
                f"{names} of {clean(self.server, 100)}",
                "from its store",
                "this token, at every start by mcp-doctor run",
            ),
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
            began=now.isoformat(timespec="seconds"),
            ends=(now + timedelta(seconds=self.seconds)).isoformat(timespec="seconds"),
            boot=boot,
            ends_since_boot=since + self.seconds,
        )
        fingerprint = Journal(world.host).fingerprint(token)
        _write(world, opened)
        try:
            kernel_keyring.hold(opened.key_name, token, self.seconds)
        except KernelKeyringError as error:
            raise HalfDoneError(f"the token is not held: {error}") from error
        return {"ends": opened.ends, "token": fingerprint}

    def verify(self, world: RecoveryWorld) -> None:
        """It is held, and the incident shows."""
        opened = _find(world, self.incident)
        if opened is None or not _is_held(opened):
            raise RecoveryError("the token is not held")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Lets go of the token. An incident in which a server got it stays open until it is closed."""
        opened = _find(world, self.incident)
        if opened is None:
            return
        _let_go(opened)
        if _was_served(world, self.incident):
            raise RecoveryError(
                "the token is gone, but a server got it before: close the incident with `mcp-doctor emergency close "
                f"{self.incident}`"
            )
        _remove(world, self.incident)


@dataclass(frozen=True, slots=True)
class LetGoOfToken:
    """The kernel forgets the token now."""

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
        held = opened is not None and _is_held(opened)
        return [Change("the emergency token", "held" if held else "gone by itself", "gone")]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Nothing is left of it in the kernel."""
        opened = _find(world, self.incident)
        if opened is not None:
            _let_go(opened)
        return {}

    def verify(self, world: RecoveryWorld) -> None:
        """It is not found any more."""
        opened = _find(world, self.incident)
        if opened is not None and _is_held(opened):
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
            _let_go(opened)
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
    path = emergency.file_of(world.host, opened.id)
    world.files.write(str(path), json.dumps(opened.to_json(), indent=1).encode())


def _find(world: RecoveryWorld, incident: str) -> emergency.OpenIncident | None:
    return next((each for each in emergency.open_incidents(world.host) if each.id == incident), None)


def _is_held(opened: emergency.OpenIncident) -> bool:
    try:
        return kernel_keyring.is_held(opened.key_name)
    except KernelKeyringError:
        return False


def _let_go(opened: emergency.OpenIncident) -> None:
    try:
        kernel_keyring.let_go(opened.key_name)
    except KernelKeyringError as error:
        if opened.seconds_left() > 0:
            raise RecoveryError(
                f"the token could not be taken away: {error}. It is gone by itself in "
                f"{emergency.left_in_words(opened.seconds_left())}"
            ) from error


def _remove(world: RecoveryWorld, incident: str) -> None:
    from recovery.files import sync_folder

    path: Path = emergency.file_of(world.host, incident)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RecoveryError(f"{path} can't be removed: {error.strerror}") from error
    sync_folder(path.parent)


def _was_served(world: RecoveryWorld, incident: str) -> bool:
    from recovery.emergency.incident import served
    from recovery.journal import Journal

    return bool(served(Journal(world.host).records(), incident))
