"""What remedies may touch in a drill on a private keyring daemon: that daemon, and files inside the sandbox."""

from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.host import Host
from recovery.model import RecoveryError
from recovery.processes import LocalProcesses
from recovery.stores.secret_service import SecretServiceKeychain
from tui.demo.world import SandboxFiles

if TYPE_CHECKING:
    from tui.demo.private_session import Watchdog


class PrivateWorld:
    """The ports of `recovery.world` on the drill's own session. No process and no file outside of it is in reach."""

    def __init__(self, host: Host, root: Path, watchdog: "Watchdog") -> None:
        self.host = host
        self._root = root
        self.keychain = SecretServiceKeychain(self)
        self.bus = PrivateBus(root)
        self.processes = PrivateProcesses(host.uid, watchdog)
        self.files = SandboxFiles(root, host.uid)

    def use_bus(self, address: str | None) -> None:
        """From now on `host` names this bus; only one of the sandbox is taken."""
        if address is not None and not self.bus.is_ours(address.removeprefix("unix:path=").partition(",")[0]):
            raise RecoveryError("That bus is not the drill's, so it is left alone.")
        self.host = self.host.on_bus(address)


class PrivateBus:
    """The drill's bus. The drill starts and ends it, nobody else."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def is_ours(self, socket: str) -> bool:
        """Whether a socket lies in the sandbox."""
        return Path(socket).resolve().is_relative_to(self._root)

    def start(self, socket: str) -> int:
        """Refused."""
        raise RecoveryError(f"The drill has a bus already; none is started on {socket}.")

    def is_live(self, socket: str) -> bool:
        """Whether someone listens there; elsewhere than in the sandbox nobody is asked."""
        from diagnostics.stores.bus import is_listening

        return self.is_ours(socket) and is_listening(socket)

    def stop(self, socket: str) -> None:
        """Refused."""
        raise RecoveryError(f"The bus on {socket} ends with the drill.")


class PrivateProcesses:
    """The drill's own processes; any other is as good as not there."""

    def __init__(self, uid: int, watchdog: "Watchdog") -> None:
        self._processes = LocalProcesses(uid)
        self._watchdog = watchdog

    def is_running(self, pid: int, program: str) -> bool:
        """Whether it is there, and the drill's."""
        return self._watchdog.holds(pid) and self._processes.is_running(pid, program)

    def end(self, pid: int, program: str, *, force: bool = False) -> None:
        """Ends it and waits until it is gone."""
        self._make_sure(pid, program)
        self._processes.end(pid, program, force=force)

    def resume(self, pid: int, program: str) -> None:
        """Lets a stopped process run on."""
        self._make_sure(pid, program)
        self._processes.resume(pid, program)

    def _make_sure(self, pid: int, program: str) -> None:
        if not self._watchdog.holds(pid):
            raise RecoveryError(f"{program} ({pid}) is no process of the drill.")
