"""Damaged keychain files on the real daemon: what is saved, what is kept, and that a crash leaves nothing between."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diagnostics.context import Context, Options
from diagnostics.model import Finding, Status
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from recovery.journal import Journal
from recovery.keyring_file import digest_of
from recovery.keyring_remedies import ask_damaged_password
from recovery.model import RecoveryError, Remedy
from recovery.planner import remedies_for
from recovery.runner import Outcome, Result, carry_out, preview, undo
from recovery.steps.keyring_file import MoveKeyringAside
from recovery.steps.keyring_rebuild import DAMAGED_PASSWORD, ImportSalvaged, TrySalvage
from recovery.world import LocalWorld
from tests.recovery.conftest import PASSWORD, judge, mend
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


def login(lab: Lab) -> Path:
    return lab.keyrings / "login.keyring"


def damage(lab: Lab, change: Callable[[bytes], bytes], path: Path | None = None) -> bytes:
    """Damages a file while the daemon does not run, and starts a daemon on it. Out: the damaged content."""
    where = path or login(lab)
    lab.stop_daemon()
    content = change(where.read_bytes())
    where.write_bytes(content)
    lab.start_daemon()
    return content


def findings(lab: Lab) -> tuple[list[Finding], Context]:
    host = lab.host()
    context = Context(host, Options(offline=True), (), (), open_store(host))
    return [each for each in diagnose(context) if each.status in {Status.FAIL, Status.WARN}], context


def offered(lab: Lab, wanted: str) -> Remedy:
    found, context = findings(lab)
    if any(each.check == "permission.collection-locked" for each in found):
        assert "rebuild-keychain" not in {each.id for one in found for each in remedies_for(one, context)}
        mend(LocalWorld(lab.host()))
        found, context = findings(lab)
    remedies = [each for finding in found for each in remedies_for(finding, context)]
    return next(each for each in remedies if each.id == wanted)


def rebuild(lab: Lab, password: str = PASSWORD, remedy: Remedy | None = None) -> tuple[Outcome, LocalWorld]:
    remedy = remedy or offered(lab, "rebuild-keychain")
    world = LocalWorld(lab.host())
    preview(remedy, world)
    return carry_out(remedy, {DAMAGED_PASSWORD: Secret(password)}, world, Journal(world.host)), world


def flipped(content: bytes) -> bytes:
    return content[:-300] + bytes((content[-300] ^ 1,)) + content[-299:]


def overwritten(content: bytes) -> bytes:
    return content[:-300] + bytes(20) + content[-280:]


def mark_garbled(content: bytes) -> bytes:
    return b"garbled mark...." + content[16:]


@pytest.mark.parametrize(
    ("change", "saved"),
    [
        (lambda content: content[:-10], 5),
        (lambda content: content[:-150], 5),
        (mark_garbled, 6),
        (flipped, 6),
        (overwritten, 5),
    ],
    ids=["cut-10", "cut-150", "mark", "one-bit", "twenty-bytes"],
)
def test_what_can_be_saved_is_rebuilt(filled: Lab, change: Callable[[bytes], bytes], saved: int) -> None:
    content = damage(filled, change)
    pid = filled.daemon_pid
    outcome, world = rebuild(filled)
    assert outcome.ok, outcome
    assert any(f"{saved} entries were saved" in note for note in outcome.notes), outcome.notes
    there = {name for name in NAMES if filled.keyring_get(name) == name}
    assert len(there) == saved
    assert (filled.keyrings / "login.keyring.damaged-1").read_bytes() == content
    assert filled.daemon_pid == pid
    judge(filled, world)
    filled.restart_daemon()
    filled.unlock(PASSWORD)
    assert {name for name in NAMES if filled.keyring_get(name) == name} == there


def test_a_lost_entry_that_a_config_names_is_named(filled: Lab) -> None:
    damage(filled, lambda content: content[:-10])
    remedy = offered(filled, "rebuild-keychain")
    steps = tuple(
        dataclasses.replace(each, known=tuple(NAMES)) if isinstance(each, ImportSalvaged) else each
        for each in remedy.steps
    )
    outcome, world = rebuild(filled, remedy=dataclasses.replace(remedy, steps=steps))
    there = {each.account for each in world.keychain.entries({"service": "mcp-secrets"})}
    (lost,) = set(NAMES) - there
    assert any(f"1 could not be saved: {lost}." in note for note in outcome.notes), outcome.notes


def test_every_programs_entries_come_back_byte_for_byte(filled: Lab) -> None:
    attributes = {"server": "host", "protocol": "imap", "xdg:schema": "org.example.Other"}
    filled.add(attributes, bytes(range(256)), label="Another “program’s” – entry")
    before = {each.path: each for each in LocalWorld(filled.host()).keychain.entries(attributes)}
    damage(filled, flipped)
    outcome, world = rebuild(filled)
    assert outcome.ok, outcome
    (now,) = world.keychain.entries(attributes)
    (was,) = before.values()
    assert (now.label, now.attributes, now.secret) == (was.label, was.attributes, was.secret)


@pytest.mark.parametrize("change", [flipped, lambda content: content[:-10]], ids=["one-bit", "cut"])
def test_a_wrong_password_changes_nothing(filled: Lab, change: Callable[[bytes], bytes]) -> None:
    content = damage(filled, change)
    outcome, _ = rebuild(filled, "wrong")
    assert outcome.result is Result.NOTHING_CHANGED
    assert "password is not the right one" in outcome.error
    assert login(filled).read_bytes() == content
    assert [each.name for each in filled.keyrings.glob("*.damaged*")] == []


def test_a_whole_file_is_left_alone(filled: Lab) -> None:
    filled.lock()
    digest = digest_of(str(login(filled)))
    steps = (TrySalvage(str(login(filled)), digest),)
    remedy = Remedy("test", "Test", "", "", steps, (ask_damaged_password("login"),))
    outcome, _ = rebuild(filled, remedy=remedy)
    assert "the file is whole" in outcome.error


def test_an_open_keychain_is_left_alone(filled: Lab) -> None:
    path = str(login(filled))
    step = MoveKeyringAside(path, f"{path}.damaged-1", digest_of(path))
    with pytest.raises(RecoveryError, match="open and works"):
        step.preview(LocalWorld(filled.host()))


def test_unlocking_says_whether_the_password_is_wrong_or_the_file_damaged(filled: Lab) -> None:
    damage(filled, overwritten)
    keychain = LocalWorld(filled.host()).keychain
    with pytest.raises(RecoveryError, match=r"the password is right, but the file .* is damaged"):
        keychain.unlock("/org/freedesktop/secrets/collection/login", Secret(PASSWORD))
    with pytest.raises(RecoveryError, match="the password is not the right one"):
        keychain.unlock("/org/freedesktop/secrets/collection/login", Secret("wrong"))


def test_undo_brings_the_old_file_back_and_keeps_the_new_one(filled: Lab) -> None:
    content = damage(filled, overwritten)
    outcome, world = rebuild(filled)
    rebuilt = login(filled).read_bytes()
    back = undo(outcome.operation, world, Journal(world.host))
    assert back.ok, back
    assert login(filled).read_bytes() == content
    assert (filled.keyrings / "login.keyring.rebuilt-1").read_bytes() == rebuilt
    assert not list(filled.keyrings.glob("*.damaged*"))


@pytest.mark.parametrize("change", [overwritten, mark_garbled], ids=["legible", "garbled"])
def test_after_undo_no_program_writes_over_the_damaged_file_and_it_can_be_rebuilt_again(
    filled: Lab, change: Callable[[bytes], bytes]
) -> None:
    content = damage(filled, change)
    outcome, world = rebuild(filled)
    assert undo(outcome.operation, world, Journal(world.host)).ok
    with pytest.raises(AssertionError, match=r"KeyringLocked|InitError"):
        filled.keyring_set("later", "by another program")
    assert login(filled).read_bytes() == content
    found, context = findings(filled)
    remedies = [each for finding in found for each in remedies_for(finding, context)]
    remedy = next(each for each in remedies if each.id == "rebuild-keychain")
    again, world = rebuild(filled, remedy=remedy)
    assert again.ok, again
    judge(filled, world, NAMES[0])


def test_undo_refuses_where_something_was_stored_since(filled: Lab) -> None:
    damage(filled, overwritten)
    outcome, world = rebuild(filled)
    filled.keyring_set("later", "stored afterwards")
    back = undo(outcome.operation, world, Journal(world.host))
    assert not back.ok
    assert any("1 entry by now" in note for note in back.notes)
    assert filled.keyring_get("later") == "stored afterwards"


def test_a_file_that_changes_while_we_look_is_left_alone(filled: Lab) -> None:
    damage(filled, lambda content: content[:-10])
    remedy = offered(filled, "rebuild-keychain")
    login(filled).write_bytes(login(filled).read_bytes()[:-10])
    with pytest.raises(RecoveryError, match="was changed since"):
        rebuild(filled, remedy=remedy)
    outcome = carry_out(
        remedy, {DAMAGED_PASSWORD: Secret(PASSWORD)}, LocalWorld(filled.host()), Journal(filled.host())
    )
    assert outcome.result is Result.NOTHING_CHANGED
    assert not list(filled.keyrings.glob("*.damaged*"))


def test_a_link_is_moved_and_its_target_left(filled: Lab) -> None:
    target = filled.home / "dotfiles.keyring"
    filled.stop_daemon()
    target.write_bytes(login(filled).read_bytes()[:-10])
    content = target.read_bytes()
    login(filled).unlink()
    login(filled).symlink_to(target)
    filled.start_daemon()
    outcome, world = rebuild(filled)
    assert outcome.ok, outcome
    assert target.read_bytes() == content
    assert (filled.keyrings / "login.keyring.damaged-1").readlink() == target
    judge(filled, world, NAMES[0])


def test_two_damaged_keychains_are_mended_one_after_the_other(filled: Lab) -> None:
    work = filled.create_collection("other-password", "Work stuff")
    filled.add({"service": "work", "username": "me"}, b"at work", collection=work, label="Work")
    other = filled.keyrings / "Work_stuff.keyring"
    filled.stop_daemon()
    for path in (login(filled), other):
        path.write_bytes(mark_garbled(path.read_bytes()))
    filled.start_daemon()
    first, _ = rebuild(filled)
    assert first.ok, first
    second = offered(filled, "rebuild-keychain")
    assert "Work stuff" in second.title
    outcome, world = rebuild(filled, "other-password", second)
    assert outcome.ok, outcome
    (entry,) = world.keychain.entries({"service": "work"})
    assert entry.secret == Secret("at work")
    assert filled.keyring_get(NAMES[0]) == NAMES[0]


@pytest.mark.parametrize(
    "content",
    [b"", bytes(2000), b"no keyring at all" * 50, b"GnomeKeyring\n\r\0\n"],
    ids=["empty", "zero", "text", "mark"],
)
def test_where_nothing_can_be_saved_a_new_one_is_begun_and_the_file_kept(filled: Lab, content: bytes) -> None:
    damage(filled, lambda _: content)
    remedy = offered(filled, "begin-new-keychain")
    world = LocalWorld(filled.host())
    outcome = carry_out(remedy, {"password": Secret("new-password")}, world, Journal(world.host))
    assert outcome.ok, outcome
    assert (filled.keyrings / "login.keyring.damaged-1").read_bytes() == content
    judge(filled, world)
    filled.restart_daemon()
    filled.unlock("new-password")


def second_login(lab: Lab) -> bytes:
    """A keychain made while the damaged one had the name; the daemon still holds it open."""
    content = damage(lab, lambda content: content[:-10])
    assert lab.create_collection("newer-password") == "/org/freedesktop/secrets/collection/login"
    assert (lab.keyrings / "login_1.keyring").exists()
    lab.add_entry("newer", "newer")
    return content


@pytest.mark.parametrize("restarted", [False, True], ids=["same-daemon", "after-a-restart"])
def test_login_1_gets_its_proper_name(filled: Lab, restarted: bool) -> None:
    content = second_login(filled)
    if restarted:
        filled.restart_daemon()
    remedy = offered(filled, "promote-second-login")
    world = LocalWorld(filled.host())
    shown = preview(remedy, world)
    assert any(f"process {filled.daemon_pid}" in each.what for each in shown)
    assert any("locked until" in each.after for each in shown)
    outcome = carry_out(remedy, {"password": Secret("newer-password")}, world, Journal(world.host))
    assert outcome.ok, outcome
    assert filled.keyring_get("newer") == "newer"
    assert (filled.keyrings / "login.keyring.damaged-1").read_bytes() == content
    judge(filled, world)
    back = undo(outcome.operation, world, Journal(world.host))
    assert back.ok, back
    assert login(filled).read_bytes() == content
    assert (filled.keyrings / "login_1.keyring").exists()


def test_a_daemon_that_the_bus_starts_midway_is_outwaited(
    filled: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_login(filled)
    remedy = offered(filled, "promote-second-login")
    world = LocalWorld(filled.host())
    rename = world.files.rename

    def renamed(old: str, new: str) -> None:
        filled.activate()  # a program asks for a secret, and the bus starts a daemon
        rename(old, new)

    monkeypatch.setattr(world.files, "rename", renamed)
    outcome = carry_out(remedy, {"password": Secret("newer-password")}, world, Journal(world.host))
    assert outcome.ok, outcome
    assert filled.keyring_get("newer") == "newer"
