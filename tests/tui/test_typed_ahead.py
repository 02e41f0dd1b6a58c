"""Keys faster than any screen is made: the app takes or drops them, and never breaks off."""

import random
from pathlib import Path

import pytest
from textual import events

from recovery.journal import Journal
from tests.tui import scenes
from tests.tui.conftest import Driver, OpenApp
from tests.tui.deeds import deeds, stand_still

DOORS = ["a", "b", "c", "e", "l", "m", "s", "u", "w", "question_mark", "slash", "R", "E"]
"""Keys that open something from the home screen."""
INSIDE = [
    "escape",
    "escape",
    "escape",
    "enter",
    "up",
    "down",
    "space",
    "v",
    "w",
    "tab",
    "pageup",
    "r",
    "n",
    "o",
    "f",
    "t",
    "x",
]
BURSTS = 60


def burst(driver: Driver, keys: list[str]) -> None:
    """Types without waiting for anything."""
    for key in keys:
        character = key if len(key) == 1 else {"slash": "/", "space": " ", "question_mark": "?"}.get(key)
        driver.app.post_message(events.Key(key, character))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_keys_hammered_through_all_screens_break_nothing(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    stand_still(monkeypatch)
    fake = scenes.locked_out(tmp_path)
    deeds(Journal(fake.host))
    dice = random.Random(seed)
    async with open_app(fake) as driver:
        for _ in range(BURSTS):
            burst(driver, [dice.choice(DOORS), *dice.choices(INSIDE + DOORS, k=dice.randrange(1, 9))])
            await driver.pilot.pause(dice.choice((0.0, 0.0, 0.01, 0.03)))
            assert driver.app._exception is None
        for _ in range(12):
            await driver.press("escape")
        await driver.sees("Servers")
    assert not driver.app.crash


@pytest.mark.parametrize("door", DOORS)
async def test_a_screen_that_is_left_at_once_is_not_written_on(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    stand_still(monkeypatch)
    fake = scenes.locked_out(tmp_path)
    deeds(Journal(fake.host))
    async with open_app(fake) as driver:
        for wait in (0.0, 0.0, 0.005, 0.02):
            burst(driver, [door, "enter", "v", "escape", "escape"])
            await driver.pilot.pause(wait)
        await driver.press("escape", "escape", "escape", "escape")
        await driver.sees("Servers")
    assert not driver.app.crash
