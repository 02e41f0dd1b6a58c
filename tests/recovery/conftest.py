"""What recovery's tests share: a world on a lab, a journal of its own, and the judge from outside."""

import os
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.secret import Secret
from diagnostics.stores.secret_service import probe
from recovery.journal import Journal
from recovery.model import Remedy
from recovery.planner import unlock_remedy
from recovery.runner import Outcome, carry_out
from recovery.world import LocalWorld
from tests.support.lab import Lab

PASSWORD = "lab-password"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal of its own, for a host that has nothing else."""
    return Journal(a_host(tmp_path))


def a_host(home: Path) -> Host:
    """A host with a home and nothing else."""
    return Host(Platform.LINUX, Session.LOCAL, home, home, {"HOME": str(home)}, os.getuid(), "tester")


def way(world: LocalWorld) -> Remedy:
    """The remedy that leads from the world's state to an unlocked keychain."""
    return unlock_remedy(world.host, world.keychain.state(), probe)


def mend(world: LocalWorld, password: str = PASSWORD) -> Outcome:
    """Carries out the way to an unlocked keychain."""
    return carry_out(way(world), {"password": Secret(password)}, world, Journal(world.host))


def judge(lab: Lab, world: LocalWorld, earlier: str | None = None) -> None:
    """A new process sets, gets and deletes an entry on the bus that the world ended on, and reads a prior one.

    In: `earlier`, name of an entry whose value is its own name.
    """
    code = (
        "import keyring, sys\n"
        "keyring.set_password('judge', 'probe', 'seen')\n"
        "assert keyring.get_password('judge', 'probe') == 'seen'\n"
        "keyring.delete_password('judge', 'probe')\n"
        "assert keyring.get_password('judge', 'probe') is None\n"
        "for name in sys.argv[1:]:\n"
        "    assert keyring.get_password('mcp-secrets', name) == name, name\n"
    )
    lab.env["DBUS_SESSION_BUS_ADDRESS"] = world.host.env["DBUS_SESSION_BUS_ADDRESS"]
    lab.python(code, *([earlier] if earlier else []), seconds=8)
