"""A newcomer in the demo: everything that is broken is mended by keys alone, and the path turns green."""

import threading

import pytest

from diagnostics.context import Context
from diagnostics.model import Finding, Stage, Status
from recovery import planner
from recovery.model import Remedy
from tests.tui.demo.walking import choose, demo, mend, pick, states
from tui.demo.scenario import load


async def test_the_first_run_can_be_mended_whole() -> None:
    tokens = load("first-run").tokens
    async with demo("first-run") as driver:
        assert states(driver) == dict.fromkeys(("github", "gitlab", "notion", "weather"), Status.FAIL)
        await choose(driver, "github")
        await mend(driver, "Unlock the keychain", load("first-run").password)
        assert states(driver)["github"] is Status.OK
        await driver.press("s")
        await driver.sees("Start github?")
        await driver.press("enter")
        await driver.until(lambda: "demo-github 1.0.0 answers" in driver.text, 20)
        await driver.settled()
        await choose(driver, "weather")
        await mend(driver, "Store weather_token", tokens["weather"].text)
        await choose(driver, "gitlab")
        await mend(driver, "Replace the token gitlab_token", tokens["gitlab-new"].text)
        await choose(driver, "notion")
        await mend(driver, "Repair notion_token")
        assert set(states(driver).values()) == {Status.OK}


async def test_a_wrong_password_changes_nothing_and_can_be_typed_again() -> None:
    async with demo("locked") as driver:
        await driver.sees(" m  Unlock the keychain")
        await driver.press("m")
        await pick(driver, "Unlock the keychain")
        await driver.sees("What will be different")
        await driver.write("wrong")
        await driver.press("enter")
        await driver.sees("It did not work", "password is not the right one")
        await driver.write("demo")
        await driver.press("enter")
        await driver.sees("This path is in order now")


async def test_a_token_that_the_provider_refuses_is_not_stored_unasked() -> None:
    old = load("rotation").tokens["gitlab-old"].text
    async with demo("rotation") as driver:
        await choose(driver, "gitlab")
        await driver.sees(" m  Replace the token gitlab_token")
        await driver.press("m")
        await pick(driver, "Replace the token gitlab_token")
        await driver.sees("What will be different")
        await driver.write(old)
        await driver.press("enter")
        await driver.sees("✗")
        assert "Done." not in driver.text


EVERY_LINK = {
    "The config can't be parsed": "mcp.json",
    "is not set": "slack",
    "stand-in": "brave-search",
    "in plain text": "github-cli",
    "keychain login is locked": "gitlab",
}


@pytest.mark.parametrize("title", EVERY_LINK)
async def test_every_link_shows_its_own_fault(title: str) -> None:
    async with demo("every-link") as driver:
        shown = [each.title for each in driver.app.board.findings.values() if each.status is not Status.OK]
        assert any(title in each for each in shown), shown


async def test_a_token_that_nobody_was_asked_about_is_not_shown_as_accepted() -> None:
    async with demo("every-link") as driver:
        board = driver.app.board
        assert any(each.check == "validity.clock" for each in board.findings.values())
        (gitlab,) = (row for row in board.rows() if row.title == "gitlab")
        (validity,) = (link for link in board.links(gitlab.key) if link.stage is Stage.VALIDITY)
        assert validity.status is Status.SKIP
        assert "Does the provider accept it" in validity.findings[0].title


async def test_a_key_pressed_before_the_remedies_are_known_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pressed = threading.Event()
    real = planner.remedies_for

    def slow(finding: Finding, context: Context) -> list[Remedy]:
        assert pressed.wait(20)
        return real(finding, context)

    monkeypatch.setattr(planner, "remedies_for", slow)
    async with demo("locked") as driver:
        await driver.press("m")
        await driver.until(lambda: any("Looking for" in each.message for each in driver.app._notifications))
        pressed.set()
        await pick(driver, "Unlock the keychain")
        await driver.sees("Unlock the keychain", "What will be different")


async def test_a_login_that_ran_out_is_renewed_with_a_code() -> None:
    async with demo("login") as driver:
        await driver.sees(" m  Sign in at 127.0.0.1")
        await driver.press("m")
        await driver.sees("Shall it be done?")
        await driver.press("enter")
        await driver.until(lambda: "D E M O - 2 4 6 8" in driver.text, 10)
        await driver.until(lambda: "This path is in order now" in driver.text, 20)
