"""Emergency access over SSH: begun in one login, served in another one after the first has ended, gone in time."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from recovery.emergency import kernel_keyring
from tests.support.ssh import Account, Installation, SshServer, account, missing


@pytest.fixture
def someone() -> Iterator[Account]:
    with account() as who:
        trouble = kernel_keyring.trouble(Host(Platform.LINUX, Session.SSH, who.home, who.home, {}))
        if trouble:
            missing(trouble)
        yield who


@pytest.fixture
def sshd(someone: Account) -> Iterator[SshServer]:
    server = SshServer.start(someone)
    try:
        yield server
    finally:
        server.close()


def over_ssh(server: SshServer, command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    words = [each for each in server.command if each != "-tt"]
    return subprocess.run(
        [*words, command],
        input=stdin,
        env={"PATH": os.environ["PATH"], "HOME": str(server.root)},
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_begun_in_one_login_and_served_in_another(
    someone: Account, sshd: SshServer, installation: Installation
) -> None:
    doctor = installation.bin / "mcp-doctor"
    entry = {
        "command": "mcp-doctor",
        "args": ["run", "--", "printenv", "KEY"],
        "env": {"KEY": "${SECRET:key}"},
    }
    config = someone.write("servers.json", json.dumps({"mcpServers": {"tracker": entry}}))
    token = "canary" + secrets.token_hex(16)
    launch = f"KEY='${{SECRET:key}}' {doctor} run -- printenv KEY"

    begun = over_ssh(
        sshd,
        f"{doctor} emergency start tracker --reason 'no keychain here' --token-stdin --offline --config {config}",
        token.encode() + b"\n",
    )
    assert begun.returncode == 0, begun.stdout + begun.stderr
    served = over_ssh(sshd, launch)
    assert served.stdout.decode().strip() == token, served.stderr
    assert b"emergency access is open for tracker" in served.stderr

    closed = over_ssh(sshd, f"{doctor} emergency close --offline --anyway --revoked --config {config}")
    assert closed.returncode == 0, closed.stdout + closed.stderr
    assert over_ssh(sshd, launch).returncode == 78
    shown = over_ssh(sshd, f"{doctor} emergency status --all --format json")
    (incident,) = json.loads(shown.stdout)["incidents"]
    assert (incident["state"], incident["served"]) == ("closed", 1)
    assert "over SSH from 127.0.0.1" in incident["who"]
    for file in someone.home.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()
