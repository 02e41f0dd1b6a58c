"""The nouns of mending: a remedy asks, and is made of steps; a step previews, applies, verifies, takes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from diagnostics.secret import Secret


class Risk(StrEnum):
    """How much consent a step needs."""

    SAFE = "safe"
    """Changes nothing that lasts (unlocking)."""
    REVERSIBLE = "reversible"
    """Can be taken back with `mcp-doctor undo`."""
    FINAL = "final"
    """Can't be taken back; the person types a word to agree."""


class RecoveryError(Exception):
    """A step could not be done. The text says what happened and what to do, and never holds a secret."""


class UnavailableError(RecoveryError):
    """What it needs is locked, out of reach or full right now: the same may well be done later."""


class HalfDoneError(RecoveryError):
    """A step broke off in the middle; its `undo` recognises what stands."""


class AskKind(StrEnum):
    """What a remedy may ask the person for."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind
    NEW_PASSWORD = "new-password"  # noqa: S105 - the name of a kind
    """Asked twice, never empty."""
    TOKEN = "token"  # noqa: S105 - the name of a kind
    """Hidden input whose format and validity are checked before anything is written."""
    CHOICE = "choice"
    TEXT = "text"
    """Shown while it is typed; nothing secret."""
    LOGIN = "login"
    """Got by signing in with a code; `about` says where (`recovery.login.plan.LoginPlan`)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the person. `name` is the key of the answer."""

    name: str
    kind: AskKind
    prompt: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """For CHOICE: (value, words)."""
    provider: str | None = None
    """For TOKEN: the catalogue's provider id that the answer is checked against, when known."""
    optional: bool = False
    """For TEXT and PASSWORD: whether it may stay empty."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What asking needs to know, plain and not secret: for LOGIN (`recovery.login.plan`), and for twins."""


Answers = Mapping[str, Secret]
"""What the person gave, by `Ask.name`. Choices come as Secrets too, so that nothing is special."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a preview: what will be different afterwards. Plain words, safe to show."""

    what: str
    before: str
    after: str


class Step(Protocol):
    """One change. A frozen dataclass whose fields are plain data, so that the journal can write it and read it back.

    Contract: `apply` is atomic or leaves what `undo` can recognise; `verify` looks at the world again;
    `undo` refuses (RecoveryError) when the world is no longer as `apply` left it.
    """

    kind: ClassVar[str]
    """Its name in the journal; never reused for another meaning."""
    risk: ClassVar[Risk]
    # A step whose `apply` reads answers names them in `needs: ClassVar[tuple[str, ...]]`; without it, it reads none.
    # One that would refuse an answer for what it is has `make_sure_of(world, answers)`, asked before anything is recorded.
    # One that can't be taken back without answers names them in `undo_needs`, and has `undo_with(world, kept, answers)`.
    # One that writes entries which were there once (a restore) says `brings_back: ClassVar[bool] = True`: twins among
    # them are told, while any other step that makes a twin has failed (`recovery.twin_count`). A step that empties a
    # collection into another one names it in the property `leaving`.

    @property
    def title(self) -> str:
        """What it does, in the imperative."""
        ...

    def preview(self, world: Any) -> list[Change]:
        """What `apply` will change, without changing it. Raises RecoveryError where it can't work at all."""
        ...

    def apply(self, world: Any, answers: Answers) -> Mapping[str, str]:
        """Does it. Out: what `undo` needs beyond the fields, as plain data without secrets.

        Two names in it have a meaning of their own: `tell`, lines for the person (a command begins with `$ `),
        and `address`, the bus that the steps after it stand on.

        Raises:
            HalfDoneError: something of it may stand.
            RecoveryError: it was not done.
        """
        ...

    def verify(self, world: Any) -> None:
        """Raises RecoveryError unless the world is as `apply` promised."""
        ...

    def undo(self, world: Any, kept: Mapping[str, str]) -> None:
        """Takes it back, given what `apply` returned; {} when a crash came before that was known.

        Where nothing of it stands it does nothing. Raises RecoveryError where it can't or must not.
        """
        ...


@dataclass(frozen=True, slots=True)
class Remedy:
    """A named way to mend one finding."""

    id: str
    title: str
    why: str
    """What it will do and what it means for other programs, in one or two sentences, before anything is asked."""
    finding: str
    """Id of the finding that it mends."""
    steps: tuple[Step, ...] = ()
    """Empty = advice only: the finding's own words say what to do."""
    asks: tuple[Ask, ...] = ()
    recheck: tuple[str, ...] = field(default=())
    """Checks to ask again afterwards (with everything that rests on them)."""

    @property
    def risk(self) -> Risk:
        """That of its gravest step."""
        order = tuple(Risk)
        return max((step.risk for step in self.steps), key=order.index, default=Risk.SAFE)
