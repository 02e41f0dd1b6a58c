"""A real login over SSH: an sshd of our own on loopback, an unprivileged user, a terminal without a display.

As root, the user is a throw-away account. Without root the user is ourselves, with a throw-away home in name
(`HOME` is set by the login command), for sshd can then log in nobody else.
"""

import contextlib
import importlib.metadata
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from packaging.requirements import Requirement

from tests.support.platforms import lacking

if TYPE_CHECKING:
    from tests.support.terminal import Terminal  # can't be imported on Windows

REPO = Path(__file__).resolve().parents[2]
DISTRIBUTION = "mcp-credential-doctor"
PACKAGES = ("diagnostics", "recovery", "tui")
_SECONDS = 30.0


def missing(reason: str) -> None:
    """Something of the system is not there: a skip on a developer's machine, a failure where CI promised it."""
    lacking(reason)


@dataclass
class Account:
    """Who logs in, and the home that is theirs."""

    name: str
    uid: int
    gid: int
    home: Path
    throw_away: bool

    def own(self, *paths: Path) -> None:
        """Gives files to this account."""
        if self.throw_away:
            for path in paths:
                os.chown(path, self.uid, self.gid)

    def write(self, path: str, content: str | bytes, mode: int = 0o600) -> Path:
        """Writes a file of theirs below the home, with the folders on the way."""
        file = self.home / path
        for folder in reversed(file.relative_to(self.home).parents):
            if not (self.home / folder).exists():
                (self.home / folder).mkdir(mode=0o700)
                self.own(self.home / folder)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)
        self.own(file)
        return file

    def processes(self) -> dict[int, str]:
        """Every process of this account's home: pid -> command line with its environment left out."""
        sign = b"HOME=" + os.fsencode(self.home)
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and sign in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found


def reachable(path: Path) -> bool:
    """Whether any user may walk down to this path and read it."""
    path = path.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in path.parents) and bool(path.stat().st_mode & 0o004)


@dataclass(frozen=True)
class Installation:
    """The project as an unprivileged user finds it."""

    bin: Path
    python: Path


@contextlib.contextmanager
def install() -> Iterator[Installation]:
    """A copy of the project and what it needs where every user may read it.

    A clone, a virtual environment or the interpreter itself may lie below a home that others can't enter
    (`/root`). Then Debian's own interpreter of the same version runs copies of the very same packages.
    """
    python = Path(sys.executable).resolve()
    if not reachable(python):
        python = Path("/usr/bin/python3").resolve()
        if not python.exists():
            missing("no Python interpreter that an unprivileged user can reach")
        version = _run(python, "-c", "import sys; print(*sys.version_info[:2], sep='.')").strip()
        if version != f"{sys.version_info[0]}.{sys.version_info[1]}":
            missing(f"{sys.executable} is out of reach for an unprivileged user, and {python} is {version}")
    root = Path(tempfile.mkdtemp(prefix="mcpdoctor-install-", dir="/tmp"))
    root.chmod(0o755)
    try:
        _run(python, "-m", "venv", "--without-pip", root)
        library = next(root.glob("lib/python*/site-packages"))
        for name in PACKAGES:
            shutil.copytree(REPO / name, library / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _needed(DISTRIBUTION):
            for file in importlib.metadata.files(name) or ():
                source = Path(str(file.locate()))
                if ".." not in file.parts and source.suffix != ".pyc" and source.is_file():
                    target = library.joinpath(*file.parts)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)
        for entry in importlib.metadata.distribution(DISTRIBUTION).entry_points:
            script = root / "bin" / entry.name
            script.write_text(
                f"#!{root}/bin/python\nimport sys\nfrom {entry.module} import {entry.attr}\n"
                f"sys.exit({entry.attr}())\n"
            )
            script.chmod(0o755)
        _run(root / "bin/python", "-m", "compileall", "-q", "-j", "2", library, check=False)
        yield Installation(root / "bin", root / "bin/python")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _run(*command: str | Path, check: bool = True) -> str:
    """A command's output."""
    return subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=180, check=check
    ).stdout


