"""KWallet's daemon, started so that it outlives us, and known again as ours."""

import contextlib
import subprocess
import time
from collections.abc import Callable

from diagnostics.host import Host
from diagnostics.stores.bus import Bus, BusError
from diagnostics.stores.listing import KSECRETD_NAME, KWALLET_NAMES, is_served_by
from diagnostics.stores.processes import environment_of
from diagnostics.stores.protocol import NAME
from diagnostics.text import clean
from recovery.model import UnavailableError

START_SECONDS = 10.0
OURS = "MCP_DOCTOR_STARTED_THIS"
"""A variable that a daemon of ours has, so that it is known after a crash, too."""
STARTED: list["subprocess.Popen[bytes]"] = []
"""Daemons that are to go on without us; Python would complain of one that is forgotten."""


def start(program: str, host: Host, environment: dict[str, str] | None = None) -> int:
    """Starts KWallet's daemon so that it outlives this login. Out: its process id, as soon as it answers.

    In: the program's path; the environment of one that ran before, None = of our own, without a screen.

    Raises:
        RecoveryError: it did not come up; with its last words.
    """
    import tempfile

    address = host.env.get("DBUS_SESSION_BUS_ADDRESS")
    if not address:
        raise UnavailableError("no session bus is known in this session, so KWallet can't be started")
    env = dict(environment or {**host.env, "QT_QPA_PLATFORM": "offscreen"})
    env["DBUS_SESSION_BUS_ADDRESS"] = address
    if environment is None:
        env[OURS] = "1"
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(
                [program],
                env=env,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            raise UnavailableError(f"{program} can't be started: {error.strerror}") from error
        if until(lambda: child.poll() is not None or _serves(address, child.pid), START_SECONDS):
            if child.poll() is None:
                STARTED.append(child)
                return child.pid
            said.seek(0)
            words = clean(said.read(4096).decode(errors="replace").strip()) or f"code {child.returncode}"
            raise UnavailableError(f"KWallet ended at once: {words}")
        child.kill()
        child.wait()
    raise UnavailableError(f"KWallet was started and offered no Secret Service within {START_SECONDS:g} s")


def started_by_us(bus: Bus) -> int:
    """The process of KWallet's daemon on this bus where `start` made it run, else 0. Raises BusError."""
    found = next((name for name in (KSECRETD_NAME, *KWALLET_NAMES) if bus.owner(name) is not None), "")
    pid = bus.pid_of(found) if found else 0
    return pid if pid and OURS in environment_of(pid) else 0


def _serves(address: str, pid: int) -> bool:
    with contextlib.suppress(BusError), Bus.connect(address) as bus:
        return is_served_by(bus, *KWALLET_NAMES) and bus.pid_of(NAME) == pid
    return False


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether it came to hold within the time."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True
