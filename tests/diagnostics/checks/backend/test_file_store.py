"""The check of the encrypted store tells its troubles apart, and says nothing where nobody chose one."""

import dataclasses
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from diagnostics.backups import folder_of, name_at
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Finding, Session, Status
from diagnostics.secret import Secret
from diagnostics.stores import FILE_STORE_VARIABLE
from diagnostics.stores.activation import can_start_keychain
from diagnostics.stores.choice import settings_path
from diagnostics.stores.file_store import identity_path, store_path
from recovery.journal import Journal
from recovery.planner import remedies_for
from recovery.runner import carry_out, preview, undo
from recovery.stores.file_store import FileKeychain
from recovery.stores.secret_service import SecretServiceKeychain
from recovery.world import LocalWorld
from tests.support import looking
from tests.support.file_store import host_with_choice, world_with_store
from tests.support.platforms import IS_ROOT

CHECK = "backend.file-store"


def look(host: Host) -> tuple[Context, dict[str, Finding]]:
    """What the checks of the store's stages find, by check, for a server that needs the entry `one`."""
    seen = looking.look(host, "one")
    return seen.context, {each.check: each for each in seen.findings}


def key_of(host: Host) -> Path:
    return identity_path(host)


def another_key(host: Host) -> None:
    key_of(host).write_text(f"{pyrage.x25519.Identity.generate()}\n")


def cut(host: Host) -> None:
    store_path(host).write_bytes(store_path(host).read_bytes()[:-3])


def folder_instead(host: Host) -> None:
    store_path(host).unlink()
    store_path(host).mkdir()


def pipe_instead(host: Host) -> None:
    store_path(host).unlink()
    os.mkfifo(store_path(host))


def link_instead(host: Host) -> None:
    moved = store_path(host).rename(host.home / "elsewhere")
    store_path(host).symlink_to(moved)


@pytest.mark.parametrize(
    ("spoil", "outcome", "cause"),
    [
        (lambda host: key_of(host).unlink(), "no-identity", "file_store_locked"),
        (lambda host: key_of(host).write_text("nonsense\n"), "bad-identity", "file_store_locked"),
        (lambda host: key_of(host).write_bytes(b"\xff\xfe" * 50_000), "bad-identity", "file_store_locked"),
        (another_key, "wrong-identity", "file_store_locked"),
        (cut, "damaged", "file_store_damaged"),
        (lambda host: store_path(host).write_bytes(b""), "damaged", "file_store_damaged"),
        (lambda host: store_path(host).write_bytes(b'{"items": []}'), "damaged", "file_store_damaged"),
        (lambda host: store_path(host).unlink(), "missing", "file_store_missing"),
        (folder_instead, "unreadable", "file_permission_denied"),
        (link_instead, "unreadable", "file_permission_denied"),
        (
            pipe_instead,
            "unreadable",
            "file_permission_denied",
        ),
    ],
)
def test_each_trouble_by_its_name(
    tmp_path: Path, spoil: Callable[[Host], object], outcome: str, cause: str
) -> None:
    host = world_with_store(tmp_path).host
    spoil(host)
    _, found = look(host)
    assert (found[CHECK].status, found[CHECK].outcome, found[CHECK].cause) == (Status.FAIL, outcome, cause)
    assert [each.check for each in found.values() if each.status is Status.FAIL] == [CHECK]
    assert "{" not in found[CHECK].title + found[CHECK].detail + "".join(found[CHECK].fix)
    assert "AGE-SECRET-KEY" not in repr(found).replace("AGE-SECRET-KEY-1…", "").replace(
        "AGE-SECRET-KEY-1,", ""
    )


def test_a_path_that_is_not_absolute(tmp_path: Path) -> None:
    _, found = look(host_with_choice(tmp_path, **{FILE_STORE_VARIABLE: "keys/id"}))
    assert found[CHECK].outcome == "bad-path"


