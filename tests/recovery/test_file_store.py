"""The encrypted file store: chosen knowingly, made with a preview, changed as a whole, opened by its key alone."""

import dataclasses
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyrage
import pytest

from diagnostics.secret import Secret
from diagnostics.stores import FILE_STORE_VARIABLE, Entry, open_store
from diagnostics.stores.file_store import FileStore, FileStoreError, identity_path, read_store, store_path
from diagnostics.stores.one_entry import Entries
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.backups.making import collect, make
from recovery.backups.opening import open_backup
from recovery.backups.restoring import plan_restore
from recovery.entries import delete_entry, get_entry, list_entries, set_entry
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.quarantine import quarantined
from recovery.runner import carry_out, undo
from recovery.steps.file_store import CreateFileStore
from recovery.stores.file_store import FileKeychain, create_store, take_away_store
from recovery.stores.secret_service import SecretServiceKeychain
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import a_pair
from tests.support.file_store import host_with_choice, world_with_store

ODD = ["plain", "", "with\nlines\n", "ümläut 🔑", "\udcff not utf-8", "x" * 20_000]


def put(world: LocalWorld, name: str, value: str) -> str:
    return world.keychain.put("file", name, {"service": "mcp-secrets", "username": name}, Secret(value))


def test_without_the_choice_it_is_never_used_though_it_is_there(tmp_path: Path) -> None:
    host = world_with_store(tmp_path).host
    for value in (None, ""):
        env = {name: each for name, each in host.env.items() if name != FILE_STORE_VARIABLE}
        other = dataclasses.replace(host, env=env if value is None else env | {FILE_STORE_VARIABLE: value})
        assert open_store(other).subject.kind == "secret-service"
        assert isinstance(LocalWorld(other).keychain, SecretServiceKeychain)
    assert isinstance(open_store(host), FileStore)
    assert isinstance(LocalWorld(host).keychain, FileKeychain)


@pytest.mark.parametrize("value", ODD)
def test_every_value_comes_back_as_it_was(tmp_path: Path, value: str) -> None:
    world = world_with_store(tmp_path)
    path = put(world, "one", value)
    found = world.keychain.entries({"username": "one"})
    assert [each.path for each in found] == [path]
    assert found[0].secret == Secret(value)


def test_neither_names_nor_values_stand_in_the_folder(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "a_telling_name", "a-telling-value")
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"telling" not in file.read_bytes()
            assert file.stat().st_mode & 0o077 == 0, file
    assert store_path(world.host).parent.stat().st_mode & 0o077 == 0


def test_the_age_format_opens_it_without_us(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "one", "value")
    key = identity_path(world.host).read_text().splitlines()[-1]
    content = pyrage.decrypt(store_path(world.host).read_bytes(), [pyrage.x25519.Identity.from_str(key)])
    assert [each["label"] for each in json.loads(content)["items"]] == ["one"]


def test_the_same_attributes_are_replaced_and_others_are_not(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    first = put(world, "one", "old")
    assert put(world, "one", "new") == first
    put(world, "two", "other")
    world.keychain.set_secret(first, Secret("newest"))
    assert {each.account: each.secret for each in world.keychain.entries({})} == {
        "one": Secret("newest"),
        "two": Secret("other"),
    }
    world.keychain.delete(first)
    assert [each.account for each in world.keychain.entries({})] == ["two"]
    with pytest.raises(RecoveryError, match="no longer there"):
        world.keychain.delete(first)


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    names = [f"n{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: put(LocalWorld(world.host), name, f"value of {name}"), names))
    assert sorted(each.account for each in world.keychain.entries({})) == sorted(names)


def test_a_writer_that_is_killed_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "kept", "value")
    program = (
        "import os, pathlib, sys\n"
        "from tests.support.file_store import host_with_choice\n"
        "from recovery.world import LocalWorld\n"
        "from diagnostics.secret import Secret\n"
        "where = sys.argv[2]\n"
        "def die(*a, **k): os.kill(os.getpid(), 9)\n"
        "if where == 'fsync': os.fsync = die\n"
        "else: pathlib.Path.replace = die\n"
        "LocalWorld(host_with_choice(pathlib.Path(sys.argv[1]))).keychain.put('file', 'new', {}, Secret('x'))\n"
    )
    for where in ("fsync", "replace"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), where],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=False,
            timeout=60,
        )
        assert done.returncode == -9
        assert [each.account for each in world.keychain.entries({})] == ["kept"]
    put(world, "later", "the lock of the dead is gone")


