"""The app on a fake session, driven by keys."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support import fake_session as fake
from tui.app import DoctorApp

OpenApp = Callable[..., AbstractAsyncContextManager["Driver"]]


class Driver:
    """A running app and its keyboard."""

    def __init__(self, app: DoctorApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, holds: Callable[[], bool], seconds: float = 30.0) -> None:
        """Waits for something that happens soon; fails when it does not."""
        ends = monotonic() + seconds
        while monotonic() < ends:
            await self.pilot.pause(0.01)
            if holds():
                await self.pilot.pause()
                return
        raise AssertionError(f"this did not happen within {seconds:g} s:\n{self.text}")

    async def settled(self) -> None:
        """Waits for the end of the running checks, and for what they change on the screen."""
        await self.until(lambda: self.app.board.context is not None and not self.app.board.running)
        await self.pilot.pause(0.05)

    async def press(self, *keys: str) -> None:
        """Types."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Types a text, character by character."""
        names = {" ": "space", "-": "minus", "_": "underscore", "/": "slash"}
        await self.pilot.press(*(names.get(character, character) for character in text))
        await self.pilot.pause()

    async def sees(self, *words: str) -> None:
        """Waits until all these words are on the screen."""
        await self.until(lambda: all(each in self.text for each in words))

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> OpenApp:
    """`async with open_app(session, size=(80, 24)) as driver`: the app after its first run."""

    @asynccontextmanager
    async def opened(
        session: fake.FakeSession, size: tuple[int, int] = (80, 24), *, settle: bool = True, **options: Any
    ) -> AsyncIterator[Driver]:
        monkeypatch.setattr("diagnostics.check.all_checks", fake.checks)
        monkeypatch.setattr("diagnostics.runner.diagnose", fake.fake_diagnose(session))
        app = DoctorApp(session)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True, **options) as pilot:
            driver = Driver(app, pilot)
            if settle:
                await driver.settled()
            yield driver

    return opened
