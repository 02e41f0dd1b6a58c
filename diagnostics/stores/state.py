"""What a store is seen to be: its entries, and the bus, the provider and the collections that lead to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostics.secret import Secret
from diagnostics.stores.wallet import KSECRETD, WalletState

FILE_STORE = "file"


class StoreError(Exception):
    """The store could not be read. `cause` is a label of the vocabulary, the text what the store said."""

    def __init__(self, cause: str, said: str) -> None:
        super().__init__(said)
        self.cause = cause


class UnansweredError(StoreError):
    """Nobody answered, or in no way that is understood: nothing is known of the entries, not even that they are refused."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a store. `secret` is None while its collection is locked.

    The secret's bytes are decoded as UTF-8 with surrogateescape, so that damaged values survive unchanged. Label and
    times are only asked for where they tell something (`diagnostics.stores.reading.read_for_diagnosis`): elsewhere,
    and in a store that doesn't know them, they are "" and 0.
    """

    path: str
    """The item's address in its store (D-Bus object path)."""
    collection: str
    label: str
    attributes: Mapping[str, str]
    secret: Secret | None = field(repr=False)
    locked: bool = False
    created: int = 0
    """Seconds since the epoch; 0 = unknown or not asked."""
    modified: int = 0
    """As `created`."""

    @property
    def service(self) -> str:
        """The keyring service, "" where the item has none."""
        return self.attributes.get("service", "")

    @property
    def account(self) -> str:
        """The user name under whichever attribute its writer used (`username`, or keytar's `account`)."""
        return self.attributes.get("username", self.attributes.get("account", ""))

    @property
    def account_attribute(self) -> str:
        """`username`, `account`, or "" where the item has neither."""
        return next((name for name in ("username", "account") if name in self.attributes), "")


@dataclass(frozen=True, slots=True)
class BusState:
    """The session bus that this process's environment leads to."""

    address: str | None
    source: str
    """Where the address comes from: `variable`, `socket` ($XDG_RUNTIME_DIR/bus exists), `none`."""
    trouble: str | None = None
    """None = connected. `unset`, `empty`, `invalid`, `unsupported`, `no-socket`, `refused`, `other-user`, `closed`
    or `hung`."""
    said: str = ""
    """The error's own words."""
    live_elsewhere: str | None = None
    """A live bus of this user at the usual place, when the variable does not lead to it."""
    provider_elsewhere: str | None = None
    """Program that owns the Secret Service on `live_elsewhere`, when none does on this bus."""
    owner_uid: int | None = None
    """Owner of the socket file, when it is not ours."""
    pid: int = 0
    """The bus's own process, 0 = unknown."""
    has_display: bool = False
    """Whether the bus was started with a display: what it activates could then open a window and wait for it."""


@dataclass(frozen=True, slots=True)
class ProviderState:
    """Who answers for org.freedesktop.secrets on the bus."""

    installed: bool = False
    """It owns the name or could be started by activation."""
    running: bool = False
    program: str = ""
    """Base name of its executable (`gnome-keyring-daemon`), "" when unknown."""
    pid: int = 0
    uid: int = -1
    hung: bool = False
    """It owns the name and does not answer."""
    stopped: bool = False
    """It is hung because it is stopped (state T), which SIGCONT ends."""
    activation_command: str = ""
    """What the bus would run to start it, "" when its service file was not found."""
    activation_program_missing: bool = False
    """The program of that command is not there, so activation can only fail."""
    data_home: str = ""
    """The data directory that the daemon itself sees (its HOME may not be ours)."""
    strays: tuple[int, ...] = ()
    """Pids of further daemons of the same program and user in this session, which own nothing."""
    sharers: tuple[int, ...] = ()
    """Pids of such daemons in other sessions that work on the same keyring files."""

    @property
    def is_ksecretd(self) -> bool:
        """Whether it is KWallet's of KDE Frameworks 6.14 and later, which has no interface but the Secret Service."""
        return self.program == KSECRETD

    @property
    def is_kwallet(self) -> bool:
        """Whether it is KWallet's, of any version."""
        return self.program.startswith("kwalletd") or self.is_ksecretd


@dataclass(frozen=True, slots=True)
class CollectionState:
    """One collection as the provider shows it."""

    path: str
    label: str = ""
    locked: bool = False
    items: int = 0
    exists: bool = True
    """False when an alias names it and no object is there."""


@dataclass(frozen=True, slots=True)
class StoreState:
    """What a probe saw, without side effects: nothing was started, asked or written."""

    bus: BusState
    provider: ProviderState = field(default_factory=ProviderState)
    default: CollectionState | None = None
    """What the alias `default` names; None = it names nothing."""
    collections: tuple[CollectionState, ...] = ()
    alias: str = ""
    """The path that the alias `default` gave; "/" = none, "" = not asked."""
    error: str = ""
    """Why the probe ended early, "" when it saw everything."""
    searched: tuple[str, ...] = ()
    """Collections in which a program looks that names none, in this order; () = in the default one alone."""
    wallet: WalletState | None = None
    """KWallet on this bus, or installed where nobody keeps secrets; None = neither, or not asked."""

    @property
    def usable(self) -> bool:
        """Whether the default collection is there and unlocked."""
        return self.default is not None and self.default.exists and not self.default.locked