def test_every_flipped_byte_and_every_cut_is_noticed(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "one", "value")
    path = store_path(world.host)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(FileStoreError) as caught:
            read_store(world.host)
        assert caught.value.outcome in {"damaged", "wrong-identity"}
        path.write_bytes(whole[:at])
        with pytest.raises(FileStoreError):
            read_store(world.host)
    path.write_bytes(whole)
    assert len(read_store(world.host)) == 1


def test_a_damaged_store_is_never_written_over(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "one", "value")
    path = store_path(world.host)
    path.write_bytes(path.read_bytes()[:-5])
    before = path.read_bytes()
    with pytest.raises(RecoveryError, match="can't be opened"):
        put(world, "two", "value")
    with pytest.raises(RecoveryError, match="there already"):
        create_store(world.host, "")
    assert path.read_bytes() == before


def test_another_key_opens_nothing_and_changes_nothing(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "one", "value")
    before = store_path(world.host).read_bytes()
    identity_path(world.host).write_text(f"{pyrage.x25519.Identity.generate()}\n")
    with pytest.raises(FileStoreError) as caught:
        read_store(world.host)
    assert caught.value.outcome == "wrong-identity"
    with pytest.raises(RecoveryError):
        put(world, "two", "value")
    assert store_path(world.host).read_bytes() == before


def test_the_commands_set_get_list_delete_and_undo(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    journal = Journal(world.host)
    assert set_entry("one", Secret("first"), world, journal).ok
    assert set_entry("one", Secret("second"), world, journal).ok
    assert [each.account for each in list_entries(world)] == ["one"]
    assert get_entry("one", world) == Secret("second")
    assert delete_entry("one", world, journal).ok
    assert list_entries(world) == []
    assert undo(None, world, journal).ok
    assert get_entry("one", world) == Secret("second")


def test_the_launcher_reads_it(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "one", "value")
    with Entries(world.host) as entries:
        found = entries.read("one")
        assert found is not None
        assert found.secret == Secret("value")
        assert entries.read("two") is None


def test_a_backup_is_made_of_it(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "one", "value")
    backup = collect(world)
    assert backup.store == "file"
    assert [each.label for each in backup.entries] == ["one"]


def test_what_was_set_aside_goes_into_a_backup_and_copies_for_an_undo_do_not(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    journal = Journal(world.host)
    put(world, "one", "value")
    assert set_entry("one", Secret("newer"), world, journal).ok  # leaves a copy for an undo
    for service in ("mcp-secrets", "another"):
        label, attributes = quarantined(
            f"id-{service}", "two", {"service": service, "username": "two"}, "damaged"
        )
        world.keychain.put("file", label, attributes, Secret("set aside"))
    backup = collect(world)
    assert [each.name for each in backup.entries] == ["Set aside: two", "one"]
    assert [each.name for each in collect(world, names=["one"]).entries] == ["one"]
    there = tmp_path / "there"
    there.mkdir()
    other = world_with_store(there)
    pair = a_pair(tmp_path, "key")
    made = make(backup, pair.lock, world, journal)
    plan = plan_restore(open_backup(made.path, pair.key, world.host), other, identities=[pair.path])
    assert carry_out(plan.remedy, plan.answers(pair.key), other, Journal(other.host)).ok
    kept = {tuple(sorted(each.attributes.items())): each.secret for each in backup_of(other)}
    assert kept == {tuple(sorted(each.attributes.items())): each.secret for each in backup_of(world)}


def backup_of(world: LocalWorld) -> list[Entry]:
    return [
        each
        for each in world.keychain.entries({})
        if each.service != UNDO_SERVICE and "another" not in each.account
    ]


WRITER = """
import pathlib, sys
from tests.support.file_store import host_with_choice
from recovery.world import LocalWorld
from diagnostics.secret import Secret
world = LocalWorld(host_with_choice(pathlib.Path(sys.argv[1])))
for number in range(5):
    name = f"{sys.argv[2]}{number}"
    world.keychain.put("file", name, {"service": "mcp-secrets", "username": name}, Secret(name))
"""


def test_two_processes_write_at_the_same_time(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), each], env=env) for each in "ab"
    ]
    assert [each.wait(60) for each in writers] == [0, 0]
    assert sorted(each.account for each in read_store(world.host)) == [
        f"{x}{n}" for x in "ab" for n in range(5)
    ]


