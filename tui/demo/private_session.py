"""A drill's own session: a real bus and a real gnome-keyring-daemon, which know no place outside of the sandbox.

The bus listens on a socket of the sandbox, starts nothing but the keyring daemon, and has no display, so that no
window can come. The daemon keeps its files below the sandbox's home. `watchdog.py` holds both and ends them.
"""

import contextlib
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from diagnostics.host import Host
from diagnostics.model import Platform

if TYPE_CHECKING:
    from diagnostics.secret import Secret
    from diagnostics.stores import StoreState
    from recovery.ports import RecoveryWorld

_START_SECONDS = 8.0
_END_SECONDS = 5.0
_LONGEST = 80
"""Bytes of the runtime folder's path: the kernel's limit for a socket's is 107."""

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type><keep_umask/>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
  <limit name="max_connections_per_user">10000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"""
_SERVICE = """[D-BUS Service]
Name=org.freedesktop.secrets
Exec={program} --start --foreground --components=secrets
"""


class PrivateSessionError(Exception):
    """The session could not be had. The text says why."""


def why_not(host: Host) -> str:
    """Why no private session can be had on this computer, "" = it can be."""
    if sys.platform != "linux" or host.platform is not Platform.LINUX:
        return "there is no gnome-keyring on this system"
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        if shutil.which(program, path=host.env.get("PATH")) is None:
            return f"{program} is not installed here"
    return ""


class Watchdog:
    """The process that ends what was started. Where this process is killed, it removes `root` too."""

    def __init__(self, root: Path, host: Host, config: Path) -> None:
        """Waits until the bus is up.

        Raises:
            PrivateSessionError: it did not come up in time.
        """
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("watchdog.py"))]
        try:
            self._process = subprocess.Popen(
                [*command, str(root), str(config)],
                env=dict(host.env),
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl+C is for the app, not for what the drill rests on
            )
        except OSError as error:
            raise PrivateSessionError(f"the watchdog can't be started: {error.strerror}") from error
        said = self._process.stdout
        readable = said is not None and select.select([said], [], [], _START_SECONDS)[0]
        if said is None or not readable or said.readline() != b"ready\n":
            self.close()
            raise PrivateSessionError("the private session bus did not come up")

    @property
    def pid(self) -> int:
        """Its process id; everything that the drill runs is below it."""
        return self._process.pid

    def holds(self, pid: int) -> bool:
        """Whether a process is one of the drill's."""
        from tui.demo.watchdog import below

        return pid in below(self.pid)

    def close(self) -> None:
        """Ends everything; comes back when it is gone."""
        process = self._process
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.write(b"keep\n")
                process.stdin.flush()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # the kernel ends the bus with it, and the daemon ends with its bus
            process.wait(_END_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextlib.contextmanager
def private_session(root: Path, host: Host) -> Iterator[Watchdog]:
    """A bus on the host's runtime folder, on which the keyring daemon can be started. In: a host of the sandbox.

    Raises:
        PrivateSessionError: it could not be had.
    """
    why = why_not(host)
    if why:
        raise PrivateSessionError(why)
    if len(os.fsencode(host.runtime_dir)) > _LONGEST:
        raise PrivateSessionError(f"{host.runtime_dir} is too long for a socket's path")
    program = shutil.which("gnome-keyring-daemon", path=host.env.get("PATH"))
    services = root / "services"
    services.mkdir(mode=0o700)
    (services / "org.freedesktop.secrets.service").write_text(_SERVICE.format(program=program))
    config = root / "bus.conf"
    config.write_text(_BUS.format(socket=host.runtime_dir / "bus", services=services))
    with Watchdog(root, host, config) as watchdog:
        yield watchdog


def end_daemon(world: "RecoveryWorld") -> None:
    """Ends the keyring daemon, so that the next one reads its files anew; waits until its name is free."""
    provider = world.keychain.state().provider
    if not provider.running:
        return
    world.processes.end(provider.pid, "gnome-keyring-daemon", force=True)
    _until(world, lambda state: not state.provider.running)


def start_daemon(world: "RecoveryWorld") -> None:
    """Has the bus start it."""
    world.keychain.start_provider()


def make_keychain(world: "RecoveryWorld", password: "Secret") -> str:
    """Starts the daemon and makes the keychain `login`, open. Out: its address."""
    start_daemon(world)
    return world.keychain.create(password)


def _until(world: "RecoveryWorld", holds: "Callable[[StoreState], bool]") -> None:
    until = time.monotonic() + _START_SECONDS
    while not holds(world.keychain.state()):
        if time.monotonic() > until:
            raise PrivateSessionError("the keyring daemon did not end")
        time.sleep(0.005)
