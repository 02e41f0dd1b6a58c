"""A throw-away session: its own home, runtime directory, D-Bus and real gnome-keyring-daemon.

Everything that a `Lab` starts is known to it by process id and ended with it; two labs never see each other.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from jeepney import DBusAddress
from jeepney.bus_messages import message_bus

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.stores.bus import Bus, BusError
from diagnostics.stores.processes import state_of
from diagnostics.stores.protocol import NAME, ROOT
from diagnostics.stores.reading import SERVICE, open_session
from tests.support import forking
from tests.support.kernel_keys import revoke_tokens_of
from tests.support.platforms import lacking

LOGIN = f"{ROOT}/collection/login"
INTERNAL = DBusAddress(ROOT, NAME, "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface")
KEYRING_APPLICATION = "Python keyring library"
REPO = Path(__file__).resolve().parents[2]
_PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
_PATIENCE = 30.0

# The limits of the session.conf that dbus ships; with the built-in ones a read of 300 entries fails.
_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type><keep_umask/>
  <listen>{listen}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_incoming_unix_fds">250000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_outgoing_unix_fds">250000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <limit name="service_start_timeout">120000</limit>
  <limit name="auth_timeout">240000</limit>
  <limit name="pending_fd_timeout">150000</limit>
  <limit name="max_completed_connections">100000</limit>
  <limit name="max_incomplete_connections">10000</limit>
  <limit name="max_connections_per_user">100000</limit>
  <limit name="max_pending_service_starts">10000</limit>
  <limit name="max_names_per_connection">50000</limit>
  <limit name="max_match_rules_per_connection">50000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"""


