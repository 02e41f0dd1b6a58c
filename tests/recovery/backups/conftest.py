"""What the tests of backups share: keys made at run time, and entries on a real keychain."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnostics.host import Host
from recovery.backups.key import Identities, Recipients, identities, recipients
from recovery.backups.making import Made, collect, make
from recovery.backups.opening import Opened, open_backup
from recovery.journal import Journal
from recovery.ports import RecoveryWorld
from recovery.world import LocalWorld
from tests.recovery.conftest import a_host
from tests.support.lab import Lab, require

PASSPHRASE = "correct horse " + "battery staple"


@dataclass(frozen=True)
class Pair:
    """An age key pair in a file."""

    path: Path
    public: str

    @property
    def lock(self) -> Recipients:
        return recipients([self.public])

    @property
    def key(self) -> Identities:
        return identities([self.path])


@pytest.fixture
def host(tmp_path: Path) -> Host:
    import os

    return Host(**{**vars(a_host(tmp_path)), "env": {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}})


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return a_pair(tmp_path, "key")


def a_pair(folder: Path, name: str) -> Pair:
    """A key pair from the library, as `age-keygen` writes it."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    path = folder / f"{name}.txt"
    path.write_text(f"# created: today\n# public key: {identity.to_public()}\n{identity}\n")
    return Pair(path, str(identity.to_public()))


def ssh_key(folder: Path, kind: str, passphrase: str = "") -> Path:
    """A key of ssh-keygen; the public one stands beside it."""
    require("ssh-keygen")
    path = folder / f"id_{kind}{'_locked' if passphrase else ''}"
    more = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *more, "-N", passphrase, "-C", "someone@somewhere", "-f", path],
        check=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    return path


def snapshot(world: RecoveryWorld) -> list[tuple[str, tuple[tuple[str, str], ...], str, str]]:
    """Every entry that is no copy for an undo: where it is, its attributes, label and value."""
    from diagnostics.stores.similar import UNDO_SERVICE
    from recovery.undo_copies import own

    return sorted(
        (
            each.collection,
            tuple(sorted(own(each.attributes).items())),
            each.label,
            each.secret.reveal() if each.secret is not None else "(locked)",
        )
        for each in world.keychain.entries({})
        if each.service != UNDO_SERVICE
    )


def undo_copies(world: RecoveryWorld) -> int:
    """How many entries are kept for an undo."""
    from diagnostics.stores.similar import UNDO_SERVICE

    return len(world.keychain.entries({"service": UNDO_SERVICE}))


def backed_up(lab: Lab, pair: Pair, **options: object) -> tuple[LocalWorld, Journal, Made, Opened]:
    """A backup of the lab's entries, opened."""
    world = LocalWorld(lab.host())
    journal = Journal(world.host)
    made = make(collect(world, **options), pair.lock, world, journal)  # type: ignore[arg-type]
    return world, journal, made, open_backup(made.path, pair.key, world.host)
