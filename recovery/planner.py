"""Which remedies mend a finding. Each stands in one file below `remedies/`; where it stands gives its id."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Finding, Platform, Stage, Status
from diagnostics.stores import FILE_STORE, SeenFromElsewhere, StoreState
from diagnostics.stores.choice import in_words_of_the_file
from recovery.model import RecoveryError, Remedy
from recovery.steps.file import SetMode
from recovery.steps.provider import RestartProvider
from recovery.unlocking import Look, Way, way_to_unlocked

Build = Callable[[Finding, Context], Remedy | None]


@dataclass(frozen=True, slots=True)
class Registered:
    """A remedy as declared: which findings it serves and how it is made for one of them."""

    id: str
    serves: frozenset[str]
    """`<check id>.<outcome>`, or `<check id>.*` for every failing or warning one."""
    build: Build
    rank: int
    """Lower is offered first."""
    when: Callable[[Finding], bool]
    """What else must be true of the finding, told without looking at anything."""


def remedy(
    *serves: str, rank: int = 50, when: Callable[[Finding], bool] = lambda _finding: True
) -> Callable[[Build], Build]:
    """Marks the one function of a module in `remedies/` that makes its remedy.

    In: the findings it serves, and what else must be true of one. The function gets a finding and the run's context,
    and returns the remedy, or None where it can't help after all. It only looks: no writing, no prompting.
    """

    def mark(function: Build) -> Build:
        name = function.__module__.rpartition(".")[2].replace("_", "-")
        function.__remedy__ = Registered(name, frozenset(serves), function, rank, when)  # type: ignore[attr-defined]
        return function

    return mark


@cache
def all_remedies() -> tuple[Registered, ...]:
    """Every remedy, safest first.

    Raises:
        ValueError: a module without exactly one remedy.
    """
    package = importlib.import_module("recovery.remedies")
    found: list[Registered] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        own = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
        marked: list[Registered] = [each.__remedy__ for each in own if hasattr(each, "__remedy__")]
        if len(marked) != 1:
            raise ValueError(f"{module.__name__} must hold exactly one remedy, it holds {len(marked)}")
        found.append(marked[0])
    return tuple(sorted(found, key=lambda each: (each.rank, each.id)))


def names_for(finding: Finding) -> list[str]:
    """Ids of the remedies that serve this finding, best first, for the report. No I/O; some may not apply."""
    return [each.id for each in _serving(finding)]


def remedies_for(finding: Finding, context: Context) -> list[Remedy]:
    """The remedies that fit the finding on this host, best first; [] = the finding's own words are all we know."""
    built = (each.build(finding, context) for each in _serving(finding))
    return [_in_words_of(each, context) for each in built if each is not None]


def _in_words_of(remedy: Remedy, context: Context) -> Remedy:
    """Calls an encrypted file what it is."""
    if context.store.subject.kind != FILE_STORE or remedy.id == "create-file-store":
        return remedy
    said = in_words_of_the_file
    asks = tuple(
        dataclasses.replace(each, prompt=said(each.prompt), hint=said(each.hint)) for each in remedy.asks
    )
    return dataclasses.replace(remedy, title=said(remedy.title), why=said(remedy.why), asks=asks)


def best_for(findings: Iterable[Finding], context: Context) -> list[Remedy]:
    """The first remedy of every finding that has one, in the order of the path, each only once (for `fix`)."""
    chosen: dict[str, Remedy] = {}
    for finding in findings:
        for each in remedies_for(finding, context)[:1]:
            chosen.setdefault(f"{each.id}:{finding.subject}", each)
    return list(chosen.values())


def _serving(finding: Finding) -> Sequence[Registered]:
    if finding.status not in {Status.FAIL, Status.WARN, Status.UNKNOWN}:
        return ()
    wanted = {f"{finding.check}.{finding.outcome}", f"{finding.check}.*"}
    return [each for each in all_remedies() if each.serves & wanted and each.when(finding)]


def unlock_remedy(host: Host, state: StoreState, look: Look | None, finding: str = "") -> Remedy:
    """The one remedy that leads from this state to an unlocked keychain, whichever it is (for `unlock`).

    In: `look` as for `way_to_unlocked`. Out: a remedy without steps when the keychain is unlocked already.

    Raises:
        RecoveryError: none of ours leads there; the text says what only the person can do.
    """
    if host.platform is Platform.MACOS and state.provider.program == "security":
        from recovery.macos_remedies import unlocking

        return unlocking(state, host, finding)
    way = way_to_unlocked(state, host, look)
    if not way.steps:
        return Remedy("unlock-keychain", "The keychain is unlocked", "There is nothing to do.", finding)
    return made_of(way, finding)


