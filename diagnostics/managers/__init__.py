"""Who else keeps credentials: other programs' keychain entries, Vault, AWS. One module each, all behind `Manager`.

A manager follows one kind of reference (`${KEYTAR:…}`, `${VAULT:…}`, …) to its value, for the checks and for the
launcher alike. It only reads. What went wrong is data (`Trouble`): the words stand in the wording catalogue under
`lookup.<manager>.<outcome>`, so that a finding and the launcher's one line say the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from diagnostics.host import Host
from diagnostics.model import Status, Syntax
from diagnostics.secret import Secret

if TYPE_CHECKING:
    from diagnostics.context import Options
    from diagnostics.stores import CredentialStore

SECONDS = 10.0
"""Limit of one look-up in a check, answers of several questions included."""
LAUNCH_SECONDS = 20.0
"""Limit of one look-up before a server's start, which has nothing else to wait for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, and from where."""

    name: str
    """What stands in the reference: `service/account`, `secret/data/mcp#token`, an ARN."""
    host: Host
    options: "Options"
    seconds: float = SECONDS
    store: "CredentialStore | None" = None
    """The run's keychain, read once for all; None = the manager opens what it needs itself."""
    starting: bool = False
    """Whether a server is being started: then a store may be read that makes a new credential for each reader."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, or (among a value's warnings) will be. Texts from outside: the runner cleans and scrubs them."""

    outcome: str
    """The key of its words, below `lookup.<manager>`."""
    cause: str | None
    """A label of the vocabulary; None only where nothing is wrong (a skip)."""
    status: Status = Status.FAIL
    """`fail`, `warn`, `unknown` (could not find out) or `skip` (was not asked)."""
    evidence: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    """Fills the `{names}` of the wording. Never a secret."""


@dataclass(frozen=True, slots=True)
class Found:
    """The value, and what is worth saying about how it came."""

    value: Secret = field(repr=False)
    evidence: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    """For the words of the outcome `found`."""
    warnings: tuple[Trouble, ...] = ()


Answer = Found | Trouble


class Manager(Protocol):
    """One kind of reference. Its module has a `manager()` that makes one, and imports nothing heavy before."""

    id: str
    """Its name in the catalogue of words: `keytar`, `vault`, `aws`, `oauth`."""
    syntax: Syntax
    network: bool
    """Whether it asks beyond this host: with --offline it is then not asked at all."""

    def ready(self, question: Question) -> Trouble | None:
        """What can be told without asking anyone: the name's form, what must be installed, where it would ask."""
        ...

    def lookup(self, question: Question) -> Answer:
        """The value, or what keeps it away, once `ready` has nothing to say. Ends within the question's seconds; never prompts, never writes."""
        ...


_MODULES = {
    Syntax.KEYTAR: "keytar",
    Syntax.VAULT: "vault",
    Syntax.AWS: "aws",
    Syntax.OAUTH: "oauth",
}


def find(syntax: Syntax) -> Manager | None:
    """The manager that follows this kind of reference, None where there is none (yet)."""
    from importlib import import_module
    from importlib.util import find_spec

    name = _MODULES.get(syntax)
    if name is None or find_spec(f"{__name__}.{name}") is None:
        return None
    made: Manager = import_module(f"{__name__}.{name}").manager()
    return made


def ask(manager: Manager, question: Question) -> Answer:
    """As `Manager.lookup`, with its deadline held from outside and nothing raised: what breaks is `unknown`."""
    from diagnostics.deadline import DeadlineError, call_within

    try:
        trouble = manager.ready(question)
        if trouble is not None:
            return trouble
        if manager.network and question.options.offline:
            return Trouble("offline", None, Status.SKIP)
        return call_within(question.seconds, lambda: manager.lookup(question))
    except DeadlineError:
        facts = {"seconds": f"{question.seconds:g}"}
        return Trouble("no-answer", "provider_timeout", Status.UNKNOWN, facts=facts)
    except Exception as error:  # a library's own mistake must neither end the run nor show what it held
        said = f"{type(error).__name__} in {manager.id}"
        return Trouble("broke", "provider_answer_unclear", Status.UNKNOWN, (said,))


def in_words(manager: Manager, trouble: Trouble, facts: Mapping[str, object]) -> str:
    """The trouble in one line, for who has no finding to show it in. In: facts of the reference, as a check adds them."""
    from diagnostics.catalog.wording import filled, wording

    own = wording()[f"lookup.{manager.id}.{trouble.outcome}"]
    every = {name: str(value) for name, value in {**facts, **trouble.facts}.items()}
    return filled(own.title, every)