def test_an_entry_in_it_is_found_and_another_is_missing(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    _, found = look(world.host)
    assert found[CHECK].outcome == "opens"
    assert found["lookup.entry"].outcome == "missing"
    world.keychain.put("file", "one", {"service": "mcp-secrets", "username": "one"}, Secret("value"))
    _, found = look(world.host)
    assert found["lookup.entry"].outcome == "found"
    assert not [each for each in found.values() if each.status in {Status.FAIL, Status.UNKNOWN}]


def test_a_key_that_others_can_read(tmp_path: Path) -> None:
    host = world_with_store(tmp_path).host
    key_of(host).chmod(0o644)
    _, found = look(host)
    assert (found[CHECK].status, found[CHECK].outcome) == (Status.WARN, "key-open-to-others")


def test_a_store_that_others_can_write(tmp_path: Path) -> None:
    host = world_with_store(tmp_path).host
    store_path(host).chmod(0o666)
    _, found = look(host)
    assert (found[CHECK].status, found[CHECK].outcome) == (Status.WARN, "store-open-to-others")


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file away")
def test_a_store_of_somebody_else(tmp_path: Path) -> None:
    host = world_with_store(tmp_path).host
    os.chown(store_path(host), 12345, -1)
    _, found = look(host)
    assert (found[CHECK].status, found[CHECK].outcome) == (Status.FAIL, "unreadable")
    assert "another user" in found[CHECK].detail


def test_a_settings_file_that_is_wrong(tmp_path: Path) -> None:
    host = world_with_store(tmp_path).host
    host = dataclasses.replace(host, env={"PATH": host.env["PATH"]})
    settings_path(host).parent.mkdir(parents=True)
    settings_path(host).write_text('store = "file"\n')
    _, found = look(host)
    assert (found[CHECK].status, found[CHECK].outcome) == (Status.FAIL, "bad-settings")
    assert f"$ rm {settings_path(host)}" in found[CHECK].fix


def test_a_key_beside_its_store(tmp_path: Path) -> None:
    host = world_with_store(tmp_path).host
    beside = key_of(host).rename(store_path(host).with_name("id"))
    host = dataclasses.replace(host, env={**host.env, FILE_STORE_VARIABLE: str(beside)})
    _, found = look(host)
    assert (found[CHECK].status, found[CHECK].outcome) == (Status.WARN, "key-beside-store")


def test_nobody_chose_it(tmp_path: Path) -> None:
    host = world_with_store(tmp_path).host
    host = dataclasses.replace(
        host, env={"PATH": host.env["PATH"], "XDG_RUNTIME_DIR": str(tmp_path), FILE_STORE_VARIABLE: ""}
    )
    _, found = look(host)
    assert CHECK not in found
    bus = found["backend.session-bus"]
    assert bus.outcome == "unset-container"
    offered = "\n".join(bus.fix)
    assert FILE_STORE_VARIABLE in offered
    assert "weaker" in offered


@pytest.mark.parametrize("has_key", [False, True])
def test_the_remedy_makes_it_and_an_undo_takes_it_back(tmp_path: Path, has_key: bool) -> None:
    host = host_with_choice(tmp_path)
    if has_key:
        key_of(host).parent.mkdir()
        key_of(host).touch(0o600)
        another_key(host)
    context, found = look(host)
    assert found[CHECK].outcome == ("missing" if has_key else "missing-with-key")
    remedy = remedies_for(found[CHECK], context)[0]
    assert remedy.id == "create-file-store"
    assert "does not protect" in remedy.why
    world, journal = LocalWorld(host), Journal(host)
    assert carry_out(remedy, {}, world, journal).ok
    assert look(host)[1][CHECK].outcome == "opens"
    assert undo(None, world, journal).ok
    assert not store_path(host).exists()
    assert key_of(host).exists() == has_key


def minimal(folder: Path, session: Session, **env: str) -> Host:
    """A host with no program for a bus."""
    host = host_with_choice(folder)
    given = {"PATH": str(folder), "XDG_RUNTIME_DIR": str(folder), "HOME": str(host.home), **env}
    return dataclasses.replace(host, session=session, env=given)


@pytest.mark.parametrize("session", [Session.CONTAINER, Session.SSH, Session.LOCAL])
def test_where_no_keychain_can_be_had_it_is_offered_and_undone(tmp_path: Path, session: Session) -> None:
    host = minimal(tmp_path, session)
    context, found = look(host)
    bus = found["backend.session-bus"]
    offered = remedies_for(bus, context)
    assert [each.id for each in offered] == ["choose-file-store"]
    assert "does not protect" in offered[0].why
    world, journal = LocalWorld(host), Journal(host)
    assert preview(offered[0], world)
    assert isinstance(world.keychain, SecretServiceKeychain)
    assert carry_out(offered[0], {}, world, journal).ok
    assert isinstance(world.keychain, FileKeychain)
    assert look(host)[1][CHECK].outcome == "opens"
    world.keychain.put("file", "one", {"service": "mcp-secrets", "username": "one"}, Secret("value"))
    assert look(host)[1]["lookup.entry"].outcome == "found"
    refused = undo(None, world, journal)
    assert not refused.ok
    assert "holds entries" in " ".join(refused.notes)
    world.keychain.delete(world.keychain.entries({})[0].path)


def test_choosing_is_taken_back_without_a_trace(tmp_path: Path) -> None:
    host = minimal(tmp_path, Session.CONTAINER)
    context, found = look(host)
    world, journal = LocalWorld(host), Journal(host)
    assert carry_out(remedies_for(found["backend.session-bus"], context)[0], {}, world, journal).ok
    assert undo(None, world, journal).ok
    assert not settings_path(host).exists()
    assert not settings_path(host).with_name("store.key").exists()
    assert not store_path(host).exists()
    assert look(host)[1]["backend.session-bus"].outcome == "unset-container"


def test_a_store_that_is_there_is_chosen_again(tmp_path: Path) -> None:
    host = minimal(tmp_path, Session.CONTAINER)
    for _ in range(2):
        context, found = look(host)
        remedy = remedies_for(found["backend.session-bus"], context)[0]
        assert carry_out(remedy, {}, LocalWorld(host), Journal(host)).ok
        assert look(host)[1][CHECK].outcome == "opens"
        settings_path(host).unlink()


def test_a_desktop_with_a_keychain_is_not_led_to_it(tmp_path: Path) -> None:
    host = dataclasses.replace(
        minimal(tmp_path, Session.LOCAL), env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path)}
    )
    if not can_start_keychain(host):
        pytest.skip("needs gnome-keyring")
    context, found = look(host)
    assert [each.id for each in remedies_for(found["backend.session-bus"], context)] == ["start-bus"]


