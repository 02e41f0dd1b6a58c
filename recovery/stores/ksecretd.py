"""KWallet since KDE Frameworks 6.14 as recovery touches it: its daemon ksecretd is started anew as PAM does at a login."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores.bus import Bus, BusError
from diagnostics.stores.kwallet import FOLDERS, file_of
from diagnostics.stores.listing import KSECRETD_NAME
from diagnostics.stores.processes import data_home_in, environment_of
from diagnostics.stores.protocol import NAME
from diagnostics.stores.wallet import KSECRETD
from diagnostics.text import clean
from recovery.model import RecoveryError, UnavailableError
from recovery.stores.kwallet import HASH_BYTES, OPEN_SECONDS, ROUNDS, SAVE_SECONDS, KWallet
from recovery.stores.kwallet_daemon import OURS, START_SECONDS, STARTED, until

_LONGEST_VARIABLE = 990
"""ksecretd reads the environment into lines of 1,000 bytes."""


class KSecretD(KWallet):
    """KWallet since KDE Frameworks 6.14, running or to be started: what a login does is all that opens a wallet of it.

    Raises:
        BusError: (every method) the daemon or the bus did not answer.
    """

    def __init__(self, bus: Bus, host: Host, program: str = "") -> None:
        """In: the path of ksecretd where it does not run."""
        self._bus = bus
        self._host = host
        self.pid = bus.pid_of(KSECRETD_NAME) if bus.owner(KSECRETD_NAME) is not None else 0
        self._env = environment_of(self.pid) if self.pid else {**host.env, "HOME": str(host.home)}
        found = shutil.which(KSECRETD, path=":".join((self._env.get("PATH", ""), *FOLDERS)))
        self._program = program or found or KSECRETD

    def is_open(self, wallet: str) -> bool:
        """Whether it is open; here the Secret Service says so truly."""
        path = self.collection(wallet) if self.pid else ""
        return bool(path) and not self._locked(path)

    def exists(self, wallet: str) -> bool:
        """Whether a file of its name is there."""
        return os.path.lexists(self._file(wallet, "kwl"))

    def open(self, wallet: str, password: Secret) -> None:
        """Starts ksecretd as a login does: it takes a hash of the password from a pipe, and the place of one that runs.

        Raises RecoveryError where the password does not fit; a daemon runs then all the same, its wallet closed.
        """
        if self.is_open(wallet):
            return
        if not self.exists(wallet):
            raise RecoveryError(
                f"there is no wallet “{clean(wallet)}”: opening it would make one with this password"
            )
        if not password:
            raise RecoveryError("an empty password opens no wallet")
        self._refuse_another_kind(wallet)
        raw = password.reveal().encode("utf-8", "surrogateescape")
        digest = hashlib.pbkdf2_hmac("sha512", raw, self._salt(wallet), ROUNDS, HASH_BYTES)
        env = dict(self._env) if self.pid else {**self._host.env, "QT_QPA_PLATFORM": "offscreen", OURS: "1"}
        env["DBUS_SESSION_BUS_ADDRESS"] = self._bus.address
        before, self.pid = self.pid, _logged_in(self._program, env, digest)
        if not until(lambda: self._serves_instead_of(before), START_SECONDS):
            raise UnavailableError(
                f"KWallet was started and offered no Secret Service within {START_SECONDS:g} s"
            )
        if not until(lambda: self.is_open(wallet), OPEN_SECONDS):
            raise RecoveryError(
                f"the wallet “{clean(wallet)}” was not opened: the password is not the right one"
            )

    def _serves_instead_of(self, before: int) -> bool:
        with contextlib.suppress(BusError):
            owner = self._bus.pid_of(NAME)
            return owner != before and self._bus.pid_of(KSECRETD_NAME) == owner == self.pid
        return False


def _logged_in(program: str, env: dict[str, str], digest: bytes) -> int:
    """Starts ksecretd as pam_kwallet does. Out: its process.

    The hash goes over a pipe, then it waits for somebody to send the session's environment to a socket.

    Raises UnavailableError: it could not be started.
    """
    if sys.platform == "win32":
        raise UnavailableError("KWallet is not on Windows")
    import socket
    import tempfile

    with (
        tempfile.TemporaryDirectory(prefix="mcp-doctor-") as folder,
        socket.socket(socket.AF_UNIX) as server,
        socket.socket(socket.AF_UNIX) as client,
    ):
        path = f"{folder}/environment"
        server.bind(path)
        server.listen(1)
        read, write = os.pipe()
        try:
            child = subprocess.Popen(
                [program, "--pam-login", str(read), str(server.fileno())],
                env={**env, "PAM_KWALLET5_LOGIN": path},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(read, server.fileno()),
                start_new_session=True,
            )
            os.write(write, digest)
        except OSError as error:
            raise UnavailableError(f"{program} can't be started: {error.strerror}") from error
        finally:
            os.close(read)
            os.close(write)
        STARTED.append(child)
        client.settimeout(OPEN_SECONDS)
        try:
            client.connect(path)
            for name, value in env.items():
                if "\n" not in value and len(name) + len(value) < _LONGEST_VARIABLE:
                    client.sendall(f"{name}={value}\n".encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise UnavailableError(
                f"KWallet did not take its environment: {error.strerror or error}"
            ) from error
        return child.pid


def wait_until_saved(bus: Bus, wallet: str) -> None:
    """Returns when ksecretd has written a wallet that was changed just now, by itself and within seconds: it can't be told to.

    Raises BusError.
    """
    began = time.time()
    home = data_home_in(environment_of(bus.pid_of(KSECRETD_NAME)))
    file = Path(home) / "kwalletd" / f"{file_of(wallet)}.kwl"

    def is_written() -> bool:
        with contextlib.suppress(OSError):
            return bool(home) and file.stat().st_mtime >= began
        return False

    until(is_written, SAVE_SECONDS)
