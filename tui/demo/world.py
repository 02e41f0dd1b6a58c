"""What remedies may touch in the demo: the stand-in keychain, a make-believe bus, and files inside the sandbox."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores import Entry, StoreError, StoreState
from recovery.files import LocalFiles
from recovery.model import RecoveryError
from tui.demo.keychain import LOGIN, Keychain, Stand


class StandInWorld:
    """The ports of `recovery.world`, none of which leads out of `root`."""

    def __init__(self, host: Host, root: Path, keychain: Keychain) -> None:
        self.host = host
        self.keychain = StandInKeychain(self, keychain)
        self.bus = StandInBus(keychain)
        self.processes = NoProcesses()
        self.files = SandboxFiles(root, host.uid)

    def use_bus(self, address: str | None) -> None:
        """From now on `host` names this bus."""
        self.host = self.host.on_bus(address)


class StandInKeychain:
    """The keychain as the port `recovery.world.Keychain` has it."""

    def __init__(self, world: StandInWorld, keychain: Keychain) -> None:
        self._world = world
        self._keychain = keychain

    def state(self) -> StoreState:
        """A fresh picture."""
        return self._keychain.state(self._world.host)

    def start_provider(self) -> int:
        """Starts the stand-in. Out: 0, for it is no process."""
        self._reach()
        self._keychain.start()
        return 0

    def unlock(self, collection: str, password: Secret) -> None:
        """Unlocks; a wrong password is refused."""
        self._collection(collection)
        if not self._keychain.unlock(password):
            raise RecoveryError("The keychain refused this password.")

    def lock(self, collection: str) -> None:
        """Locks."""
        self._collection(collection)
        self._keychain.lock()

    def create(self, password: Secret, label: str = "login") -> str:
        """Creates the keychain where there is none."""
        self._reach()
        if label != "login":
            raise RecoveryError("The demo has one keychain, and it is called login.")
        if self._keychain.stand is not Stand.MISSING:
            raise RecoveryError("There is a default keychain already.")
        if not password:
            raise RecoveryError("An empty password would leave the keychain readable for everyone.")
        return self._keychain.create(password)

    def remove_collection(self, collection: str) -> None:
        """Takes away an empty keychain."""
        self._collection(collection)
        if not self._keychain.discard():
            raise RecoveryError("The keychain holds entries; it is left as it is.")

    def change_password(self, collection: str, old: Secret, new: Secret) -> None:
        """Changes the password; a wrong old one is refused."""
        self._collection(collection)
        if old != self._keychain.password:
            raise RecoveryError("The keychain refused this password.")
        self._keychain.password = new

    def set_default(self, collection: str) -> None:
        """There is one keychain, and it is the default."""
        if collection != "/":
            self._collection(collection)

    def entries(self, attributes: Mapping[str, str]) -> Sequence[Entry]:
        """The entries with these attributes, read afresh."""
        self._reach()
        try:
            every = self._keychain.read()
        except StoreError as error:
            raise RecoveryError(str(error)) from error
        return [each for each in every if attributes.items() <= dict(each.attributes).items()]

    def put(
        self,
        collection: str,
        label: str,
        attributes: Mapping[str, str],
        secret: Secret,
        *,
        replace: bool = True,
    ) -> str:
        """Creates an entry, or replaces one."""
        self._collection(collection)
        self._open()
        return self._keychain.put(attributes, label, secret, replace=replace)

    def set_secret(self, entry: str, secret: Secret) -> None:
        """Gives an entry another value."""
        self._reach()
        self._open()
        if not self._keychain.change(entry, secret):
            raise RecoveryError("This entry is not there any more.")

    def delete(self, entry: str) -> None:
        """Deletes an entry."""
        self._reach()
        self._open()
        if not self._keychain.remove(entry):
            raise RecoveryError("This entry is not there any more.")

    def _reach(self) -> None:
        trouble = self.state().bus
        if trouble.trouble:
            raise RecoveryError(f"The session bus can't be reached: {trouble.said}.")

    def _collection(self, collection: str) -> None:
        self._reach()
        default = self.state().default
        if default is None or collection not in {LOGIN, "/org/freedesktop/secrets/aliases/default"}:
            raise RecoveryError("There is no such keychain.")

    def _open(self) -> None:
        if self._keychain.stand is not Stand.UNLOCKED:
            raise RecoveryError("The keychain is locked.")


class StandInBus:
    """Buses of the scene: sockets that count as live, though nothing listens there."""

    def __init__(self, keychain: Keychain) -> None:
        self._keychain = keychain

    def start(self, socket: str) -> int:
        """Makes the socket live. Out: 0, for it is no process."""
        if self.is_live(socket):
            raise RecoveryError("A bus listens there already.")
        self._keychain.live.add(socket)
        return 0

    def is_live(self, socket: str) -> bool:
        """Whether it counts as live."""
        return socket in self._keychain.live

    def stop(self, socket: str) -> None:
        """Makes it count as dead."""
        self._keychain.live.discard(socket)


class NoProcesses:
    """The demo touches no process: not one is found."""

    def is_running(self, pid: int, program: str) -> bool:  # noqa: ARG002 - the port has them
        """Never."""
        return False

    def end(self, pid: int, program: str, *, force: bool = False) -> None:  # noqa: ARG002 - likewise
        """Refused."""
        raise RecoveryError(f"{program} ({pid}) is no process of the demo.")

    def resume(self, pid: int, program: str) -> None:
        """Refused."""
        raise RecoveryError(f"{program} ({pid}) is no process of the demo.")


class SandboxFiles:
    """Real files, inside the sandbox alone."""

    def __init__(self, root: Path, uid: int) -> None:
        self._root = root.resolve()
        self._files = LocalFiles(uid)

    def mode(self, path: str) -> int | None:
        """Permission bits, None where there is nothing."""
        return self._files.mode(self._inside(path))

    def chmod(self, path: str, mode: int) -> None:
        """Sets permission bits."""
        self._files.chmod(self._inside(path), mode)

    def rename(self, old: str, new: str) -> None:
        """Renames without replacing anything."""
        self._files.rename(self._inside(old), self._inside(new))

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        """Writes a whole file at once."""
        self._files.write(self._inside(path), content, mode)

    def _inside(self, path: str) -> str:
        place = Path(path)
        if not (place.parent.resolve() / place.name).is_relative_to(self._root):
            raise RecoveryError(f"{path} lies outside the demo's sandbox.")
        return path
