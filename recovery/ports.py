"""What steps may touch, as small ports. `recovery.world` has the real ones, the demo brings stand-ins.

Every method ends within its deadline and raises nothing but `RecoveryError`, whose text is safe to show.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores import Entry, StoreState


class Keychain(Protocol):
    """The credential store that the world's host leads to. A collection is named by its address in the store."""

    def state(self) -> StoreState:
        """A fresh picture, taken without side effects. Never raises."""
        ...

    def start_provider(self) -> int:
        """Has the bus start the store's daemon. Out: its process id."""
        ...

    def unlock(self, collection: str, password: Secret) -> None:
        """Unlocks a locked collection; a wrong or empty password is refused. An unlocked one is left as it is."""
        ...

    def lock(self, collection: str) -> None:
        """Locks a collection."""
        ...

    def create(self, password: Secret, label: str = "login") -> str:
        """Creates a collection, unlocked. Out: its address. Refused where there is one; `login` becomes the default."""
        ...

    def remove_collection(self, collection: str) -> None:
        """Takes away a collection that holds nothing; one that holds entries is refused."""
        ...

    def change_password(self, collection: str, old: Secret, new: Secret) -> None:
        """Changes a collection's password; a wrong old one is refused, so `new` = `old` verifies a password."""
        ...

    def set_default(self, collection: str) -> None:
        """Makes it the one that programs without a wish of their own read and write; "/" takes the choice back."""
        ...

    def entries(self, attributes: Mapping[str, str]) -> Sequence[Entry]:
        """The entries of all collections that carry these attributes, read afresh; {} = all."""
        ...

    def put(
        self,
        collection: str,
        label: str,
        attributes: Mapping[str, str],
        secret: Secret,
        *,
        replace: bool = True,
    ) -> str:
        """Creates an entry; with `replace` in place of the one with the very same attributes. Out: its address."""
        ...

    def set_secret(self, entry: str, secret: Secret) -> None:
        """Gives the entry at this address another value; its attributes, label and place stay as they are."""
        ...

    def delete(self, entry: str) -> None:
        """Deletes one entry by its address."""
        ...


class SessionBus(Protocol):
    """The session bus that the keychain is reached over."""

    def start(self, socket: str) -> int:
        """Starts a bus on the path of a socket that nobody listens on; it outlives this login. Out: its pid."""
        ...

    def is_live(self, socket: str) -> bool:
        """Whether someone listens there."""
        ...

    def stop(self, socket: str) -> None:
        """Ends the bus of ours that listens there, and takes its socket away. Refused while others use it."""
        ...


class Processes(Protocol):
    """Processes of this user, by id; each call makes sure first that it is the program meant."""

    def is_running(self, pid: int, program: str) -> bool:
        """Whether it is there, is that program and belongs to this user."""
        ...

    def end(self, pid: int, program: str, *, force: bool = False) -> None:
        """Ends it and waits until it is gone. `force` for one that can't end itself any more."""
        ...

    def resume(self, pid: int, program: str) -> None:
        """Lets a stopped process run on."""
        ...


class Files(Protocol):
    """Single files and folders of this user."""

    def mode(self, path: str) -> int | None:
        """Permission bits, None where there is nothing. A link is not followed: it has no mode of its own."""
        ...

    def chmod(self, path: str, mode: int) -> None:
        """Sets permission bits; refuses a link and a file of another user."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Renames without ever replacing anything."""
        ...

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        """Writes a whole file at once (a reader sees the old or the new one), and to the disk."""
        ...


class RecoveryWorld(Protocol):
    """The ports together. `host` leads to the bus that is used from now on."""

    host: Host

    @property
    def keychain(self) -> Keychain:
        """The store."""
        ...

    @property
    def bus(self) -> SessionBus:
        """The bus."""
        ...

    @property
    def processes(self) -> Processes:
        """The processes."""
        ...

    @property
    def files(self) -> Files:
        """The files."""
        ...

    def use_bus(self, address: str | None) -> None:
        """From now on `host` names this bus (None = the variable is unset), and the keychain is reached over it."""
        ...
