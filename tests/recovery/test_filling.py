"""What a rebuilt keychain lost comes back from the newest backup, and what was deleted on purpose does not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnostics.backups import folder_of, name_at
from diagnostics.context import Context, Options
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from recovery.backups.filling import filling
from recovery.backups.key import Lock
from recovery.backups.making import collect, make
from recovery.journal import Journal
from recovery.model import AskKind, Remedy
from recovery.outcome import Outcome
from recovery.planner import remedies_for
from recovery.runner import carry_out, preview, undo
from recovery.steps.backup_fill import BACKUP_KEY
from recovery.steps.keyring_rebuild import DAMAGED_PASSWORD
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import a_pair
from tests.recovery.conftest import PASSWORD, a_host, judge
from tests.support.lab import Lab, a_lab

NAMES = [f"name_{number}" for number in range(6)]


@pytest.fixture
def filled() -> Iterator[Lab]:
    """Six entries whose value is their name."""
    with a_lab() as lab:
        lab.start(PASSWORD)
        for name in NAMES:
            lab.add_entry(name, name)
        yield lab


def back_up(lab: Lab, lock: Lock) -> None:
    world = LocalWorld(lab.host())
    make(collect(world), lock, world, Journal(world.host))


def damage(lab: Lab, *, whole: bool = False) -> bytes:
    """Cuts off the end, or everything."""
    path = lab.keyrings / "login.keyring"
    lab.stop_daemon()
    content = b"" if whole else path.read_bytes()[:-10]
    path.write_bytes(content)
    lab.start_daemon()
    return content


def offered(lab: Lab, wanted: str) -> Remedy:
    host = lab.host()
    context = Context(host, Options(offline=True), (), (), open_store(host))
    remedies = [each for finding in diagnose(context) for each in remedies_for(finding, context)]
    return next(each for each in remedies if each.id == wanted)


def carried_out(lab: Lab, remedy: Remedy, **answers: str) -> tuple[Outcome, LocalWorld]:
    world = LocalWorld(lab.host())
    assert preview(remedy, world)
    given = {name.replace("_", "-"): Secret(value) for name, value in answers.items()}
    assert {each.name for each in remedy.asks} == given.keys()
    return carry_out(remedy, given, world, Journal(world.host)), world


def test_what_could_not_be_saved_is_filled_in_and_taken_back(filled: Lab, tmp_path: Path) -> None:
    pair = a_pair(tmp_path, "key")
    filled.add_entry("deleted", "on purpose")
    back_up(filled, pair.lock)
    world = LocalWorld(filled.host())
    world.keychain.delete(world.keychain.entries({"username": "deleted"})[0].path)
    content = damage(filled)
    outcome, world = carried_out(
        filled, offered(filled, "rebuild-keychain"), damaged_password=PASSWORD, backup_key=str(pair.path)
    )
    assert outcome.ok, outcome
    assert any("1 entry came from the backup of" in note for note in outcome.notes), outcome.notes
    assert [name for name in NAMES if filled.keyring_get(name) != name] == []
    assert filled.keyring_get("deleted") is None
    judge(filled, world)
    assert undo(None, world, Journal(world.host)).ok
    assert (filled.keyrings / "login.keyring").read_bytes() == content


@pytest.mark.parametrize(
    ("given", "said"), [("", "Nothing was filled in"), ("other", "not encrypted for this key")]
)
def test_without_the_key_the_rebuilding_stands(filled: Lab, tmp_path: Path, given: str, said: str) -> None:
    back_up(filled, a_pair(tmp_path, "key").lock)
    damage(filled)
    path = str(a_pair(tmp_path, given).path) if given else ""
    outcome, _ = carried_out(
        filled, offered(filled, "rebuild-keychain"), damaged_password=PASSWORD, backup_key=path
    )
    assert outcome.ok, outcome
    assert any(said in note for note in outcome.notes), outcome.notes
    assert any(note.startswith("$ mcp-doctor backup restore") for note in outcome.notes)
    assert len([name for name in NAMES if filled.keyring_get(name) == name]) == 5


def test_a_passphrase_is_asked_for_hidden_and_may_stay_empty(tmp_path: Path) -> None:
    host = a_host(tmp_path)
    folder_of(host).mkdir(parents=True)
    stanza = b"-> scrypt " + b"A" * 22 + b" 18\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n" + bytes(40)
    (folder_of(host) / name_at(datetime.now(UTC))).write_bytes(b"age-encryption.org/v1\n" + stanza)
    (step,), (ask,) = filling(host, "/damaged")
    assert (ask.kind, ask.optional) == (AskKind.PASSWORD, True)
    assert step.kind == "fill-from-backup"


def test_a_keychain_begun_anew_gets_everything(filled: Lab, tmp_path: Path) -> None:
    pair = a_pair(tmp_path, "key")
    back_up(filled, pair.lock)
    damage(filled, whole=True)
    outcome, world = carried_out(
        filled, offered(filled, "begin-new-keychain"), password="new", backup_key=str(pair.path)
    )
    assert outcome.ok, outcome
    assert [name for name in NAMES if filled.keyring_get(name) != name] == []
    assert undo(None, world, Journal(world.host)).ok
    assert (filled.keyrings / "login.keyring").read_bytes() == b""


def test_without_a_backup_nothing_is_asked(filled: Lab) -> None:
    damage(filled)
    remedy = offered(filled, "rebuild-keychain")
    assert [each.name for each in remedy.asks] == [DAMAGED_PASSWORD]
    assert BACKUP_KEY not in {each.name for each in remedy.asks}
