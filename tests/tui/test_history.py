"""The timeline in the app, and its text: by keyboard, on real files of a history, whatever stands in them."""

import dataclasses
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from diagnostics.history import Condition, history_path
from diagnostics.model import Status
from recovery.journal import Event, Journal
from tests.support.fake_session import FakeSession
from tests.support.histories import LOCKED, NOON, OK, REVOKED
from tests.support.snapshots import same_as_stored
from tests.tui import scenes
from tests.tui.conftest import Driver, OpenApp
from tests.tui.histories import CREDENTIALS, GITHUB, LINEAR, leave_history, leave_round, stand_still
from tui.arguments import Call, parse
from tui.commands import monitor_history
from tui.past import read_past
from tui.session import DoctorSession
from tui.usage import UsageError

SIZES = [(80, 24), (140, 45)]
CET = timezone(timedelta(hours=1), "CET")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSession:
    stand_still(monkeypatch)
    return scenes.locked_out(tmp_path)


# ── the app ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def one(driver: Driver) -> None:
    await driver.sees("Broken since yesterday 19:00, right after the computer was restarted.")


async def everything(driver: Driver) -> None:
    await one(driver)
    await driver.press("a", "m", "down", "down")
    await driver.sees("in the last 30 days", "In order with a warning")


async def nothing(driver: Driver) -> None:
    await driver.sees("There is no history yet", "$ mcp-doctor monitor install")


PICTURES: dict[str, Callable[[Driver], Awaitable[None]]] = {
    "history": one,
    "history-all": everything,
    "history-none": nothing,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", PICTURES)
async def test_a_picture_of_it(
    open_app: OpenApp, fake: FakeSession, tmp_path: Path, scene: str, size: tuple[int, int]
) -> None:
    if scene != "history-none":
        leave_history(fake.host)
    async with open_app(fake, size=size) as driver:
        await driver.press("h")
        await PICTURES[scene](driver)
        await driver.pilot.pause(0.1)
        same_as_stored(driver.app.export_screenshot(), f"{scene}-{size[0]}x{size[1]}", tmp_path)


async def test_on_a_console_with_few_characters_and_no_colour(open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    stand_still(monkeypatch)
    fake = scenes.locked_out(tmp_path, env={"TERM": "linux", "COLORTERM": "", "NO_COLOR": "1"})
    leave_history(fake.host)
    async with open_app(fake) as driver:
        await driver.press("h")
        await driver.sees("GITHUB_TOKEN ___", "???", "...", "XXXXX", "X broken", ". nobody looked")
        assert "█" not in driver.text


async def test_other_spans_other_rows_and_back_by_keyboard(open_app: OpenApp, fake: FakeSession) -> None:
    leave_history(fake.host)
    async with open_app(fake) as driver:
        await driver.press("h")
        await one(driver)
        await driver.press("d")
        await driver.sees("in the last 24 hours", "19:00")
        await driver.press("a")
        await driver.sees("all servers", "linear LINEAR_TOKEN", "weather WEATHER_TOKEN", "the keychain")
        await driver.press("a")
        await driver.sees("History of github · claude-desktop")
        await driver.press("question_mark")
        await driver.sees("Show all servers, or the chosen one again.")
        await driver.press("escape", "enter", "end", "escape")
        await driver.sees("The default keychain is locked")


async def test_a_resized_window_gets_other_cells(open_app: OpenApp, fake: FakeSession) -> None:
    leave_history(fake.host)
    async with open_app(fake) as driver:
        await driver.press("h")
        await one(driver)
        await driver.pilot.resize_terminal(120, 30)
        await driver.until(lambda: max(map(len, driver.text.splitlines()[2:4])) > 110)


async def test_what_mcp_doctor_did_then_is_told(
    open_app: OpenApp, fake: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Then(type(NOON)):  # type: ignore[misc]
        @classmethod
        def now(cls, tz: object = None) -> object:
            return NOON - timedelta(minutes=20)

    monkeypatch.setattr("recovery.trail.writing.datetime", Then)
    journal = Journal(fake.host)
    steps = [{"kind": "x", "title": "Store it", "data": {}}]
    journal.append(Event.PLANNED, "0a", remedy="r", title="Replace github_token", finding="x", steps=steps)
    for event in (Event.INTENT, Event.APPLIED, Event.VERIFIED):
        journal.append(event, "0a", step=0)
    journal.append(Event.DONE, "0a")
    for minutes, how in ((60, OK), (45, OK), (30, OK), (15, REVOKED), (0, REVOKED)):
        leave_round(fake.host, NOON - timedelta(minutes=minutes), {GITHUB: how})
    async with open_app(fake, size=(100, 30)) as driver:
        await driver.press("h")
        await driver.sees(
            "Broken since today 12:45, right after “Replace github_token” (done by",
            "GitHub has revoked the token",
        )


async def test_a_server_that_no_round_has_seen_and_a_silent_monitor(
    open_app: OpenApp, fake: FakeSession
) -> None:
    leave_round(fake.host, NOON - timedelta(days=3), {LINEAR: LOCKED})
    async with open_app(fake) as driver:
        await driver.press("h")
        await driver.sees("The monitor has not seen this one yet", "does the monitor still run?")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"nonsense\n", "its first line is not that of a history"),
        (b'{"schema": "mcp-doctor.history/9"}\n', "a newer mcp-doctor wrote it"),
        (b'{"schema": "mcp-doctor.history/1"}\n{"round": 1}\n', "line 2 can't be read"),
        (b"\x00" * 5000 + b"\n", "its first line"),
    ],
)
async def test_a_damaged_history_is_said_to_be(
    open_app: OpenApp, fake: FakeSession, content: bytes, words: str
) -> None:
    path = history_path(fake.host)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    async with open_app(fake, size=(120, 24)) as driver:
        await driver.press("h")
        await driver.sees("Part of the history can't be read", words)


