"""The fleet for real: a playbook of the real ansible-core, several sshd hosts, one report each, and what `fleet` says of them."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.model import HostState, Reached
from diagnostics.fleet.opening import files_of
from diagnostics.fleet.reading import read
from diagnostics.model import Stage, Status
from tests.e2e.conftest import PASSWORD, TOKEN, Scene
from tests.support.ssh import Installation, SshServer, account, missing
from tui.demo.provider import StandInProvider

REPO = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
_JINJA = "{{ lookup('pipe', 'touch evil') }}"
_SECONDS = 120


@dataclass
class Control:
    """The control node: an inventory, a home of its own, short paths for the connections that are kept."""

    root: Path
    hosts: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What Ansible is called with."""
        return {
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "HOME": str(self.root),
            "LANG": "C.UTF-8",
            "ANSIBLE_HOME": str(self.root / "ansible"),
            "ANSIBLE_CONFIG": str(self.root / "none.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(REPO / "ansible"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.root / "cp"),
            "ANSIBLE_SSH_ARGS": "-F none -o ControlMaster=auto -o ControlPersist=60s",
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_NOCOLOR": "1",
        }

    def add(self, name: str, sshd: SshServer, python: Path) -> None:
        """A host of the inventory."""
        self.hosts[name] = {
            "ansible_host": "127.0.0.1",
            "ansible_port": str(sshd.port),
            "ansible_user": sshd.account.name,
            "ansible_ssh_private_key_file": str(sshd.root / "user"),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.root}/known -o IdentitiesOnly=yes",
            "ansible_python_interpreter": str(python),
            # The connection's process is named by this path; two hosts here differ by their port alone.
            "ansible_control_path": f"{self.root}/cp/{name[:8]}",
        }

    def call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """One of Ansible's programs."""
        return subprocess.run(
            words, cwd=self.root, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS,
            check=False,
        )  # fmt: skip

    def play(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """The collection's playbook on all hosts."""
        inventory = self.root / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": self.hosts}}))
        return self.call(
            str(PROGRAMS / "ansible-playbook"), "-i", str(inventory), "mcp_doctor.fleet.gather",
            "-e", json.dumps({"mcp_doctor_reports": str(self.root / "reports"), "mcp_doctor_offline": True}), *words,
        )  # fmt: skip

    def hang_up(self) -> None:
        """Ends the connections that are kept."""
        for path in (self.root / "cp").glob("*"):
            subprocess.run(
                ["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "any"],
                capture_output=True, timeout=_SECONDS, check=False,
            )  # fmt: skip

    def state(self) -> Fleet:
        """What the gathered reports say."""
        import time

        fleet = Fleet()
        files, _ = files_of([self.root / "reports"])
        fleet.take(read(files, time.time()))
        return fleet


@pytest.fixture
def control() -> Iterator[Control]:
    """A control node without hosts."""
    if not (PROGRAMS / "ansible-playbook").exists():
        missing("ansible-core is not installed beside the tests' Python")
    root = Path(tempfile.mkdtemp(prefix="mcpd-", dir="/tmp"))
    (root / "cp").mkdir()
    node = Control(root)
    yield node
    node.hang_up()
    shutil.rmtree(root, ignore_errors=True)


@contextlib.contextmanager
def host(
    installation: Installation, keyring: bytes, *, doctor: bool = True, server: str = "github"
) -> Iterator[Scene]:
    """A host with an sshd, a config, a keychain's file, and (unless `doctor` is false) mcp-doctor in ~/.local/bin."""
    with contextlib.ExitStack() as ending:
        person = ending.enter_context(account())
        runtime = person.home.parent / "run"
        runtime.mkdir(mode=0o700)
        person.own(runtime)
        config = {
            "mcpServers": {
                server: {
                    "command": str(installation.bin / "mcp-doctor"),
                    "args": ["run", "--", "true"],
                    "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": "${SECRET:github_token}"},
                }
            }
        }
        person.write(".config/Claude/claude_desktop_config.json", json.dumps(config))
        person.write(".local/share/keyrings/login.keyring", keyring)
        if doctor:
            person.write(".local/bin/.keep", "")
            (person.home / ".local/bin/mcp-doctor").symlink_to(installation.bin / "mcp-doctor")
        sshd = SshServer.start(
            person,
            PATH="/usr/bin:/bin",
            XDG_RUNTIME_DIR=str(runtime),
            DBUS_SESSION_BUS_ADDRESS=f"unix:path={runtime / 'bus'}",
        )
        ending.callback(sshd.close)
        provider = StandInProvider("github", {TOKEN: "valid"})
        ending.callback(provider.close)
        scene = Scene(person, sshd, installation, provider, runtime)
        yield scene
        if scene.bus is not None:
            scene.bus.kill()
            scene.bus.wait(60)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _of(fleet: Fleet, name: str) -> HostState:
    found = fleet.host(name)
    assert found is not None, f"{name} is not in the fleet"
    return found


def test_a_playbook_gathers_from_several_hosts_and_the_fleet_tells_them_apart(
    control: Control, installation: Installation, locked_keyring: bytes
) -> None:
    with contextlib.ExitStack() as ending:
        healthy = ending.enter_context(host(installation, locked_keyring, server=f"github {_JINJA}"))
        locked = ending.enter_context(host(installation, locked_keyring))
        bare = ending.enter_context(host(installation, locked_keyring, doctor=False))
        for scene in (healthy, locked):
            scene.start_bus()
            scene.start_daemon()
        healthy.as_person("mcp-doctor", "unlock", "--password-stdin", given=PASSWORD)
        for name, scene in (("healthy", healthy), ("locked", locked), ("bare", bare)):
            control.add(name, scene.sshd, installation.python)
        control.hosts["gone"] = {"ansible_host": "127.0.0.1", "ansible_port": str(_free_port())}

        done = control.play()

        assert done.returncode == 0, done.stdout + done.stderr
        reports = control.root / "reports"
        assert sorted(each.name for each in reports.iterdir()) == [
            "bare.json",
            "gone.json",
            "healthy.json",
            "locked.json",
        ]
        assert {each.stat().st_mode & 0o777 for each in reports.iterdir()} == {0o600}
        fleet = control.state()
        assert fleet.troubles == []
        assert next(each.name for each in fleet.hosts()) == "locked", "\n".join(map(repr, fleet.hosts()))
        (github,) = _of(fleet, "locked").servers
        assert (github.status, github.stage, github.cause) == (
            Status.FAIL,
            Stage.PERMISSION,
            "keyring_locked",
        )
        (github,) = _of(fleet, "healthy").servers
        assert github.status in {Status.OK, Status.WARN}
        assert github.name == f"github {_JINJA}"
        assert _of(fleet, "bare").reached is Reached.FAILED
        assert "mcp-doctor is not installed" in _of(fleet, "bare").error
        assert _of(fleet, "gone").reached is Reached.UNREACHABLE
        assert "refused" in _of(fleet, "gone").error
        assert not list(control.root.rglob("evil"))
        assert not list(healthy.account.home.rglob("evil"))
        written = "".join(each.read_text() for each in reports.iterdir()) + done.stdout + done.stderr
        assert TOKEN not in written
        assert PASSWORD not in written

        # Check mode asks just the same, and keeps nothing.
        before = {each: each.read_bytes() for each in reports.iterdir()}
        checked = control.play("--check", "--limit", "locked", "-v")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert '"keyring_locked"' in checked.stdout
        assert {each: each.read_bytes() for each in reports.iterdir()} == before


def test_the_modules_tell_what_they_do(control: Control) -> None:
    names = ["mcp_doctor.fleet.mcp_doctor_check", "mcp_doctor.fleet.mcp_doctor_record"]
    done = control.call(str(PROGRAMS / "ansible-doc"), "--json", *names)
    told: dict[str, Any] = json.loads(done.stdout)
    assert set(told) == set(names)
    for each in told.values():
        assert each["doc"]["options"]
        assert each["examples"]
        assert each["return"]
