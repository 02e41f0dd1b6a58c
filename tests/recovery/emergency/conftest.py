"""A home with two servers, the doctor in a process of its own, and the real kernel's keyring."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from recovery.emergency import kernel_keyring
from recovery.emergency.incident import Incident, incidents
from recovery.journal import Journal
from tests.recovery.conftest import a_host
from tests.support import forking
from tests.support.kernel_keys import revoke_tokens_of
from tests.support.platforms import lacking

REPO = Path(__file__).resolve().parents[3]
SHOW = 'echo "$SERVER=$TOKEN"'


@pytest.fixture
def keyring() -> None:
    """The kernel's keyring must be there."""
    trouble = kernel_keyring.trouble(
        Host(Platform.LINUX, Session.LOCAL, Path("/"), Path("/"), {}, os.getuid(), "tester")
    )
    if trouble:
        lacking(trouble)


@pytest.fixture
def name() -> Iterator[str]:
    """A key's name of its own, let go of at the end."""
    made = f"mcp-doctor:test-{secrets.token_hex(6)}"
    yield made
    kernel_keyring.let_go(made)


class Desk:
    """One person's home, and the doctor there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.host = a_host(home)
        self.config = home / "servers.json"
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPO),
            "USER": "tester",
            "LANG": "C.UTF-8",
        }
        self.servers(
            github={"TOKEN": "${SECRET:github_token}", "SERVER": "github"},
            linear={"TOKEN": "${SECRET:linear_key}", "SERVER": "linear"},
        )

    def servers(self, **env: dict[str, str]) -> None:
        """Writes the config: every server shows its token."""
        entries = {
            server: {
                "command": "mcp-doctor",
                "args": ["run", "--", "sh", "-c", f": {server}; {SHOW}"],
                "env": each,
            }
            for server, each in env.items()
        }
        self.config.write_text(json.dumps({"mcpServers": entries}))

    def doctor(
        self, *words: str, stdin: bytes = b"", before: str = "", **env: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs the command. In: `before` = Python that comes first."""
        code = f"import sys\n{before}\nfrom tui.cli import main\nsys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, *words]
        return forking.run(command, {**self.env, **env}, Path.cwd(), stdin, 60)

    def start(
        self, token: str, *words: str, server: str = "github", before: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        """`emergency start` with a token from a pipe."""
        asked = [
            "emergency",
            "start",
            server,
            "--reason",
            "the keychain is broken",
            "--token-stdin",
            "--offline",
        ]
        return self.doctor(
            *asked, "--config", str(self.config), *words, stdin=token.encode() + b"\n", before=before
        )

    def launch(self, server: str = "github") -> subprocess.CompletedProcess[bytes]:
        """What a client does with the entry."""
        entry = json.loads(self.config.read_text())["mcpServers"][server]
        return self.doctor(*entry["args"], **entry["env"])

    def incidents(self) -> list[Incident]:
        """What the trail says."""
        return incidents(self.host, Journal(self.host))

    def end(self) -> None:
        """Lets go of every key."""
        revoke_tokens_of(self.home)


@pytest.fixture
def desk(tmp_path: Path, keyring: None) -> Iterator[Desk]:
    """A home of its own."""
    made = Desk(tmp_path)
    yield made
    made.end()


@pytest.fixture
def canary() -> Callable[[], str]:
    """Makes tokens that stand nowhere else."""
    return lambda: "canary" + secrets.token_hex(20)