async def test_a_pipe_in_its_place_holds_nothing_up(open_app: OpenApp, fake: FakeSession) -> None:
    path = history_path(fake.host)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    async with open_app(fake, size=(120, 24)) as driver:
        await driver.press("h")
        await driver.sees("it is not a file")


async def test_hostile_text_of_a_history_is_only_text(
    open_app: OpenApp, fake: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = Condition(Status.FAIL, "[bold]x", title="[red]ev\x1b[31mil[/red] \u202e [@click=app.quit]go[/]")
    known = dataclasses.replace(CREDENTIALS[GITHUB], field="env.[blink]T\x07")
    monkeypatch.setitem(CREDENTIALS, GITHUB, known)
    leave_round(fake.host, NOON - timedelta(minutes=15), {GITHUB: OK})
    leave_round(fake.host, NOON, {GITHUB: odd})
    async with open_app(fake) as driver:
        await driver.press("h")
        await driver.sees("[red]evil[/red] \\u202e [@click=app.quit]go[/]", "[blink]T\\x07")


# ── the text ────────────────────────────────────────────────────────────────────────────────────────────────────


def told(fake: FakeSession, width: int = 80) -> list[str]:
    past = read_past(fake.host, fake.servers, NOON)
    return list(monitor_history.lines(past, past.keys(None), "7d", width, few_characters=False, zone=CET))


def test_the_text_says_the_same_within_its_width(fake: FakeSession) -> None:
    leave_history(fake.host)
    lines = told(fake)
    assert "  Broken since yesterday 19:00, right after the computer was restarted." in lines
    rows = [each for each in lines if each.startswith(("github GITHUB_TOKEN", "the keychain  "))]
    assert [len(each) for each in rows] == [80, 80]
    assert all("···" in each and each.endswith("███████") for each in rows)


def test_the_text_says_how_to_begin_a_history(fake: FakeSession) -> None:
    assert "$ mcp-doctor monitor install" in told(fake)


def command(fake: FakeSession, monkeypatch: pytest.MonkeyPatch, *names: str) -> int:
    session = DoctorSession(fake.host, fake.options, (), fake.open_store, fake.open_world)
    monkeypatch.setattr("tui.commands.check.session_of", lambda _call: session)
    monkeypatch.setattr(DoctorSession, "look", lambda _self: fake.look())
    return monitor_history.run(Call("monitor", names))


def test_the_command_shows_the_named_server_and_refuses_an_unknown_one(
    fake: FakeSession, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_history(fake.host)
    assert command(fake, monkeypatch, "LINEAR") == 0
    said = capsys.readouterr().out
    assert "cursor:linear, env.LINEAR_TOKEN" in said
    assert "claude-desktop:github, env" not in said
    with pytest.raises(UsageError, match="known: claude-desktop:github"):
        command(fake, monkeypatch, "gihtub")


def test_the_last_change_of_a_config_file_is_part_of_the_story(fake: FakeSession, tmp_path: Path) -> None:
    config = tmp_path / "claude.json"
    config.write_text("{}")
    at = (NOON - timedelta(minutes=3)).timestamp()
    os.utime(config, (at, at))
    leave_round(fake.host, NOON - timedelta(minutes=15), {GITHUB: OK})
    leave_round(fake.host, NOON, {GITHUB: REVOKED})
    server = dataclasses.replace(scenes.GITHUB, path=config)
    headline = read_past(fake.host, [server], NOON).told(GITHUB, UTC).headline
    assert headline.startswith("Broken since today 12:00, right after its config file was changed (")


def test_the_words_of_the_command() -> None:
    call = parse(["monitor", "history", "github", "--span", "30d"])
    assert (call.extra["verb"], call.names, call.extra["span"]) == ("history", ("github",), "30d")
    assert parse(["monitor", "history"]).extra["span"] is None


def test_a_young_history_begins_with_its_day(fake: FakeSession) -> None:
    leave_round(fake.host, NOON - timedelta(hours=3), {GITHUB: OK})
    assert read_past(fake.host, (), NOON).fitting == "24h"
    assert read_past(fake.host, (), NOON + timedelta(days=2)).fitting == "7d"
