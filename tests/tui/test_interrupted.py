"""What a crash left half done: finished with the questions asked again, taken back, or left for later."""

import threading
from pathlib import Path

import pytest

from recovery.journal import Event, Journal
from tests.tui import mending, scenes
from tests.tui.conftest import Driver, OpenApp
from tests.tui.mending import cut_off, mended_by


async def finish(driver: Driver) -> None:
    await driver.sees("Something was left half done", "f finish it")
    await driver.press("f")


async def test_finishing_asks_for_the_password_and_a_wrong_one_can_be_typed_again(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    journal = cut_off(fixture, mending.UNLOCK)
    async with open_app(fixture.session) as driver:
        await finish(driver)
        await driver.sees("cut off half-way", "now: locked", "Password of the keychain", "was not kept")
        await driver.write("wrong")
        await driver.press("enter")
        await driver.sees("The keychain refused this password", "still half done", "You can try again.")
        assert [each.id for each in journal.interrupted()] == ["0a"]
        await driver.write(mending.PASSWORD)
        assert mending.PASSWORD not in driver.text
        await driver.press("enter")
        await driver.sees("Finished.", "u take it back")
        assert [each.state for each in journal.operations()] == [Event.DONE]
        await driver.press("enter")
        await driver.sees("Servers")
        await driver.settled()
        assert driver.app.board.state(scenes.GITHUB.id) is not None
        assert scenes.LOCKED not in fixture.session.findings


async def test_leaving_the_questions_leads_back_and_later_leaves_it_as_it_is(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    journal = cut_off(fixture, mending.UNLOCK)
    before = len(journal.records())
    async with open_app(fixture.session) as driver:
        await finish(driver)
        await driver.sees("Password of the keychain")
        await driver.write("half typed")
        await driver.press("escape")
        await driver.sees("Something was left half done")
        await driver.press("escape")
        await driver.until(lambda: len(driver.app.screen_stack) == 1)
        await driver.press("u")  # it comes before what is finished
        await driver.sees("Something was left half done")
        await driver.press("escape")
        assert len(journal.records()) == before
    async with open_app(fixture.session) as driver:
        await driver.sees("Something was left half done", "t take it back")


async def test_a_token_is_looked_at_before_it_is_stored(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.STORE], tmp_path, monkeypatch)
    journal = cut_off(fixture, mending.STORE)
    monkeypatch.setattr(mending.TryStore, "verify", stored_only)
    async with open_app(fixture.session) as driver:
        await finish(driver)
        await driver.sees("New value for github_token", "This can be taken back")
        await driver.write("your_token_here")
        await driver.press("enter")
        await driver.sees("This token will probably not work", "k store it all the same")
        assert fixture.world.stored == []
        await driver.press("k")
        await driver.sees("Finished.")
        assert len(fixture.world.stored) == 1
        await driver.press("u")
        await driver.sees("Taken back.")
        assert fixture.world.stored == []
        assert journal.interrupted() == []


async def test_what_an_earlier_version_began_says_why_it_can_only_be_taken_back(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    journal = cut_off(fixture, mending.UNLOCK, asks=())
    async with open_app(fixture.session) as driver:
        await finish(driver)
        await driver.sees("needs the password", "t take it back")
        await driver.until(lambda: "f finish it" not in driver.text)
        await driver.press("f")
        await driver.press("t")
        await driver.until(lambda: not journal.interrupted())
        assert [each.state for each in journal.operations()] == [Event.UNDONE]


async def test_one_after_the_other_is_asked_about(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.STORE], tmp_path, monkeypatch)
    journal = cut_off(fixture, mending.STORE)
    steps = [{"kind": "test-unlock", "title": "t", "data": {}}]
    journal.append(Event.PLANNED, "0b", remedy="r", title="Another one", finding="", steps=steps, asks=[])
    journal.append(Event.VERIFIED, "0b", step=0)
    fixture.session.findings.remove(scenes.LOCKED)
    async with open_app(fixture.session) as driver:
        await driver.sees("Another one")
        await driver.press("f")
        await driver.sees("nothing", "Enter do it")
        await driver.press("enter")
        await driver.sees("Finished.")
        await driver.press("enter")
        await driver.sees("Something was left half done", "Replace github_token")


@pytest.mark.parametrize(("keys", "said"), [((), "not known"), (("u",), "That did not work")])
async def test_a_disk_that_does_not_answer_holds_nothing_up(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], said: str
) -> None:
    answers = threading.Event()
    monkeypatch.setattr("tui.disk._SECONDS", 0.2)
    monkeypatch.setattr(Journal, "interrupted", lambda _journal: answers.wait(30) and [])
    try:
        async with open_app(scenes.locked_out(tmp_path)) as driver:
            await driver.press("question_mark")
            await driver.sees("Help", "Keys")
            await driver.press("escape", *keys)
            await driver.sees(said, "disk did not answer")
    finally:
        answers.set()


def stored_only(_step: mending.TryStore, world: mending.World) -> None:
    """It was done when something is stored."""
    from recovery.model import RecoveryError

    if not world.files.stored:
        raise RecoveryError("it is not stored")