def test_no_remedy_makes_the_key_beside_the_store(tmp_path: Path) -> None:
    host = host_with_choice(tmp_path)
    beside = store_path(host).with_name("key")
    host = dataclasses.replace(host, env={**host.env, FILE_STORE_VARIABLE: str(beside)})
    context, found = look(host)
    assert found[CHECK].outcome == "missing-with-key"
    assert remedies_for(found[CHECK], context) == []


def test_the_newest_backup_is_held_against_it(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    folder = folder_of(world.host)
    folder.mkdir(parents=True)
    (folder / name_at(datetime.now(UTC) - timedelta(days=3))).write_bytes(b"age-encryption.org/v1")
    world.keychain.put("file", "one", {"service": "mcp-secrets", "username": "one"}, Secret("value"))
    assert look(world.host)[1]["lookup.backup"].outcome == "older"
    (folder / name_at(datetime.now(UTC) + timedelta(seconds=2))).write_bytes(b"age-encryption.org/v1")
    assert look(world.host)[1]["lookup.backup"].outcome == "current"


def test_nothing_calls_it_a_keychain(tmp_path: Path) -> None:
    context, found = look(world_with_store(tmp_path).host)
    entry = found["lookup.entry"]
    assert entry.title == "No entry one in the encrypted store"
    remedy = remedies_for(entry, context)[0]
    said = [entry.detail, *entry.fix, found["lookup.readable"].title, remedy.title, remedy.why]
    said += [each.before + each.after for each in preview(remedy, LocalWorld(context.host))]
    assert not [each for each in said if "keychain" in each]
