"""Keys are answered while a daemon hangs and while a thousand servers stream in."""

import time
from pathlib import Path

from diagnostics.model import Finding, Server, Stage, Status
from tests.support.fake_session import finding, server, session
from tests.tui import scenes
from tests.tui.conftest import Driver, OpenApp
from tui.widgets.server_list import ServerList

LIMIT = 0.1
"""Seconds for a key press, screen included."""


async def answered(driver: Driver, key: str) -> float:
    """How long until the cursor has moved."""
    servers = driver.app.screen.query_one(ServerList)
    before = servers.chosen
    began = time.perf_counter()
    driver.app.simulate_key(key)
    while servers.chosen == before:
        await driver.pilot._wait_for_screen()
        if time.perf_counter() - began > 5:
            raise AssertionError("the key was never answered")
    return time.perf_counter() - began


async def test_keys_are_answered_while_a_check_hangs(open_app: OpenApp, tmp_path: Path) -> None:
    fake = scenes.locked_out(tmp_path, hang_at=Stage.PERMISSION)
    async with open_app(fake, settle=False) as driver:
        await driver.sees("Is the default keychain unlocked?")
        times = [await answered(driver, key) for key in ("down", "down", "up", "down", "up")]
        assert driver.app.board.running
        assert sorted(times)[len(times) // 2] < LIMIT, times
        await driver.sees("still waiting")  # after two seconds
        fake.release.set()


async def test_keys_are_answered_while_a_thousand_servers_stream_in(
    open_app: OpenApp, tmp_path: Path
) -> None:
    servers = [server(f"server-{number:04}") for number in range(1000)]
    found: list[Finding] = [finding(Stage.BACKEND, Status.OK, "It answers")]
    for stage in (Stage.CONFIG, Stage.REFERENCE, Stage.LOOKUP, Stage.FORMAT, Stage.VALIDITY):
        found += [_one(stage, each) for each in servers]
    async with open_app(session(tmp_path, servers, found), settle=False) as driver:
        await driver.until(lambda: len(driver.app.board.findings) > 0)
        times = [await answered(driver, key) for key in ("down",) * 10]
        assert sorted(times)[len(times) // 2] < LIMIT, times
        await driver.settled()
        assert len(driver.app.board.rows()) == 1000
        times = [await answered(driver, key) for key in ("end", "pageup", "up", "home", "down")]
        assert sorted(times)[len(times) // 2] < LIMIT, times


def _one(stage: Stage, of: Server) -> Finding:
    status = Status.FAIL if stage is Stage.VALIDITY and of.name.endswith("7") else Status.OK
    return finding(stage, status, f"{stage.value} of {of.name}", of)
