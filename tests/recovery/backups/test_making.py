"""Making a backup of a real keychain: whole or not at all, and one file that nobody else can read."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from diagnostics.backups import folder_of
from diagnostics.host import Host
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.backups.error import BackupError, Reason
from recovery.backups.file import write_new
from recovery.backups.making import collect, make
from recovery.backups.opening import find, listed, look
from recovery.entries import set_entry
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import Pair, backed_up
from tests.support.lab import Lab

GENERIC = {"xdg:schema": "org.freedesktop.Secret.Generic"}


def test_everything_of_the_service_and_nothing_else(unlocked: Lab, pair: Pair) -> None:
    from diagnostics.secret import Secret

    unlocked.add_entry("github_token", "värde\n")
    unlocked.add_entry("odd", b"\xff\xfe\0a")
    unlocked.add_entry("empty", "")
    unlocked.add_entry("oauth:github", '{"access_token": "x"}')
    unlocked.add_entry("other", "not ours", service="someone-else")
    world = LocalWorld(unlocked.host())
    set_entry("github_token", Secret("newer"), world, Journal(world.host))  # leaves copies for an undo
    assert world.keychain.entries({"service": UNDO_SERVICE})
    _, journal, made, opened = backed_up(unlocked, pair)
    found = {each.account: each for each in opened.backup.entries}
    assert set(found) == {"github_token", "odd", "empty", "oauth:github"}
    assert found["github_token"].value == Secret("newer")
    assert found["odd"].value.reveal() == "\udcff\udcfe\0a"
    assert found["empty"].value == Secret("")
    assert found["github_token"].label == "Password for 'github_token' on 'mcp-secrets'"
    assert found["github_token"].collection == "login"
    assert found["github_token"].modified > 1_700_000_000
    assert made.names == ("empty", "github_token", "oauth:github", "odd")
    record = journal.records()[-1]
    assert (record["event"], record["deed"], record["entries"]) == ("note", "backup", 4)
    assert journal.verify() == []


def test_chosen_entries_and_other_services(unlocked: Lab, pair: Pair) -> None:
    unlocked.add_entry("one", "1")
    unlocked.add_entry("two", "2")
    unlocked.add(
        {"service": "auth0-mcp", "account": "AUTH0_TOKEN", **GENERIC}, b"3", label="auth0-mcp/AUTH0_TOKEN"
    )
    world = LocalWorld(unlocked.host())
    assert [each.account for each in collect(world, names=["two"]).entries] == ["two"]
    assert [each.account for each in collect(world, ["auth0-mcp"]).entries] == ["AUTH0_TOKEN"]
    with pytest.raises(BackupError, match="three") as raised:
        collect(world, names=["two", "three"])
    assert raised.value.reason is Reason.INCOMPLETE
    with pytest.raises(BackupError, match="nothing"):
        collect(world, ["no-such-service"])


def test_only_its_user_can_read_it_and_its_name_tells_when(unlocked: Lab, pair: Pair) -> None:
    unlocked.add_entry("github_token", "CANARY-value")
    world, _, made, _ = backed_up(unlocked, pair)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert made.path.parent == folder_of(world.host)
    assert b"CANARY" not in made.path.read_bytes()
    assert b"github" not in made.path.read_bytes()
    (one,) = listed(world.host)
    assert (one.path, one.how, one.size) == (made.path, "1 recipient", made.size)
    assert one.made.strftime("%Y%m%dT%H%M%SZ") in made.path.name


def test_two_in_the_same_second_have_two_names(unlocked: Lab, pair: Pair) -> None:
    unlocked.add_entry("github_token", "value")
    world = LocalWorld(unlocked.host())
    backup = collect(world)
    made = [make(backup, pair.lock, world, Journal(world.host)).path for _ in range(3)]
    assert len(set(made)) == 3
    assert find(world.host, None) in made
    assert [each.path for each in listed(world.host)] == sorted(
        made, key=lambda each: each.name, reverse=True
    )


def test_the_list_names_what_is_none(host: Host) -> None:
    folder = folder_of(host)
    folder.mkdir(parents=True)
    (folder / "broken.age").write_bytes(b"age-encryption.org/v1\n")
    (folder / "notes.txt").write_text("not one")
    (folder / "folder.age").mkdir()
    (folder / "dangling.age").symlink_to("nowhere")
    (one,) = listed(host)
    assert "damaged" in one.how


def test_a_locked_keychain_makes_no_backup(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    world = LocalWorld(unlocked.host())
    unlocked.lock()
    with pytest.raises(RecoveryError, match="locked"):
        collect(world)


def test_an_entry_in_another_keychain_that_is_locked_makes_no_partial_backup(unlocked: Lab) -> None:
    second = unlocked.create_collection("second-password", "second")
    unlocked.add({"service": "mcp-secrets", "username": "hidden"}, b"1", collection=second)
    unlocked.add_entry("github_token", "value")
    world = LocalWorld(unlocked.host())
    assert len(collect(world).entries) == 2
    unlocked.lock(second)
    with pytest.raises(BackupError, match="second") as raised:
        collect(world)
    assert raised.value.reason is Reason.INCOMPLETE
    unlocked.restart_daemon()  # now only hashes of its attributes are shown
    unlocked.unlock("lab-password")
    with pytest.raises(BackupError, match="second"):
        collect(world)
    with pytest.raises(BackupError, match="second"):
        collect(world, names=["hidden"])
    assert [each.account for each in collect(world, names=["github_token"]).entries] == ["github_token"]


def test_entries_of_others_that_are_locked_do_not_matter(unlocked: Lab) -> None:
    second = unlocked.create_collection("second-password", "second")
    unlocked.add({"service": "someone-else", "username": "x"}, b"1", collection=second)
    unlocked.add_entry("github_token", "value")
    unlocked.lock(second)
    assert len(collect(LocalWorld(unlocked.host())).entries) == 1


def test_a_store_that_gives_less_than_it_counts_makes_no_backup(
    unlocked: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked.add_entry("one", "1")
    unlocked.add_entry("two", "2")
    world = LocalWorld(unlocked.host())
    whole = list(world.keychain.entries({}))
    monkeypatch.setattr(type(world.keychain), "entries", lambda self, attributes: whole[:1])
    with pytest.raises(BackupError, match="gave only 1"):
        collect(world)


def test_without_a_record_there_is_no_backup(unlocked: Lab, pair: Pair) -> None:
    unlocked.add_entry("github_token", "value")
    world = LocalWorld(unlocked.host())
    backup = collect(world)
    world.host.state_dir.parent.mkdir(parents=True, exist_ok=True)
    world.host.state_dir.write_text("in the way")
    with pytest.raises(RecoveryError, match="audit trail"):
        make(backup, pair.lock, world, Journal(world.host))
    assert listed(world.host) == []


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.age"
    write_new(path, b"first")
    with pytest.raises(BackupError, match="there already"):
        write_new(path, b"second")
    assert path.read_bytes() == b"first"
    link = tmp_path / "link.age"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BackupError):
        write_new(link, b"second")
    assert not (tmp_path / "elsewhere").exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.age", "link.age"]


def test_a_part_that_a_killed_process_left_is_swept_later(tmp_path: Path) -> None:
    old, young = (tmp_path / f".x.age.{each}.part" for each in ("old", "young"))
    for each in (old, young):
        each.write_bytes(b"ciphertext")
    os.utime(old, (0, 0))
    write_new(tmp_path / "a.age", b"new")
    assert [each.name for each in sorted(tmp_path.iterdir())] == [".x.age.young.part", "a.age"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", small], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small file system can't be mounted here: {error}")
    try:
        with pytest.raises(BackupError, match="No space left"):
            write_new(small / "sub" / "a.age", bytes(64 * 1024))
        assert list((small / "sub").iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_full_disk_is_told_where_nothing_can_be_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupError, match="No space left"):
        write_new(tmp_path / "a.age", b"content")
    assert list(tmp_path.iterdir()) == []


def test_finding_by_path_by_name_and_the_newest(unlocked: Lab, pair: Pair, tmp_path: Path) -> None:
    unlocked.add_entry("github_token", "value")
    world, _, made, _ = backed_up(unlocked, pair)
    assert find(world.host, None) == made.path
    assert find(world.host, made.path.name) == made.path
    assert find(world.host, str(tmp_path / "x.age")) == tmp_path / "x.age"
    with pytest.raises(BackupError, match="can't be read"):
        look(tmp_path / "x.age")
    os.mkfifo(tmp_path / "pipe.age")
    with pytest.raises(BackupError, match="not a file"):
        look(tmp_path / "pipe.age")
    made.path.unlink()
    with pytest.raises(BackupError, match="backup create"):
        find(world.host, None)


def test_many_entries(unlocked: Lab, pair: Pair) -> None:
    for number in range(150):
        unlocked.add_entry(f"token_{number}", "x" * number)
    _, _, _, opened = backed_up(unlocked, pair)
    assert len(opened.backup.entries) == 150
