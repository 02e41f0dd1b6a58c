"""The backups in the app, by keyboard at 80×24, on a real keychain."""

import dataclasses
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from recovery.backups.making import collect, make
from recovery.backups.opening import listed
from recovery.journal import Journal
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import PASSPHRASE, Pair, a_pair, snapshot
from tests.support.fake_session import FakeSession
from tests.support.lab import Lab
from tests.tui import scenes
from tests.tui.conftest import Driver, OpenApp


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return a_pair(tmp_path, "key")


def on(lab: Lab, tmp_path: Path) -> FakeSession:
    """The app's session on a lab."""
    return dataclasses.replace(scenes.locked_out(tmp_path), host=lab.host(), open_world=LocalWorld)


def backed_up(lab: Lab, pair: Pair) -> LocalWorld:
    world = LocalWorld(lab.host())
    make(collect(world), pair.lock, world, Journal(world.host))
    return world


async def opened(driver: Driver, path: Path, key: str) -> None:
    await driver.press("b")
    await driver.sees("1 recipient")
    await driver.press(key)
    await driver.sees("File of the private key")
    await driver.write(str(path))
    await driver.press("enter")


async def test_a_first_backup_is_made_with_a_passphrase_asked_twice(
    open_app: OpenApp, tmp_path: Path, unlocked: Lab
) -> None:
    unlocked.add_entry("github_token", "CANARY")
    async with open_app(on(unlocked, tmp_path)) as driver:
        await driver.press("b")
        await driver.sees("Backups", "There is none yet", "c new backup")
        await driver.press("c")
        await driver.sees("New backup", "1 entry: github_token", "A passphrase")
        await driver.write("short")
        await driver.press("enter")
        await driver.write("short")
        await driver.press("enter")
        await driver.sees("too short")
        for _ in range(2):
            await driver.write(PASSPHRASE)
            await driver.press("enter")
        assert PASSPHRASE not in driver.text
        await driver.until(lambda: bool(listed(unlocked.host())), 60)
        await driver.sees("passphrase", "Backed up")
        assert "CANARY" not in driver.text
        assert not driver.app.under_way


async def test_leaving_the_question_writes_nothing(open_app: OpenApp, tmp_path: Path, unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "x")
    async with open_app(on(unlocked, tmp_path)) as driver:
        await driver.press("b")
        await driver.sees("There is none yet")
        await driver.press("c")
        await driver.sees("New backup")
        await driver.press("escape")
        await driver.sees("Nothing was written")
        assert listed(unlocked.host()) == []


async def test_a_locked_keychain_is_said_in_words(open_app: OpenApp, tmp_path: Path, unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "x")
    unlocked.lock()
    async with open_app(on(unlocked, tmp_path)) as driver:
        await driver.press("b")
        await driver.sees("There is none yet")
        await driver.press("c")
        await driver.sees("mcp-doctor unlock")


async def test_verifying_says_what_changed(
    open_app: OpenApp, tmp_path: Path, unlocked: Lab, pair: Pair
) -> None:
    for name in ("same", "differs", "gone"):
        unlocked.add_entry(name, name)
    world = backed_up(unlocked, pair)
    unlocked.add_entry("differs", "other")
    world.keychain.delete(world.keychain.entries({"username": "gone"})[0].path)
    async with open_app(on(unlocked, tmp_path)) as driver:
        await opened(driver, pair.path, "v")
        await driver.sees("is whole", "3 entries", "1 another value: differs", "1 not in the keychain: gone")
        await driver.press("escape", "escape")
        await driver.sees("Servers")


async def test_restoring_shows_the_diff_and_does_what_is_marked(
    open_app: OpenApp, tmp_path: Path, unlocked: Lab, pair: Pair
) -> None:
    for name in ("differs", "gone", "gone_too", "same"):
        unlocked.add_entry(name, name)
    world = backed_up(unlocked, pair)
    unlocked.add_entry("differs", "other")
    for name in ("gone", "gone_too"):
        world.keychain.delete(world.keychain.entries({"username": name})[0].path)
    before = snapshot(world)
    async with open_app(on(unlocked, tmp_path)) as driver:
        await opened(driver, pair.path, "enter")
        await driver.sees("2 new will be written; 1 with another value stay", "[ ] ✗ differs", "[x] ▲ gone")
        await driver.press("o")
        await driver.sees("1 get the backup's value", "[x] ✗ differs")
        await driver.press("down", "down", "space")
        await driver.sees("1 new will be written", "[ ] ▲ gone_too")
        assert snapshot(world) == before
        await driver.press("enter")
        await driver.until(lambda: unlocked.keyring_get("differs") == "differs", 20)
        await driver.sees("Restored")
        await driver.until(lambda: not driver.app.under_way)
    values = {each[3] for each in snapshot(world)}
    assert values == {"differs", "gone", "same"}
    assert [each.remedy for each in Journal(world.host).operations()] == ["restore-backup"]


async def test_a_wrong_key_and_a_broken_file_are_said(
    open_app: OpenApp, tmp_path: Path, unlocked: Lab, pair: Pair
) -> None:
    unlocked.add_entry("token", "x")
    backed_up(unlocked, pair)
    async with open_app(on(unlocked, tmp_path)) as driver:
        await opened(driver, a_pair(tmp_path, "other").path, "v")
        await driver.sees("not encrypted for this key")
    (one,) = listed(unlocked.host())
    one.path.write_bytes(b"age-encryption.org/v1\n")
    async with open_app(on(unlocked, tmp_path)) as driver:
        await driver.press("b")
        await driver.sees("not usable")
        await driver.press("v")
        await driver.sees("damaged")


async def test_a_hostile_name_is_text(open_app: OpenApp, tmp_path: Path, unlocked: Lab, pair: Pair) -> None:
    from recovery.backups.age import encrypt
    from recovery.backups.content import Backup, BackupEntry, written
    from recovery.backups.file import write_new

    entry = BackupEntry({"service": "mcp-secrets", "username": "[red]x\x1b[31m"}, "", "", Secret("x"))
    backup = Backup("now", "x", "[b]host", "linux", "u", "s", (entry,))
    folder = unlocked.home / ".local/share/mcp-doctor/backups"
    write_new(folder / "[red]a.age", encrypt(written(backup), pair.lock, unlocked.host()))
    async with open_app(on(unlocked, tmp_path)) as driver:
        await opened(driver, pair.path, "enter")
        await driver.sees("[red]x")
        assert "\x1b" not in driver.text