def on_the_way(name: str, finding: Finding, context: Context) -> Remedy | None:
    """The way from the probed state to an unlocked keychain, if it begins with what `name` does."""
    if isinstance(context.store, SeenFromElsewhere):
        look = context.store.state_from
    else:
        from diagnostics.stores.secret_service import probe as look
    try:
        found = unlock_remedy(context.host, context.store.state(), look, finding.id)
    except RecoveryError:
        return None
    return found if found.id == name and found.steps else None


def made_of(way: Way, finding: str) -> Remedy:
    """A remedy from the steps of a way; the first of them that does more than mend a file gives the id."""
    first = next((step for step in way.steps if not isinstance(step, SetMode)), way.steps[0])
    name, title, why = _WAYS[first.kind]
    if isinstance(way.steps[0], SetMode) and isinstance(first, RestartProvider):
        name, title, mends = _WAYS["set-mode"]
        why = f"{mends} {why}"
    return Remedy(
        id="revive-provider" if isinstance(first, RestartProvider) and first.force else name,
        title=title,
        why=why,
        finding=finding,
        steps=way.steps,
        asks=way.asks,
        recheck=checks_from(Stage.BACKEND),
    )


_WAYS: Mapping[str, tuple[str, str, str]] = {
    "start-bus": (
        "start-bus",
        "Start a session bus and open the keychain on it",
        (
            "Starts a session bus without a display, which stays when you log out, and the keyring daemon on it, and "
            "opens the keychain. Other programs of yours find it once their shell knows its address."
        ),
    ),
    "use-bus": (
        "use-live-bus",
        "Use the session bus that is running and open the keychain on it",
        "A session bus of yours is alive; this session just does not know its address. Nothing is started twice.",
    ),
    "start-provider": (
        "start-provider",
        "Start the keyring daemon and open the keychain",
        "Has the session bus start the keyring daemon that is installed, then opens the keychain.",
    ),
    "continue-provider": (
        "revive-provider",
        "Let the stopped keyring daemon run on",
        "The daemon is only stopped. It is told to run on, with everything it holds.",
    ),
    "restart-provider": (
        "restart-provider",
        "Start the keyring daemon afresh",
        (
            "Ends the keyring daemon and starts another, which reads the keychain files anew. The keychains of all other "
            "programs of yours are locked by that until they are unlocked again; what is on the disk stays."
        ),
    ),
    "set-default": (
        "set-default-alias",
        "Make the keychain that is there the default one",
        "Programs that do not say which keychain they want will use this one from now on.",
    ),
    "set-mode": (
        "fix-keyring-permissions",
        "Give the keychain files the right permissions",
        "The keychain's folder and files become readable and writable for you, and for nobody else.",
    ),
    "unlock": (
        "unlock-keychain",
        "Unlock the keychain",
        (
            "Your password goes to the keyring daemon over an encrypted channel, and nowhere else. Every program of "
            "yours can read the keychain afterwards, until you log out or it is locked."
        ),
    ),
    "start-kwallet": (
        "start-kwallet",
        "Start KWallet without a screen and open its wallet",
        (
            "Starts KWallet's daemon on this session's bus so that it needs no screen, and opens the wallet with its "
            "password. It stays when you log out; its own windows can't be seen until it is started at a desktop."
        ),
    ),
    "open-wallet": (
        "open-wallet",
        "Open the wallet",
        (
            "A hash of your password goes to KWallet, as at a login, and nowhere else. Every program of yours can read "
            "the wallet afterwards, until you log out or it is closed."
        ),
    ),
    "log-in-to-wallet": (
        "open-wallet",
        "Open the wallet as a login does",
        (
            "KWallet's daemon is started anew with a hash of your password, which is how it opens its wallet at a login; the "
            "hash goes to it alone. Every program of yours can read the wallet afterwards, until you log out or it is closed."
        ),
    ),
    "hand-out-wallet": (
        "open-wallet",
        "Hand out the open wallet to programs",
        (
            "The wallet is open already; KWallet just has not been asked to hand it out. No password is needed, and no "
            "window comes up."
        ),
    ),
    "restart-kwallet": (
        "restart-kwallet",
        "Start KWallet afresh and open its wallet",
        (
            "Saves what KWallet holds, ends it and starts it again, because it takes a new wallet into its offer only "
            "then. The wallets of all other programs of yours are closed by that until they are opened again."
        ),
    ),
    "create-wallet": (
        "create-wallet",
        "Create a wallet",
        (
            "Creates KWallet's default wallet, protected by a password you choose, and starts KWallet afresh, because "
            "it offers a new wallet to other programs only then."
        ),
    ),
    "create-keychain": (
        "create-keychain",
        "Create a keychain",
        "Creates the keychain “login”, which every program uses by default, protected by a password you choose.",
    ),
}
"""By the kind of the first step: the remedy's id, title and what it means for other programs."""
