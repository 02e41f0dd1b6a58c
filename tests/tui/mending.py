"""A remedy that really runs through recovery's runner and journal, on a world that is only this session."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from diagnostics.host import Host
from diagnostics.model import Finding, Stage, Status
from diagnostics.secret import Secret
from recovery.journal import Event, Journal
from recovery.login.device import Code, Waiting
from recovery.login.error import LoginError
from recovery.model import Answers, Ask, AskKind, Change, RecoveryError, Remedy, Risk, UnavailableError
from recovery.operation import ask_data
from tests.support.fake_session import FakeSession, finding
from tests.tui import scenes

PASSWORD = "open" + " sesame"


@dataclass
class World:
    """Steps may turn this session's findings over."""

    host: Host
    session: FakeSession
    stored: list[str] = field(default_factory=list)

    @property
    def files(self) -> "World":
        """The runner hands steps another world, which passes its ports on: through this one they come here."""
        return self


@dataclass(frozen=True, slots=True)
class TryUnlock:
    """Takes one password."""

    kind: ClassVar[str] = "test-unlock"
    risk: ClassVar[Risk] = Risk.SAFE
    needs: ClassVar[tuple[str, ...]] = ("password",)

    @property
    def title(self) -> str:
        return "Unlock the keychain “Login”"

    def preview(self, world: World) -> list[Change]:
        return [Change("the keychain “Login”", "locked", "open until you log out")]

    def apply(self, world: World, answers: Answers) -> Mapping[str, str]:
        if answers["password"] != Secret(PASSWORD):
            raise RecoveryError("The keychain refused this password: type it again.")
        found = world.files.session.findings
        found[:] = [each for each in found if each.status not in {Status.FAIL, Status.SKIP}]
        found.append(finding(Stage.PERMISSION, Status.OK, "The default keychain is open"))
        for server in (scenes.GITHUB, scenes.LINEAR):
            found.extend(scenes.good(server, Stage.LOOKUP, Stage.FORMAT, Stage.VALIDITY))
        return {}

    def verify(self, world: World) -> None:
        if scenes.LOCKED in world.files.session.findings:
            raise RecoveryError("it is still locked")

    def undo(self, world: World, kept: Mapping[str, str]) -> None:
        world.files.session.findings[:] = [scenes.LOCKED]


@dataclass(frozen=True, slots=True)
class TryStore:
    """Writes the token that was given."""

    kind: ClassVar[str] = "test-store"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = ("token",)

    @property
    def title(self) -> str:
        return "Store github_token"

    def preview(self, world: World) -> list[Change]:
        return [Change("github_token", "a value", "the value you give")]

    def apply(self, world: World, answers: Answers) -> Mapping[str, str]:
        world.files.stored.append(answers["token"].fingerprint())
        return {}

    def verify(self, world: World) -> None:
        return

    def undo(self, world: World, kept: Mapping[str, str]) -> None:
        if world.files.stored:
            world.files.stored.pop()


@dataclass(frozen=True, slots=True)
class TryAllow(TryStore):
    """Can only be taken back with the password."""

    kind: ClassVar[str] = "test-allow"
    needs: ClassVar[tuple[str, ...]] = ("password",)
    undo_needs: ClassVar[tuple[str, ...]] = ("password",)

    @property
    def title(self) -> str:
        return "Let this Python read github_token"

    def apply(self, world: World, answers: Answers) -> Mapping[str, str]:
        world.files.stored.append("allowed")
        return {}

    def undo_with(self, world: World, kept: Mapping[str, str], answers: Answers) -> None:
        if answers.get("password") != Secret(PASSWORD):
            raise UnavailableError("the keychain refused the password: it is not the right one")
        self.undo(world, kept)


@dataclass(frozen=True, slots=True)
class Impossible(TryStore):
    """Can't work here."""

    kind: ClassVar[str] = "test-impossible"

    def preview(self, world: World) -> list[Change]:
        raise RecoveryError("No program on this computer keeps secrets: install gnome-keyring first.")


@dataclass(frozen=True, slots=True)
class Final(TryStore):
    """Can't be taken back."""

    kind: ClassVar[str] = "test-final"
    risk: ClassVar[Risk] = Risk.FINAL
    needs: ClassVar[tuple[str, ...]] = ()

    def apply(self, world: World, answers: Answers) -> Mapping[str, str]:
        world.files.stored.append("final")
        return {}