def _needed(name: str) -> set[str]:
    """Distributions that this one needs on this host, itself left out."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or ():
            need = Requirement(line)
            applies = need.marker is None or need.marker.evaluate({"extra": ""})
            if applies and need.name not in found:
                with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                    importlib.metadata.distribution(need.name)
                    found.add(need.name)
                    waiting.append(need.name)
    return found


@contextlib.contextmanager
def account() -> Iterator[Account]:
    """Somebody to log in as; the account and everything it runs are gone afterwards."""
    import pwd

    root = Path(tempfile.mkdtemp(prefix="mcpdoctor-e2e-", dir="/tmp"))
    root.chmod(0o755)
    home = root / "home"
    home.mkdir(mode=0o700)
    if os.getuid() != 0:
        me = pwd.getpwuid(os.getuid())
        someone = Account(me.pw_name, me.pw_uid, me.pw_gid, home, throw_away=False)
        try:
            yield someone
        finally:
            _end(someone)
            shutil.rmtree(root, ignore_errors=True)
        return
    if not shutil.which("useradd"):
        missing("useradd is not installed")
    name = f"mcpdoctor-{secrets.token_hex(4)}"
    subprocess.run(
        # "*" is a password that nothing matches, and unlike "!" it does not count as a locked account.
        ["useradd", "--home-dir", home, "--no-create-home", "--shell", "/bin/bash", "--password", "*", name],
        check=True,
        timeout=_SECONDS,
        capture_output=True,
    )
    entry = pwd.getpwnam(name)
    someone = Account(name, entry.pw_uid, entry.pw_gid, home, throw_away=True)
    someone.own(home)
    try:
        yield someone
    finally:
        _end(someone)
        subprocess.run(["userdel", "--force", name], timeout=_SECONDS, check=False, capture_output=True)
        shutil.rmtree(root, ignore_errors=True)


def _end(someone: Account) -> None:
    ends = time.monotonic() + _SECONDS
    while (left := someone.processes()) and time.monotonic() < ends:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


@dataclass
class SshServer:
    """An sshd on a free port of 127.0.0.1 that lets one account in with one key."""

    root: Path
    account: Account
    port: int
    _process: "subprocess.Popen[bytes]" = field(repr=False)

    @classmethod
    def start(cls, someone: Account, **exports: str) -> Self:
        """Starts it and waits until it listens. In: variables of every session, as PAM would set them."""
        daemon = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if daemon is None or not shutil.which("ssh"):
            missing("openssh-server or openssh-client is not installed")
            raise AssertionError
        root = Path(tempfile.mkdtemp(prefix="mcpdoctor-sshd-", dir="/tmp"))
        root.chmod(0o755)
        for key in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", root / key],
                check=True,
                timeout=_SECONDS,
            )
        (root / "authorized").write_bytes((root / "user.pub").read_bytes())
        someone.own(root / "authorized")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        if not someone.throw_away:
            exports = {"HOME": str(someone.home), **exports}
        variables = "".join(f" {name}={value}" for name, value in exports.items())
        settings = f"SetEnv{variables}\n" if variables else ""
        (root / "config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {root}/host\nPidFile none\n"
            f"AuthorizedKeysFile {root}/authorized\nAllowUsers {someone.name}\nStrictModes no\nUsePAM no\n"
            f"PasswordAuthentication no\nKbdInteractiveAuthentication no\nX11Forwarding no\n"
            f"PrintMotd no\nPrintLastLog no\n{settings}"
        )
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                [daemon, "-D", "-e", "-f", root / "config"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        server = cls(root, someone, port, process)
        ends = time.monotonic() + _SECONDS
        while not server._listens():
            if process.poll() is not None or time.monotonic() > ends:
                server.close()
                missing(f"sshd did not come up: {(root / 'log').read_text(errors='replace')}")
            time.sleep(0.02)
        return server

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def command(self) -> list[str]:
        """The ssh client's call for a login on a terminal."""
        options = [
            f"IdentityFile={self.root}/user",
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=no",
            f"UserKnownHostsFile={self.root}/known",
            "LogLevel=ERROR",
            "SendEnv=-*",
        ]
        flags = [part for option in options for part in ("-o", option)]
        return ["ssh", "-F", "none", "-tt", "-p", str(self.port), *flags, f"{self.account.name}@127.0.0.1"]

    def login(self, *, columns: int = 80, rows: int = 24) -> "Terminal":
        """A login shell on a terminal, ready at its prompt."""
        env = {
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "HOME": str(self.root),
            "LANG": "C.UTF-8",
        }
        from tests.support.terminal import Terminal

        terminal = Terminal(self.command, env, columns=columns, rows=rows)
        try:
            terminal.wait_for(r"ready\$")
        except AssertionError:
            # Without root, sshd can't hand a terminal over where devpts is mounted without the group `tty`.
            if "Operation not permitted" in (log := (self.root / "log").read_text(errors="replace")):
                terminal.close()
                missing(f"sshd may not give a terminal away here: {log.strip().splitlines()[-1]}")
            raise
        return terminal

    def close(self) -> None:
        """Ends the daemon and every session it holds."""
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if folder.name.isdigit() and parent == self._process.pid:
                    os.kill(int(folder.name), signal.SIGKILL)
        self._process.kill()
        self._process.wait(_SECONDS)
        shutil.rmtree(self.root, ignore_errors=True)
