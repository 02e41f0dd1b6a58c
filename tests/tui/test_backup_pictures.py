"""How the screens of backups look, on the encrypted store: a folder of them, a new one, one held against the store."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.backups import folder_of
from diagnostics.secret import Secret
from recovery.backups import opening
from recovery.backups.content import Backup, BackupEntry
from recovery.backups.making import make
from recovery.journal import Journal
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import Pair, a_pair
from tests.support.fake_session import FakeSession
from tests.support.file_store import world_with_store
from tests.support.snapshots import same_as_stored
from tests.tui import scenes
from tests.tui.conftest import OpenApp

SIZES = [(80, 24), (140, 45)]
NAMES = ("github_token", "linear_key", "slack_token", "weather_token")


def entry(name: str, value: str) -> BackupEntry:
    attributes = {"service": "mcp-secrets", "username": name}
    return BackupEntry(attributes, f"Password for '{name}' on 'mcp-secrets'", "login", Secret(value))


def prepared(world: LocalWorld, pair: Pair) -> None:
    """One entry is the same as in the newest backup, one has another value, and two are lost."""
    for name, value in (("github_token", "same"), ("linear_key", "other")):
        world.keychain.put("file", name, {"service": "mcp-secrets", "username": name}, Secret(value))
    entries = tuple(entry(name, "same") for name in NAMES)
    for made in ("2026-11-02T08:30:00Z", "2026-11-20T17:05:00Z"):
        backup = Backup(made, "mcp-doctor 0.1", "desk", "linux", "ada", "secret-service", entries)
        make(backup, pair.lock, world, Journal(world.host))
    folder = folder_of(world.host)
    (folder / "mcp-secrets-20261001T120000Z.age").write_bytes(b"cut off")
    stanza = b"-> scrypt " + b"A" * 22 + b" 18\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n" + bytes(40)
    (folder / "mcp-secrets-20261015T060000Z.age").write_bytes(b"age-encryption.org/v1\n" + stanza)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_screens_look_as_stored(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    looks: Callable[[Path, object, int], opening.Listed] = opening._look_at  # type: ignore[assignment]
    # How long an age file is changes by chance: its header holds padding.
    monkeypatch.setattr(opening, "_look_at", lambda path, made, _: looks(path, made, 1843))
    world, pair = world_with_store(tmp_path), a_pair(tmp_path, "key")
    session: FakeSession = dataclasses.replace(
        scenes.locked_out(tmp_path), host=world.host, open_world=LocalWorld
    )
    async with open_app(session, size=size) as driver:

        async def looks_as_stored(scene: str) -> None:
            await driver.settled()
            same_as_stored(driver.app.export_screenshot(), f"{scene}-{size[0]}x{size[1]}", tmp_path)

        async def open_with_key() -> None:
            await driver.sees("File of the private key")
            await driver.write(str(pair.path))
            await driver.press("enter")

        await driver.settled()
        await driver.press("b")
        await driver.sees("There is none yet")
        await looks_as_stored("backups-none")
        await driver.press("escape")
        prepared(world, pair)
        await driver.press("b")
        await driver.sees("2026-11-20 17:05 UTC")
        await looks_as_stored("backups")
        await driver.press("c")
        await driver.sees("Once more")
        await looks_as_stored("backup-new")
        await driver.press("escape")
        await driver.sees("Nothing was written")
        await driver.press("v")
        await driver.sees("File of the private key")
        await looks_as_stored("backup-key")
        await open_with_key()
        await driver.sees("is whole")
        await looks_as_stored("backup-verified")
        await driver.press("escape", "enter")
        await open_with_key()
        await driver.sees("2 new will be written")
        await looks_as_stored("backup-restore")