ASK_PASSWORD = Ask("password", AskKind.PASSWORD, "Password of the keychain “Login”:")
ASK_TOKEN = Ask("token", AskKind.TOKEN, "New value for github_token:", provider="github_pat_classic")
WHY = "What this means for other programs is said here, before anything is asked."
UNLOCK = Remedy(
    "unlock-keychain", "Unlock the keychain", WHY, LOCKED_ID := scenes.LOCKED.id, (TryUnlock(),), (ASK_PASSWORD,),
    ("permission.example",),
)  # fmt: skip
STORE = Remedy("replace", "Replace github_token", WHY, LOCKED_ID, (TryStore(),), (ASK_TOKEN,))
ALLOW = Remedy(
    "allow-this-python", "Let this Python read github_token", WHY, LOCKED_ID, (TryAllow(),), (ASK_PASSWORD,)
)
ASK_LOGIN = Ask("token", AskKind.LOGIN, "Sign in at github.com", about={"provider": "github"})
SIGN_IN = Remedy("sign-in", "Sign in at github.com with a code", WHY, LOCKED_ID, (TryStore(),), (ASK_LOGIN,))
IMPOSSIBLE = Remedy("impossible", "Store it", WHY, LOCKED_ID, (Impossible(),))
FINAL = Remedy("final", "Throw it away", WHY, LOCKED_ID, (Final(),))
CHOICES = (
    ("/1", "changed 2026-11-20 08:00:00 UTC, written by another program, value #1d66dfcf"),
    ("/2", "changed 2025-01-02 09:00:00 UTC, written by Python keyring library, value #b44c5244"),
)
ASK_TWIN = Ask(
    "token", AskKind.CHOICE, "Which github_token is the right one?", choices=CHOICES,
    about={"entries named": "github_token"},
)  # fmt: skip
TWINS = Remedy("keep-one-twin", "Keep one entry github_token", WHY, LOCKED_ID, (TryStore(),), (ASK_TWIN,))
ADVICE = Remedy("advice", "Log in at the screen", WHY, LOCKED_ID)


@dataclass
class Mended:
    """What a test gets: the session, and the world that its guides touch."""

    session: FakeSession
    world: World


def mended_by(remedies: list[Remedy], tmp: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Mended:
    """The locked scene, in which these remedies are offered for the locked keychain."""
    holder: list[World] = []
    session = scenes.locked_out(tmp, open_world=lambda _host: holder[0], **more)
    holder.append(World(session.host, session))
    kinds = {step.kind: step for step in (TryUnlock, TryStore, TryAllow, Impossible, Final)}
    serve: Callable[..., list[Remedy]] = lambda found, _context: _serving(found, remedies)  # noqa: E731
    monkeypatch.setattr("recovery.planner.remedies_for", serve)
    monkeypatch.setattr(
        "recovery.runner.step_kinds", lambda: kinds
    )  # first: it takes over the name on import
    monkeypatch.setattr("recovery.steps.step_kinds", lambda: kinds)
    return Mended(session, holder[0])


CODE = Code(
    "WDJB-MJHT",
    "https://github.com/login/device",
    "https://github.com/login/device?user_code=WDJB-MJHT",
    581.0,
    5.0,
    Secret("the device's own code"),
)


class StandInSignIn:
    """Signs in as a test says: each attempt takes the next of `answers`, waiting for `go` before it gives it."""

    answers: ClassVar[list[Secret | LoginError]] = []
    go: ClassVar[threading.Event] = threading.Event()
    cancelled: ClassVar[list[bool]] = []

    def __init__(self, ask: Ask, answers: Answers, world: Any, *, pause: Any = None) -> None:
        self._left = threading.Event()

    def begin(self) -> Code:
        return CODE

    def wait(self, _code: Code, tell: Callable[[Waiting], None]) -> Secret:
        tell(Waiting(3.0, ""))
        while not self.go.wait(0.01):
            if self._left.is_set():
                self.cancelled.append(True)
                raise LoginError("cancelled", "the login was left")
        answer = self.answers.pop(0)
        if isinstance(answer, LoginError):
            raise answer
        return answer

    def cancel(self) -> None:
        self._left.set()


def stand_in_login(monkeypatch: pytest.MonkeyPatch, *answers: Secret | LoginError) -> threading.Event:
    """From now on guides sign in with the stand-in, at a clock that stands. Out: set it to let the answer come."""
    monkeypatch.setattr(StandInSignIn, "answers", list(answers))
    monkeypatch.setattr(StandInSignIn, "go", threading.Event())
    monkeypatch.setattr(StandInSignIn, "cancelled", [])
    monkeypatch.setattr("recovery.login.sign_in.SignIn", StandInSignIn)
    monkeypatch.setattr("tui.screens.signing_in.monotonic", lambda: 0.0)
    return StandInSignIn.go


def _serving(found: Finding, remedies: list[Remedy]) -> list[Remedy]:
    return remedies if found.check == scenes.LOCKED.check else []


def cut_off(fixture: Mended, remedy: Remedy, asks: Sequence[Ask] | None = None) -> Journal:
    """A journal that ends in the middle of the remedy's first step."""
    journal = Journal(fixture.session.host)
    steps = [{"kind": step.kind, "title": step.title, "data": {}} for step in remedy.steps]
    named = [ask_data(each) for each in (remedy.asks if asks is None else asks)]
    journal.append(
        Event.PLANNED,
        "0a",
        remedy=remedy.id,
        title=remedy.title,
        finding=remedy.finding,
        steps=steps,
        asks=named,
    )
    journal.append(Event.INTENT, "0a", step=0)
    return journal
