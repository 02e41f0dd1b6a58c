"""A person in the demo: opens a scene, chooses servers, follows guides, by keys alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.events import Paste

from diagnostics.model import Status
from tests.tui.conftest import Driver
from tui.app import DoctorApp
from tui.demo import open_demo
from tui.screens.guide import GuideScreen
from tui.screens.guide_page import Phase
from tui.screens.pick import PickScreen
from tui.screens.tick_entries import TickEntriesScreen


@asynccontextmanager
async def demo(name: str, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driver]:
    """The app on a scene, after its first run; a drill's goal has been read."""
    with open_demo(name) as session:
        app = DoctorApp(session)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot)
            await driver.until(lambda: app.board.context is not None and not app.board.running, 20)
            if session.practice is not None:
                await driver.sees("Drill: ", "Goal", "Enter go to it")
                await driver.press("enter")
            await driver.sees("DEMO", "nothing of yours is touched")
            yield driver


async def choose(driver: Driver, server: str) -> None:
    """By the search, as a person would among many."""
    await driver.press("slash")
    await driver.pilot.press("ctrl+u")
    await driver.write(server)
    await driver.press("enter")
    await driver.sees(f"{server} · ")


async def mend(driver: Driver, remedy: str, *answers: str) -> None:
    """Opens the guide of the chosen server and follows it to its end."""
    await driver.until(
        lambda: any(remedy in each.title for each in getattr(driver.app.screen, "remedies", ()))
    )
    await driver.press("m")
    await pick(driver, remedy)
    await follow(driver, remedy, *answers)


async def pick(driver: Driver, remedy: str) -> None:
    """Chooses a remedy where several are offered."""
    await driver.until(lambda: isinstance(driver.app.screen, PickScreen | GuideScreen))
    screen = driver.app.screen
    if isinstance(screen, PickScreen):
        titles = [each.title for each in screen._remedies]
        await driver.press(*["down"] * next(at for at, each in enumerate(titles) if remedy in each), "enter")


async def follow(driver: Driver, remedy: str, *answers: str, against: bool = False) -> None:
    """From a guide's first page to its end, and back home; a token goes into all entries that hold the old one.

    In: what it asks for, in order; whether a token is stored against the doctor's advice.
    """
    await driver.until(lambda: isinstance(driver.app.screen, GuideScreen | TickEntriesScreen))
    if isinstance(driver.app.screen, TickEntriesScreen):
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, GuideScreen))
    screen = driver.app.screen
    assert isinstance(screen, GuideScreen)
    assert remedy in screen._remedy.title
    await driver.until(lambda: screen.phase in {Phase.ASKING, Phase.AGREEING})
    for answer in answers:
        await enter(driver, answer)
    if against:
        await driver.until(lambda: "k store it all the same" in driver.text, 20)
        await driver.press("k")
    while screen.phase is not Phase.OVER:
        await driver.until(lambda: screen.phase in {Phase.AGREEING, Phase.OVER, Phase.IMPOSSIBLE}, 20)
        assert screen.phase is not Phase.IMPOSSIBLE, driver.text
        if screen.phase is Phase.AGREEING:
            await driver.press("enter")
            await driver.until(lambda: screen.phase is not Phase.AGREEING)
    await driver.press("enter")
    await driver.settled()


async def enter(driver: Driver, answer: str) -> None:
    """Pastes an answer, and goes on."""
    driver.app.post_message(Paste(answer))
    await driver.pilot.pause()
    await driver.press("enter")


def states(driver: Driver) -> dict[str, Status | None]:
    board = driver.app.board
    return {row.title: board.state(row.key) for row in board.rows()}
