"""The scene of the main job: a Linux host, a person who comes in over SSH, a keychain that they left locked."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diagnostics.stores.bus import is_listening
from tests.support.lab import Lab
from tests.support.ssh import Account, Installation, SshServer, account, install, missing
from tui.demo.provider import StandInProvider
from tui.demo.token import made_up

if TYPE_CHECKING:
    from tests.support.terminal import Terminal  # can't be imported on Windows

PASSWORD = "correct horse 7 battery"
TOKEN = made_up("github", "end to end")


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """The project where every user can read it."""
    with install() as done:
        yield done


@pytest.fixture(scope="session")
def github_server(npm_server: Callable[[str], list[str]]) -> Iterator[list[str]]:
    """The real GitHub server from npm, where every user can read it."""
    node, script = npm_server("github")
    modules = next(folder for folder in Path(script).parents if folder.name == "node_modules")
    root = Path(tempfile.mkdtemp(prefix="mcpdoctor-npm-", dir="/tmp"))
    root.chmod(0o755)
    shutil.copytree(modules, root / "node_modules", symlinks=True)
    yield [node, str(root / "node_modules" / Path(script).relative_to(modules))]
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def locked_keyring() -> bytes:
    """A real keyring file: collection `login` with PASSWORD, the GitHub token in it."""
    if not shutil.which("gnome-keyring-daemon") or not shutil.which("dbus-daemon"):
        missing("gnome-keyring or dbus is not installed")
    lab = Lab().start(PASSWORD)
    try:
        lab.add_entry("github_token", TOKEN)
        return (lab.keyrings / "login.keyring").read_bytes()
    finally:
        lab.close()


@dataclass
class Scene:
    """Everything that stands before the person logs in."""

    account: Account
    sshd: SshServer
    installation: Installation
    provider: StandInProvider
    runtime: Path
    """The account's XDG_RUNTIME_DIR."""
    bus: "subprocess.Popen[bytes] | None" = None
    seen: set[str] = field(default_factory=set)
    """Every command line that any process of the account had while `watching`."""

    @property
    def _identity(self) -> dict[str, Any]:
        return {"user": self.account.uid, "group": self.account.gid} if os.getuid() == 0 else {}

    @property
    def address(self) -> str:
        """Where the account's bus is, or would be."""
        return f"unix:path={self.runtime / 'bus'}"

    @property
    def state(self) -> Path:
        """Where the doctor keeps its records."""
        return self.account.home / ".local/state/mcp-doctor"

    def profile(self, **exports: str) -> None:
        """What the login shell exports."""
        lines = [f"export PATH={self.installation.bin}:/usr/local/bin:/usr/bin:/bin", "export PS1='ready$ '"]
        if str(self.runtime) != f"/run/user/{self.account.uid}":
            lines.append(f"export XDG_RUNTIME_DIR={self.runtime}")
        lines += [f"export {name}={value}" for name, value in exports.items()]
        self.account.write(".profile", "\n".join(lines) + "\n")

    def start_bus(self) -> None:
        """The account's session bus, as its session would have started it; the keyring daemon comes when called."""
        env = {"HOME": str(self.account.home), "PATH": os.defpath, "XDG_RUNTIME_DIR": str(self.runtime)}
        self.bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={self.address}"],
            env={**env, "USER": self.account.name, "LOGNAME": self.account.name},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._identity,
        )
        ends = time.monotonic() + 10
        while not is_listening(str(self.runtime / "bus")):
            assert time.monotonic() < ends, "the account's bus never listened"
            time.sleep(0.01)

    def start_daemon(self) -> None:
        """Has the bus start the real keyring daemon: its `login` collection is locked then."""
        self.as_person(
            "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus",
            "org.freedesktop.DBus.StartServiceByName", "string:org.freedesktop.secrets", "uint32:0",
        )  # fmt: skip

    def as_person(
        self, *command: str, given: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command as the account, on its bus, without a terminal."""
        return subprocess.run(
            command,
            input=given,
            env={
                "HOME": str(self.account.home),
                "PATH": f"{self.installation.bin}:{os.defpath}:/usr/bin",
                "USER": self.account.name,
                "XDG_RUNTIME_DIR": str(self.runtime),
                "DBUS_SESSION_BUS_ADDRESS": self.address,
            },
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
            check=check,
            **self._identity,
        )

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Notes every command line of the account's processes until the end."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.02):
                self.seen.update(self.account.processes().values())

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def login(self, columns: int = 80, rows: int = 24) -> "Terminal":
        """The person logs in."""
        return self.sshd.login(columns=columns, rows=rows)

    def doctor(self, server: str = "github") -> str:
        """What the person types. The provider is asked on this machine: no test ever asks the real one."""
        return f"mcp-doctor {server} --provider-url github={self.provider.url}"

    def records(self) -> str:
        """Everything that the doctor has written down."""
        found = [path for path in self.state.rglob("*") if path.is_file()]
        return "\n".join(path.read_bytes().decode(errors="replace") for path in found)


@pytest.fixture
def scene(installation: Installation, locked_keyring: bytes, github_server: list[str]) -> Iterator[Scene]:
    """A person's host before they log in: a config, a keyring file with the token; no bus yet."""
    with contextlib.ExitStack() as ending:
        person = ending.enter_context(account())
        runtime = person.home.parent / "run"
        if person.throw_away:
            runtime = Path(f"/run/user/{person.uid}")
            ending.callback(shutil.rmtree, runtime, ignore_errors=True)
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        person.own(runtime)
        person.write(".local/share/keyrings/login.keyring", locked_keyring)
        config = {
            "mcpServers": {
                "github": {
                    "command": "mcp-doctor",
                    "args": ["run", "--", *github_server],
                    "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": "${SECRET:github_token}"},
                }
            }
        }
        person.write(".config/Claude/claude_desktop_config.json", json.dumps(config, indent=2))
        provider = StandInProvider("github", {TOKEN: "valid"})
        ending.callback(provider.close)
        sshd = SshServer.start(person)
        ending.callback(sshd.close)
        scene = Scene(person, sshd, installation, provider, runtime)
        scene.profile()
        yield scene
        if scene.bus is not None:
            scene.bus.kill()
            scene.bus.wait(10)
