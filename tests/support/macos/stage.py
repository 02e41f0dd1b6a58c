"""A stand-in Mac for a test: a home, programs below a root, and a host that leads there."""

import json
import os
import sys
from pathlib import Path

import pytest

from diagnostics.check import all_checks
from diagnostics.context import Context, Options
from diagnostics.host import Host
from diagnostics.model import Platform, Session, Status
from diagnostics.runner import diagnose
from diagnostics.stores import open_store
from recovery.model import Remedy
from recovery.planner import remedies_for
from tests.support.lab import REPO
from tests.support.looking import secret_server
from tests.support.macos.state import Mac

PASSWORD = "mac-password"
OLD_PYTHON = "b" * 40


class Stage:
    """One user's Mac. The login keychain is there, open at the screen, and the default."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.home = folder / "home"
        self.keychains = self.home / "Library" / "Keychains"
        self.keychains.mkdir(parents=True)
        programs = self.root / "usr" / "bin"
        programs.mkdir(parents=True)
        for name in ("security", "codesign"):
            path = programs / name
            script = Path(__file__).with_name(f"{name}.py")
            path.write_text(f'#!/bin/sh\nPYTHONPATH={REPO} exec {sys.executable} -SP {script} "$@"\n')
            path.chmod(0o755)
        self.login = str(self.keychains / "login.keychain-db")
        mac = self.mac()
        mac.create(self.login, PASSWORD)
        Path(mac.for_everybody).parent.mkdir(parents=True)
        mac.create(mac.for_everybody, "nobody's")
        with mac.system() as state:
            state |= {"default": self.login, "searched": [self.login]}

    def mac(self, session: str = "screen") -> Mac:
        return Mac(self.root, session)

    def host(self, session: str = "screen") -> Host:
        env = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{Path(__file__).with_name('site')}:{REPO}",
            "PYTHON_KEYRING_BACKEND": "tests.support.macos.keyring_backend.Keyring",
            "STAND_IN_MAC": str(self.root),
            "STAND_IN_SESSION": session,
        }
        kind = Session.SSH if session == "ssh" else Session.LOCAL
        return Host(Platform.MACOS, kind, self.home, self.home, env, os.getuid(), "tester", self.root)

    def add(self, account: str, value: str, *, service: str = "mcp-secrets", path: str = "") -> None:
        """An entry that this Python stored."""
        self.mac().add(service, account, value, sys.executable, path)

    def value(self, account: str, service: str = "mcp-secrets") -> str | None:
        """What an entry holds, whoever may read it."""
        import base64

        from tests.support.macos.state import MacError

        try:
            _, _, entry = self.mac().find(service, account)
        except MacError:
            return None
        return base64.b64decode(entry["value"]).decode("utf-8", "surrogateescape")

    def upgrade_python(self) -> None:
        """Another Python stands at the same path: what the old one stored does not know it."""
        with self.mac().system() as state:
            for each in {sys.executable, str(Path(sys.executable).resolve())}:
                state["cdhash"][each] = "c" * 40

    @property
    def searched(self) -> list[str]:
        """The user's own list."""
        with self.mac().system() as state:
            return list(state["searched"])

    @property
    def windows(self) -> list[str]:
        """Windows that were opened. There must be none."""
        with self.mac().system() as state:
            return list(state["windows"])

    @property
    def calls(self) -> list[list[str]]:
        """Every call of `security`, with its arguments."""
        path = self.root / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def findings(stage: Stage, session: str = "screen") -> tuple[Context, dict[str, tuple[str, list[Remedy]]]]:
    """What fails, by check: its outcome and the remedies for it."""
    host = stage.host(session)
    server = secret_server("github_token")
    context = Context(host, Options(), files=(), servers=[server], store=open_store(host))
    wanted = (
        "backend.macos-keychains",
        "permission.macos-keychain",
        "lookup.readable",
        "lookup.macos-access",
        "lookup.entry",
    )
    found = diagnose(context, [each for each in all_checks() if each.id in wanted])
    return context, {
        each.check: (each.outcome, remedies_for(each, context))
        for each in found
        if each.status is Status.FAIL
    }


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)
