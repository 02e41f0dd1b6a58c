"""A drill for pictures: its clock stands still, and what its debrief says is written down here."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.tui.conftest import Driver
from tui.demo.debrief import Debrief, Point
from tui.demo.drill import Practice
from tui.demo.scenario import load
from tui.demo.stage import PRIVATE
from tui.session import DoctorSession

_SECONDS = 130.0


def under_way() -> dict[str, Any]:
    """What makes a session a drill: the outage, as it has outside deeds too."""
    scenario = load("outage")
    assert scenario.drill is not None
    root = Path("/home/ada/mcp-doctor-demo-1")
    task = ("To try, from a colleague: (a token)",)
    practice = Practice(scenario, scenario.drill, root, PRIVATE, task, clock=lambda: _SECONDS, began=0.0)
    return {"practice": practice, "banner": "DEMO", "notes": task}


def judged(practice: Practice, _session: DoctorSession) -> Debrief:
    """Somebody rotated during the outage."""
    drill = practice.drill
    found = Debrief(
        title=practice.scenario.title,
        points=tuple(Point(each.words, number % 2 == 0) for number, each in enumerate(drill.must)),
        slips=(drill.must_not[0].words,),
        done=(
            " 0:40  Replace the token github_token by a new one (done, then taken back)",
            " 1:52  Outside the doctor: Look at github's status page, and wait until it is back",
        ),
        careful=drill.careful,
        seconds=_SECONDS,
        minutes=drill.minutes,
        hints_taken=1,
        hints=3,
        record="The record of it holds.",
    )
    practice.debrief = found
    return found


async def read(driver: Driver) -> None:
    """The goal has been read."""
    await driver.sees("Drill: ")
    await driver.press("enter")


async def _goal(driver: Driver) -> None:
    await driver.sees("Drill: ")


async def _hints(driver: Driver) -> None:
    await read(driver)
    await driver.press("h", "h")
    await driver.sees("2  One provider")


async def _deeds(driver: Driver) -> None:
    await read(driver)
    await driver.press("o")
    await driver.sees("Outside the doctor")


async def _debrief(driver: Driver) -> None:
    await read(driver)
    await driver.press("d")
    await driver.sees("The goal is")


PICTURES: dict[str, Callable[[Driver], Awaitable[None]]] = {
    "drill": read,
    "drill-goal": _goal,
    "drill-hints": _hints,
    "drill-deeds": _deeds,
    "drill-debrief": _debrief,
}