class Lab:
    """One throw-away session. Nothing runs until `start_bus` and `start_daemon` (or `start`, for both).

    In: `exec_line` is what the bus would run for the Secret Service, by default the real gnome-keyring-daemon;
    None = no provider is installed. `display` is put into the bus's environment (a prompt can then appear).
    Without `stock_limits` the bus has the low ones that are built into dbus-daemon.
    """

    def __init__(
        self,
        *,
        exec_line: str | None = "/usr/bin/gnome-keyring-daemon --start --foreground --components=secrets",
        display: str | None = None,
        listen: str | None = None,
        stock_limits: bool = True,
    ) -> None:
        # Socket paths end at 107 bytes, so the folder's name is short and not below pytest's own.
        self.root = Path(tempfile.mkdtemp(prefix="lab-", dir="/tmp"))
        self.home, self.runtime, self.services = (self.root / each for each in ("home", "run", "svc"))
        for folder in (self.home, self.runtime, self.services):
            folder.mkdir(mode=0o700)
        self.socket = self.runtime / "bus"
        self._stock_limits = stock_limits
        self.listen = listen or f"unix:path={self.socket}"
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "USER": "labrat",
            "LOGNAME": "labrat",
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._bus_env = {**self.env, **({"DISPLAY": display} if display else {})}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._sessions: list[Bus] = []
        if exec_line is not None:
            self.install(exec_line)

    def install(self, exec_line: str, name: str = NAME) -> None:
        """Makes a service activatable. A bus that runs already notices within a moment."""
        text = f"[D-BUS Service]\nName={name}\nExec={exec_line}\n"
        (self.services / f"{name}.service").write_text(text)

    # ── the bus ─────────────────────────────────────────────────────────────────────────────────────────────

    def start_bus(self, listen: str | None = None, *, set_variable: bool = True) -> str:
        """Starts dbus-daemon and waits until it is ready. Out: its address (without guid)."""
        config = self.root / f"bus-{len(self._processes)}.conf"
        listen = listen or self.listen
        text = _BUS_CONFIG.format(listen=listen, services=self.services)
        if not self._stock_limits:
            text = "".join(line for line in text.splitlines(keepends=True) if "<limit" not in line)
        config.write_text(text)
        bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"],
            env=self._bus_env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(self.root / "bus.log").open("ab"),
            start_new_session=True,
        )
        self._processes.append(bus)
        assert bus.stdout is not None
        line = bus.stdout.readline().decode().strip()
        assert line, (self.root / "bus.log").read_text()
        address = line.rpartition(",guid=")[0] or line
        self.bus = bus
        if set_variable:
            self.address = address
            self.env["DBUS_SESSION_BUS_ADDRESS"] = address
        return address

    def kill_bus(self) -> None:
        """Ends the bus at once; its socket file stays behind (stale)."""
        self.bus.kill()
        self.bus.wait(_PATIENCE)

    def connect(self) -> Bus:
        """A connection to this lab's bus, closed with the lab."""
        bus = Bus.connect(self.address)
        self._sessions.append(bus)
        return bus

    def hang_up(self) -> None:
        """Closes the connections so far, and forgets the processes that have ended: for a lab that lives long."""
        while self._sessions:
            self._sessions.pop().close()
        self._processes = [each for each in self._processes if each.poll() is None]

    def names(self) -> list[str]:
        """The well-known names on the bus: what a look must leave as it was."""
        with Bus.connect(self.address) as bus:
            found = bus.call(message_bus, "ListNames")[0]
        return sorted(each for each in found if not each.startswith(":"))

    # ── the daemon ──────────────────────────────────────────────────────────────────────────────────────────

    def start_daemon(
        self, *, env: Mapping[str, str] | None = None, wait: bool = True, arguments: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Starts gnome-keyring-daemon outside activation and waits until it owns the Secret Service."""
        arguments = arguments or ("--foreground", "--components=secrets")
        daemon = self.spawn(["gnome-keyring-daemon", *arguments], env=env, log="daemon.log")
        if wait:
            self.wait_for(lambda: self.daemon_pid == daemon.pid, "the daemon owns the Secret Service")
        return daemon

    def start_odd_provider(self, how: str) -> subprocess.Popen[bytes]:
        """Starts a Secret Service that misbehaves as `tests.support.odd_provider` describes."""
        command = [sys.executable, "-m", "tests.support.odd_provider", how]
        odd = self.spawn(command, env={"PYTHONPATH": str(REPO)}, log="odd.log")
        self.wait_for(lambda: self.daemon_pid == odd.pid, "the odd provider owns the Secret Service")
        return odd

    def start(self, password: str | None = None) -> Self:
        """A bus and a daemon; with a password also an unlocked `login` collection."""
        self.start_bus()
        self.start_daemon()
        if password is not None:
            self.create_collection(password)
        return self

    def activate(self) -> int:
        """Lets the bus start the provider, as a client would. Out: its pid."""
        with Bus.connect(self.address) as bus:
            bus.call(message_bus, "StartServiceByName", "su", (NAME, 0), seconds=_PATIENCE, may_start=True)
        self.wait_for(lambda: self.daemon_pid != 0, "the Secret Service is owned")
        return self.daemon_pid

    @property
    def daemon_pid(self) -> int:
        """The pid that owns the Secret Service on this bus, 0 = nobody."""
        with Bus.connect(self.address) as bus:
            try:
                return bus.pid_of(NAME)
            except BusError:
                return 0

    def stop_daemon(self) -> None:
        """Ends the owner and waits until the name is free."""
        pid = self.daemon_pid
        assert pid, "nobody owns the Secret Service"  # 0 would end ourselves
        os.kill(pid, signal.SIGKILL)
        self._reap()
        self.wait_for(lambda: self.daemon_pid == 0, "the Secret Service is free")

    def restart_daemon(self) -> None:
        """Ends the owner and starts a fresh one: what was unlocked is locked, files are read anew."""
        self.stop_daemon()
        self.start_daemon()

    def suspend_daemon(self) -> int:
        """Stops the owner (SIGSTOP), so that it hangs. Out: its pid."""
        pid = self.daemon_pid
        assert pid, "nobody owns the Secret Service"  # 0 would stop ourselves
        os.kill(pid, signal.SIGSTOP)
        self.wait_for(lambda: state_of(pid) in {"T", "t"}, "it is stopped")
        return pid

    # ── what is in it ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def keyrings(self) -> Path:
        """The daemon's folder of keyring files."""
        return self.home / ".local/share/keyrings"

    def create_collection(self, password: str, label: str = "login") -> str:
        """Makes an unlocked collection. Out: its path."""
        bus = self.connect()
        properties = {"org.freedesktop.Secret.Collection.Label": ("s", label)}
        body = (properties, self._wrapped(bus, password.encode()))
        return str(
            bus.call(INTERNAL, "CreateWithMasterPassword", "a{sv}(oayays)", body, seconds=_PATIENCE)[0]
        )

    def unlock(self, password: str, collection: str = LOGIN) -> None:
        """Unlocks a collection. Raises BusError (`…Denied`) on a wrong password."""
        bus = self.connect()
        body = (collection, self._wrapped(bus, password.encode()))
        bus.call(INTERNAL, "UnlockWithMasterPassword", "o(oayays)", body, seconds=_PATIENCE)

    def lock(self, collection: str = LOGIN) -> None:
        """Locks a collection."""
        self.connect().call(SERVICE, "Lock", "ao", ([collection],), seconds=_PATIENCE)

    def set_alias(self, collection: str, alias: str = "default") -> None:
        """Points the alias at a collection; `/` takes it away."""
        self.connect().call(SERVICE, "SetAlias", "so", (alias, collection), seconds=_PATIENCE)

    def read_alias(self, alias: str = "default") -> str:
        """What the alias names, `/` = nothing."""
        return str(self.connect().call(SERVICE, "ReadAlias", "s", (alias,))[0])

    def locked(self, collection: str = LOGIN) -> bool:
        """Whether a collection is locked."""
        return bool(self.connect().get_property(collection, NAME, f"{_SECRET}.Collection", "Locked"))

    def add(
        self,
        attributes: Mapping[str, str],
        secret: bytes,
        *,
        collection: str = LOGIN,
        label: str = "",
        replace: bool = True,
    ) -> str:
        """Writes an item with exactly these attributes and bytes. Out: its path."""
        bus = self.connect()
        properties = {
            f"{_SECRET}.Item.Label": ("s", label),
            f"{_SECRET}.Item.Attributes": ("a{ss}", dict(attributes)),
        }
        body = (properties, self._wrapped(bus, secret), replace)
        to = DBusAddress(collection, NAME, f"{_SECRET}.Collection")
        try:
            return str(bus.call(to, "CreateItem", "a{sv}(oayays)b", body, seconds=_PATIENCE)[0])
        except BusError as error:
            error.add_note(self.log()[-2000:])
            raise

    def add_entry(self, name: str, secret: str | bytes, *, service: str = "mcp-secrets", **more: str) -> str:
        """Writes an item as the keyring library does. Out: its path."""
        raw = secret.encode() if isinstance(secret, str) else secret
        attributes = {"service": service, "username": name, "application": KEYRING_APPLICATION, **more}
        return self.add(attributes, raw, label=f"Password for '{name}' on '{service}'")

    def items(self, collection: str = LOGIN) -> list[str]:
        """The paths of a collection's items."""
        found = self.connect().get_property(collection, NAME, f"{_SECRET}.Collection", "Items")
        return [str(each) for each in found]

    def _wrapped(self, bus: Bus, secret: bytes) -> Any:
        from secretstorage.util import format_secret

        return format_secret(open_session(bus), secret, "text/plain")

    # ── from outside ────────────────────────────────────────────────────────────────────────────────────────

    def host(self, session: Session = Session.SSH, uid: int | None = None, **env: str | None) -> Host:
        """This session as the doctor sees it. In: variables to change, None takes one away."""
        return Host(
            platform=Platform.LINUX,
            session=session,
            home=self.home,
            cwd=self.home,
            env=self.environment(env),
            uid=os.getuid() if uid is None else uid,
            user="labrat",
        )

    def run(
        self,
        command: Sequence[str | Path],
        *,
        seconds: float = 60.0,
        given: str | bytes | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        fresh: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in this session. Raises TimeoutExpired when its seconds are over; its group is killed.

        In: `fresh` = this Python too is started from its file, not forked off (`tests.support.forking`).
        """
        words, environment = [str(each) for each in command], self.environment(env or {})
        if not fresh and forking.fits(words, environment):
            raw = given.encode() if isinstance(given, str) else given
            done = forking.run(words, environment, cwd or self.home, raw, seconds)
            return subprocess.CompletedProcess(
                command,
                done.returncode,
                done.stdout.decode(errors="replace"),
                done.stderr.decode(errors="replace"),
            )
        child = subprocess.Popen(
            words,
            env=environment,
            cwd=cwd or self.home,
            stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        raw = given.encode() if isinstance(given, str) else given
        try:
            output, errors = child.communicate(raw, timeout=seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait(_PATIENCE)
        return subprocess.CompletedProcess(
            command, child.returncode, output.decode(errors="replace"), errors.decode(errors="replace")
        )

    def python(self, code: str, *arguments: str, seconds: float = 60.0, given: str | None = None) -> str:
        """Runs a piece of Python in a new process of this session, this repository importable. Out: its output."""
        env = {"PYTHONPATH": str(REPO)}
        done = self.run([sys.executable, "-c", code, *arguments], seconds=seconds, given=given, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def keyring_get(self, name: str, service: str = "mcp-secrets") -> str | None:
        """What a new process with the keyring library reads. Raises TimeoutExpired when it hangs."""
        code = "import json, keyring, sys; print(json.dumps(keyring.get_password(*sys.argv[1:])))"
        import json

        value: str | None = json.loads(self.python(code, service, name))
        return value

    def keyring_set(self, name: str, value: str, service: str = "mcp-secrets") -> None:
        """Lets a new process with the keyring library write an entry."""
        code = "import keyring, sys; keyring.set_password(*sys.argv[1:], sys.stdin.read())"
        self.python(code, service, name, given=value)

    def snapshot(self) -> dict[str, tuple[int, str]]:
        """Every file, folder and socket of home and runtime directory: mode and content's digest."""
        found = {}
        for top in (self.home, self.runtime):
            for path in sorted(top.rglob("*")):
                info = path.lstat()
                content = ""
                if stat.S_ISREG(info.st_mode):
                    with contextlib.suppress(PermissionError):
                        content = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path.relative_to(self.root))] = (info.st_mode, content)
        return found

    # ── processes ───────────────────────────────────────────────────────────────────────────────────────────

    def spawn(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str | None] | None = None,
        log: str = "spawn.log",
        given: bytes | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Starts a process that is ended with the lab; its output goes to `root/log`."""
        with (self.root / log).open("ab") as out:
            child = subprocess.Popen(
                command,
                env=self.environment(env or {}),
                stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        self._processes.append(child)
        if given is not None and child.stdin is not None:
            child.stdin.write(given)
            child.stdin.close()
        return child

    def wait_for(self, holds: Callable[[], bool], what: str, seconds: float = _PATIENCE) -> None:
        """Asks again and again until it holds; fails when the seconds are over."""
        ends = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < ends, f"never seen: {what}\n{self.log()}"
            time.sleep(0.01)

    def log(self) -> str:
        """What bus and daemons have written."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.root.glob("*.log")))

    def processes(self) -> list[int]:
        """Pids of everything that lives in this session, the bus's children too."""
        sign = b"HOME=" + os.fsencode(self.home)
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and sign in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def close(self) -> None:
        """Ends every process of the session and removes its folders."""
        for session in self._sessions:
            session.close()
        own = {each.pid for each in self._processes}
        for pid in own.union(self.processes()):
            if pid in own and next(each for each in self._processes if each.pid == pid).poll() is not None:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self._processes:
            process.wait(_PATIENCE)
            if process.stdout is not None:
                process.stdout.close()
        for folder in (self.home, self.runtime, *self.home.rglob("keyrings")):
            with contextlib.suppress(OSError):
                folder.chmod(0o700)
        with contextlib.suppress(OSError):
            revoke_tokens_of(self.root)
        shutil.rmtree(self.root, ignore_errors=True)

    def _reap(self) -> None:
        for process in self._processes:
            process.poll()

    def environment(self, env: Mapping[str, str | None]) -> dict[str, str]:
        """This session's environment with these changes; None takes a variable away."""
        merged: dict[str, str | None] = {**self.env, **env}
        return {name: value for name, value in merged.items() if value is not None}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_SECRET = "org.freedesktop.Secret"


def require(*programs: str) -> None:
    """Skips the test where a system program is missing; fails it in CI, where all must be there."""
    missing = [each for each in programs if shutil.which(each) is None]
    if missing:
        said = f"not installed: {', '.join(missing)}"
        lacking(said)


@contextlib.contextmanager
def a_lab(**options: Any) -> Iterator[Lab]:
    """A lab, where the programs for one are installed."""
    require(*_PROGRAMS)
    with Lab(**options) as made:
        yield made


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A session in which nothing runs yet."""
    with a_lab() as made:
        yield made


@pytest.fixture
def unlocked() -> Iterator[Lab]:
    """A session with an unlocked, empty default collection, password `lab-password`."""
    with a_lab() as made:
        yield made.start("lab-password")
