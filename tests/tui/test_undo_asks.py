"""Undos that need an answer: the app asks, hidden, and nothing is taken back where the question is left."""

from pathlib import Path

import pytest

from diagnostics.secret import Secret
from recovery.journal import Event, Journal
from tests.tui import mending
from tests.tui.conftest import Driver, OpenApp
from tests.tui.mending import Mended, cut_off, mended_by
from tui.commands.interrupted import settle
from tui.widgets.secret_input import SecretInput


async def allowed(driver: Driver) -> None:
    await driver.sees("m  Let this Python")
    await driver.press("m")
    await driver.sees("Password of")
    await driver.write(mending.PASSWORD)
    await driver.press("enter")
    await driver.sees("yes, do it")
    await driver.press("enter")
    await driver.sees("u take it back")


async def answer(driver: Driver, password: str) -> None:
    await driver.sees("Take back?", "kept nowhere", "Password of the keychain", "Esc leave")
    await driver.until(lambda: isinstance(driver.app.focused, SecretInput))
    await driver.write(password)
    await driver.sees("•" * len(password))
    assert password not in driver.text
    await driver.press("enter")


def states(fixture: Mended) -> list[Event]:
    return [each.state for each in Journal(fixture.session.host).operations()]


async def test_the_home_screen_asks_and_a_mistyped_password_is_asked_for_again(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.ALLOW], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await allowed(driver)
        await driver.press("escape", "u")
        await driver.sees("Take back?", "Enter take it back")
        await driver.press("enter")
        await driver.sees("Password of the keychain")
        await driver.press("escape")
        await driver.until(lambda: len(driver.app.screen_stack) == 1)
        assert states(fixture) == [Event.DONE]
        await driver.press("u")
        await driver.sees("Take back?", "Enter take it back")
        await driver.press("enter")
        await answer(driver, "wrong")
        await driver.sees("Not everything worked", "refused")
        assert fixture.world.stored == ["allowed"]
        await driver.press("u")
        await driver.sees("Something was left half done", "t take it back")
        await driver.press("t")
        await answer(driver, mending.PASSWORD)
        await driver.until(lambda: states(fixture) == [Event.UNDONE])
        assert fixture.world.stored == []


async def test_a_guide_asks_and_leaving_the_question_leaves_it_done(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.ALLOW], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await allowed(driver)
        await driver.press("u")
        await driver.sees("Take back?", "Password of the keychain")
        await driver.press("escape")
        await driver.sees("u take it back")
        assert states(fixture) == [Event.DONE]
        await driver.press("u")
        await answer(driver, mending.PASSWORD)
        await driver.sees("Taken back.")
        assert fixture.world.stored == []


async def test_what_was_left_half_done_is_asked_about_again_when_the_question_is_left(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.ALLOW], tmp_path, monkeypatch)
    journal = cut_off(fixture, mending.ALLOW)
    async with open_app(fixture.session) as driver:
        await driver.sees("Something was left half done")
        await driver.press("t")
        await driver.sees("Password of the keychain")
        await driver.press("escape")
        await driver.sees("Something was left half done", "t take it back")
        await driver.press("t")
        await answer(driver, mending.PASSWORD)
        await driver.until(lambda: not journal.interrupted())


def test_at_a_terminal_it_is_asked_for_before_what_was_left_half_done_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.ALLOW], tmp_path, monkeypatch)
    cut_off(fixture, mending.ALLOW)
    asked: list[str] = []

    def hidden(prompt: str) -> Secret:
        asked.append(prompt)
        return Secret(mending.PASSWORD)

    monkeypatch.setattr("tui.terminal.hidden", hidden)
    answers = iter(["t"])
    monkeypatch.setattr("tui.terminal.typed", lambda _prompt: next(answers))
    monkeypatch.setattr("tui.terminal.can_ask", lambda: True)
    assert settle(fixture.session) is not None
    assert [each.split()[0] for each in asked] == ["Password"]
    assert states(fixture) == [Event.UNDONE]