def test_a_full_disk_and_one_that_takes_no_writes_leave_the_old_state(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "one", "value")
    folder = store_path(world.host).parent
    held = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    try:
        for name, content in held.items():
            (folder / name).write_bytes(content)
        with pytest.raises(RecoveryError, match="No space left"):
            put(world, "two", "x" * 40_000)
        assert [each.account for each in read_store(world.host)] == ["one"]
        assert sorted(each.name for each in folder.iterdir()) == sorted(held)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        with pytest.raises(RecoveryError, match="Read-only"):
            put(world, "two", "value")
        assert [each.account for each in read_store(world.host)] == ["one"]
    finally:
        subprocess.run(["umount", folder], check=True)


def step_for(world: LocalWorld, *, makes_key: bool) -> CreateFileStore:
    return CreateFileStore(
        str(store_path(world.host)), str(identity_path(world.host)), "made by a test", makes_key
    )


def test_making_it_is_undone_as_long_as_it_is_empty(tmp_path: Path) -> None:
    world = LocalWorld(host_with_choice(tmp_path))
    step = step_for(world, makes_key=True)
    step.apply(world, {})
    step.verify(world)
    put(world, "one", "value")
    with pytest.raises(RecoveryError, match="holds entries"):
        step.undo(world, {})
    world.keychain.delete(world.keychain.entries({})[0].path)
    step.undo(world, {})
    assert not store_path(world.host).exists()
    assert not identity_path(world.host).exists()
    step.undo(world, {})  # where nothing stands, nothing is done


def test_a_key_of_the_persons_own_is_used_and_left(tmp_path: Path) -> None:
    world = LocalWorld(host_with_choice(tmp_path))
    path = identity_path(world.host)
    path.parent.mkdir()
    path.write_text(f"# mine\n{pyrage.x25519.Identity.generate()}\n")
    before = path.read_bytes()
    step = step_for(world, makes_key=False)
    step.apply(world, {})
    step.verify(world)
    step.undo(world, {})
    assert path.read_bytes() == before
    take_away_store(world.host, "another mark")
    assert path.exists()


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_ssh_key_is_a_key(tmp_path: Path, kind: str) -> None:
    world = LocalWorld(host_with_choice(tmp_path))
    ssh_key(identity_path(world.host), kind)
    create_store(world.host, "")
    put(world, "one", "value")
    assert [each.secret for each in read_store(world.host)] == [Secret("value")]


@pytest.mark.parametrize(
    ("kind", "passphrase", "said"), [("ed25519", "long words", "passphrase"), ("ecdsa", "", "ssh-ed25519")]
)
def test_an_ssh_key_that_is_of_no_use(tmp_path: Path, kind: str, passphrase: str, said: str) -> None:
    world = LocalWorld(host_with_choice(tmp_path))
    ssh_key(identity_path(world.host), kind, passphrase)
    with pytest.raises(RecoveryError, match=said):
        create_store(world.host, "")
    assert not store_path(world.host).exists()


def ssh_key(path: Path, kind: str, passphrase: str = "") -> None:
    path.parent.mkdir(exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)]
    subprocess.run([*command, "-b", "2048"] if kind == "rsa" else command, check=True, timeout=30)


def test_an_encrypted_age_key_can_not_be_asked_for(tmp_path: Path) -> None:
    world = LocalWorld(host_with_choice(tmp_path))
    identity_path(world.host).parent.mkdir()
    identity_path(world.host).write_bytes(b"age-encryption.org/v1\n-> scrypt x 18\n")
    with pytest.raises(RecoveryError, match="nobody can be asked"):
        create_store(world.host, "")


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    left = store_path(world.host).with_name(".store.age.new-abcdefgh")
    left.write_bytes(b"half")
    put(world, "one", "value")
    assert not left.exists()
    assert len(read_store(world.host)) == 1


def test_the_key_is_not_made_beside_the_store(tmp_path: Path) -> None:
    home = tmp_path / "home"
    beside = home / ".local/share/mcp-doctor/key"
    host = host_with_choice(tmp_path, **{FILE_STORE_VARIABLE: str(beside)})
    with pytest.raises(RecoveryError, match="beside the store"):
        create_store(host, "")
    assert not beside.exists()
    assert not store_path(host).exists()


def test_before_it_is_made_every_command_says_how(tmp_path: Path) -> None:
    world = LocalWorld(host_with_choice(tmp_path))
    outcome = set_entry("one", Secret("value"), world, Journal(world.host))
    assert not outcome.ok
    assert "mcp-doctor fix" in outcome.error
    with pytest.raises(RecoveryError, match="mcp-doctor fix"):
        list_entries(world)
    assert not store_path(world.host).exists()


def test_an_entry_without_a_secret_shows_nothing(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    put(world, "one", "canary-value")
    shown = repr([each for each in world.keychain.entries({}) if isinstance(each, Entry)])
    assert "canary-value" not in shown
