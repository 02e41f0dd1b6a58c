"""Cleaning up with the keyboard, and without the app, on the real daemon."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recovery.journal import Journal
from recovery.operation import Event
from recovery.world import LocalWorld
from tests.support.lab import REPO, Lab, a_lab
from tests.support.snapshots import same_as_stored
from tests.support.terminal import Terminal
from tests.support.tokens import github
from tests.tui import scenes
from tests.tui.conftest import OpenApp

TOKEN = github("screen")


@pytest.fixture
def damaged() -> Iterator[Lab]:
    """Two entries that can be repaired with certainty, one that can't, and one that is well."""
    with a_lab() as lab:
        lab.start("pw")
        lab.add_entry("github_newline", f"{TOKEN}\n")
        lab.add_entry("github_bearer", f"Bearer {TOKEN}")
        lab.add_entry("example", "YOUR_TOKEN_HERE")
        lab.add_entry("well", TOKEN)
        yield lab


def call(lab: Lab, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tui", "cleanup", "--offline", *words]
    done = lab.run(command, env={"PYTHONPATH": str(REPO)}, seconds=60)
    return done.returncode, done.stdout + done.stderr


def test_dry_run_tells_everything_and_changes_nothing(damaged: Lab) -> None:
    before = damaged.snapshot()
    code, said = call(damaged, "--dry-run")
    assert code == 1
    assert "4 entries looked at" in said
    assert "There is a line break at its end." in said
    assert "It is an example from a manual" in said
    assert TOKEN[:14] not in said
    assert damaged.snapshot() == before


def test_yes_does_what_is_certain_and_nothing_else(damaged: Lab) -> None:
    code, said = call(damaged, "--yes")
    assert code == 1
    assert "Left as it is: example" in said
    assert TOKEN[:14] not in said
    assert damaged.keyring_get("github_newline") == TOKEN
    assert damaged.keyring_get("github_bearer") == TOKEN
    assert damaged.keyring_get("example") == "YOUR_TOKEN_HERE"
    code, said = call(damaged, "--yes")
    assert code == 1
    assert "Done." not in said


def test_without_consent_nothing_is_done(damaged: Lab) -> None:
    code, said = call(damaged)
    assert code == 2
    assert "add --yes" in said
    assert damaged.keyring_get("github_newline") == f"{TOKEN}\n"


def test_a_locked_keychain_is_said(damaged: Lab) -> None:
    damaged.lock()
    code, said = call(damaged, "--yes")
    assert code == 1
    assert "mcp-doctor unlock" in said


def test_at_a_terminal_the_rest_is_asked_about_one_by_one(damaged: Lab) -> None:
    command = [sys.executable, "-m", "tui", "cleanup", "--offline"]
    with Terminal(command, env=damaged.environment({"PYTHONPATH": str(REPO)})) as terminal:
        terminal.wait_for(r"Do it\?")
        terminal.write("y\n")
        terminal.wait_for(r"What shall be done\?")
        terminal.write("2\n")
        terminal.wait_for(r"Set example[^?]*Do it\?")
        terminal.write("y\n")
        terminal.wait_for("Nothing is wrong with any entry now")
    assert damaged.keyring_get("example") is None


@pytest.mark.parametrize("size", [(80, 24), (140, 45)], ids=["80x24", "140x45"])
async def test_the_list_looks_as_stored(
    damaged: Lab, open_app: OpenApp, tmp_path: Path, size: tuple[int, int]
) -> None:
    world = LocalWorld(damaged.host())
    session = scenes.locked_out(tmp_path, open_world=lambda _host: world)
    async with open_app(session, size=size) as driver:
        await driver.settled()
        await driver.press("c")
        await driver.sees("[x] github_bearer")
        await driver.settled()
        name = f"cleanup-{size[0]}x{size[1]}"
        same_as_stored(driver.app.export_screenshot(), name, tmp_path)


async def test_by_keyboard(damaged: Lab, open_app: OpenApp, tmp_path: Path) -> None:
    world = LocalWorld(damaged.host())
    session = scenes.locked_out(tmp_path, open_world=lambda _host: world)
    async with open_app(session, size=(80, 24)) as driver:
        await driver.settled()
        await driver.press("c")
        await driver.sees("4 entries looked at, 3 with something wrong", "[x] github_bearer", "[ ] example")
        await driver.press("enter")
        await driver.sees("Clean up 2 entries", "as it was meant", "Shall it be done?")
        assert damaged.keyring_get("github_bearer") == f"Bearer {TOKEN}"
        await driver.press("enter")
        await driver.sees("Done, and looked at again.")
        assert damaged.keyring_get("github_bearer") == TOKEN
        await driver.press("enter")
        await driver.sees("1 with something wrong")
        await driver.press("space", "enter")
        await driver.sees("Which way?", "Set example")
        await driver.press("down", "enter")
        await driver.sees("Set example (mcp-secrets) aside", "Shall it be done?")
        await driver.press("enter")
        await driver.sees("Done, and looked at again.")
        await driver.press("u")
        await driver.sees("Taken back.")
        await driver.press("enter")
        await driver.sees("1 with something wrong")
    # Mending may lead to another host (here it does, to the real daemon's): each has its own trail.
    trails = [Journal(each) for each in (session.host, world.host)]
    states = [each.state for trail in trails for each in trail.operations()]
    assert states == [Event.DONE, Event.UNDONE]
    assert damaged.keyring_get("example") == "YOUR_TOKEN_HERE"
