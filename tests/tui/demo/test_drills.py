"""Each drill walked by keys on the private daemon: the right way reaches the goal, the wrong one is told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from diagnostics.emergency import open_incidents
from diagnostics.model import Status
from recovery.emergency import kernel_keyring
from tests.support.platforms import lacking
from tests.tui.conftest import Driver
from tests.tui.demo.walking import choose, demo, enter, follow, mend, states
from tui.demo.debrief import Debrief, as_text
from tui.demo.drill import Practice
from tui.demo.private_session import why_not
from tui.demo.scenario import load, names
from tui.demo.stage import PRIVATE

Walk = Callable[[Driver], Awaitable[None]]
DRILLS = [name for name in names() if load(name).drill]


def token(drill: str, name: str) -> str:
    return load(drill).tokens[name].text


def practice_of(driver: Driver) -> Practice:
    practice = driver.app.session.practice
    assert practice is not None
    return practice


@asynccontextmanager
async def drill(name: str) -> AsyncIterator[Driver]:
    why = why_not_here()
    if why:
        lacking(why)
    async with demo(name) as driver:
        assert practice_of(driver).place == PRIVATE
        yield driver


def why_not_here() -> str:
    from diagnostics.host import this_host

    return why_not(this_host())


async def debriefed(driver: Driver) -> Debrief:
    """Asks for the debrief by its key, and closes it again."""
    await driver.press("d")
    await driver.until(lambda: "Debrief: " in driver.text and "The goal is " in driver.text, 20)
    found = practice_of(driver).debrief
    assert found is not None
    await driver.press("escape")
    return found


# ── the right ways ──────────────────────────────────────────────────────────────────────────────────────────


async def unlock(driver: Driver) -> None:
    await mend(driver, "Unlock the keychain", "demo")


async def to_the_bus(driver: Driver) -> None:
    await mend(driver, "Use the session bus", "demo")


async def rebuild(driver: Driver) -> None:
    await mend(driver, "Rebuild the keychain", "demo")
    (lost,) = (name for name, state in states(driver).items() if state is Status.FAIL)
    await choose(driver, lost)
    await mend(driver, f"Store {lost}_token", token("damaged-file", lost))


async def respell(driver: Driver) -> None:
    await mend(driver, "Copy the entry to github_token")


async def replace_expired(driver: Driver) -> None:
    await choose(driver, "gitlab")
    await mend(driver, "Replace the token gitlab_token", token("expired", "gitlab-new"))


async def replace_both(driver: Driver) -> None:
    for server in ("github", "gitlab"):
        await choose(driver, server)
        await mend(driver, f"Replace the token {server}_token", token("rotation", f"{server}-new"))


async def unset(driver: Driver) -> None:
    await driver.press("o")
    await driver.sees("Outside the doctor", "Take the variable out")
    await driver.press("enter")
    await driver.settled()


async def move(driver: Driver) -> None:
    await choose(driver, "notion")
    await mend(driver, "Unlock the keychain", "demo")
    await choose(driver, "github")
    await mend(driver, "Move env.GITHUB_PERSONAL_ACCESS_TOKEN")


async def wait(driver: Driver) -> None:
    for keys in (("enter",), ("down", "enter")):
        await driver.press("o")
        await driver.sees("Outside the doctor")
        await driver.press(*keys)
    await driver.press("r")
    await driver.settled()


async def emergency(driver: Driver) -> None:
    await begin_emergency(driver)
    (held,) = open_incidents(driver.app.session.host)
    assert kernel_keyring.is_held(held.key_name)
    await restart(driver, "github runs, with the emergency token")
    await unlock(driver)
    await driver.press("x")
    await driver.sees("Enter closes the chosen one")
    await driver.press("enter")
    await driver.sees("takes the token away from this computer first")
    await driver.press("enter")
    await driver.until(lambda: "revoked: close" in driver.text, 20)
    assert "The usual path works" in driver.text
    await driver.press("v")
    await driver.sees("The incident is closed", "Report:")
    await driver.press("enter")
    await driver.sees("No incident is open")
    await driver.press("escape")
    assert not kernel_keyring.is_held(held.key_name)
    await restart(driver, "github runs, with the token of the usual path")


async def restart(driver: Driver, said: str) -> None:
    await driver.press("o")
    await driver.sees("Restart github in its client")
    await driver.press("enter")
    await driver.until(lambda: any(said in each.message for each in driver.app._notifications), 20)
    await driver.settled()


async def begin_emergency(driver: Driver) -> None:
    await driver.press("x")
    await driver.sees("n begins one for github")
    await driver.press("n")
    await driver.sees("Reason (goes into the audit trail)")
    await enter(driver, "release waits for github")
    await driver.press("enter", "enter")
    await driver.sees("Emergency token for github", "never on a disk")
    await enter(driver, token("emergency", "github-emergency"))
    await driver.until(lambda: "Use it?" in driver.text, 20)
    await driver.press("enter")
    await driver.until(lambda: "Restart github in its client" in driver.text, 20)
    await driver.press("enter")
    await driver.until(lambda: "Emergency access is open for github" in driver.text, 20)


SOLVED: dict[str, tuple[Walk, tuple[str, ...]]] = {
    "locked": (unlock, ("Unlock the keychain",)),
    "ssh": (to_the_bus, ("Use the session bus",)),
    "damaged-file": (rebuild, ("Rebuild the keychain", "Store ")),
    "misspelt": (respell, ("Copy the entry to github_token",)),
    "expired": (replace_expired, ("Replace the token gitlab_token", "in 2 entries")),
    "rotation": (replace_both, ("Replace the token github_token", "Replace the token gitlab_token")),
    "shadowed": (unset, ("Outside the doctor: Take the variable out",)),
    "plain-text": (move, ("Unlock the keychain", "Move env.GITHUB_PERSONAL_ACCESS_TOKEN")),
    "outage": (wait, ("Outside the doctor: Look at github's status page",)),
    "emergency": (emergency, ("Emergency access for github", "Close the emergency incident")),
}


def test_every_drill_is_walked() -> None:
    assert set(SOLVED) == set(DRILLS)


@pytest.mark.parametrize("name", SOLVED)
async def test_the_right_way_reaches_the_goal(name: str) -> None:
    """Each takes seconds: it is a whole session of the app, typed, on a daemon of its own."""
    walk, told = SOLVED[name]
    async with drill(name) as driver:
        root = practice_of(driver).root
        await walk(driver)
        found = await debriefed(driver)
        assert [each.words for each in found.points if not each.holds] == []
        assert found.slips == ()
        assert found.verdict == "The goal is reached."
        for words in told:
            assert any(words in each for each in found.done), found.done
        assert found.record == "The record of it holds."
        text = as_text(found)
        secrets = [each.text for each in load(name).tokens.values()]
        assert not any(each in text for each in secrets)
        assert all(each in " ".join(text.split()) for each in found.careful)
    assert not root.exists()


# ── the wrong ways ──────────────────────────────────────────────────────────────────────────────────────────


async def test_who_rotates_during_an_outage_is_told() -> None:
    async with drill("outage") as driver:
        await choose(driver, "github")
        await driver.press("t")
        await follow(driver, "Replace the token github_token", token("outage", "github-new"), against=True)
        found = await debriefed(driver)
        assert not found.is_reached
        assert "the entry github_token holds what it held" in [
            each.words for each in found.points if not each.holds
        ]
        (slip,) = found.slips
        assert "during an outage" in slip
        assert any("Replace the token github_token" in each for each in found.done)
        assert "What should not have been done" in as_text(found)


async def test_who_begins_an_empty_keychain_loses_what_could_be_saved() -> None:
    async with drill("damaged-file") as driver:
        await mend(driver, "Move the damaged file aside and begin a new keychain", "new", "new")
        found = await debriefed(driver)
        assert not any(each.holds for each in found.points)
        assert None not in {each.holds for each in found.points}
        assert any("An empty keychain was begun" in each for each in found.slips)


async def test_an_emergency_left_open_is_not_the_goal_and_its_token_goes_with_the_drill() -> None:
    async with drill("emergency") as driver:
        await begin_emergency(driver)
        (held,) = open_incidents(driver.app.session.host)
        found = await debriefed(driver)
        missed = [each.words for each in found.points if not each.holds]
        assert "the incident is closed, its token revoked, its report written" in missed
        assert kernel_keyring.is_held(held.key_name)
    assert not kernel_keyring.is_held(held.key_name)


async def test_replacing_one_of_two_entries_is_not_enough() -> None:
    async with drill("expired") as driver:
        await choose(driver, "gitlab")
        await mend(driver, "Replace gitlab_token", token("expired", "gitlab-new"))
        found = await debriefed(driver)
        assert [each.words for each in found.points if not each.holds] == ["gitlab-ci gets the new token too"]


# ── goal, clock, hints ──────────────────────────────────────────────────────────────────────────────────────


async def test_goal_hints_and_clock() -> None:
    async with drill("locked") as driver:
        practice = practice_of(driver)
        practice.clock = lambda: (practice.began or 0.0) + 65
        await driver.until(lambda: "1:05" in driver.text)
        await driver.press("g")
        await driver.sees("lose nothing that is in the keychain", "The keychain's password: demo")
        await driver.press("enter")
        assert practice.drill is not None
        for number, hint in enumerate(practice.drill.hints, 1):
            await driver.press("h")
            await driver.sees("Hints", hint[:40])
            assert practice.hints_taken == number
        await driver.sees("That was the last one")
        await driver.press("h", "escape")
        found = await debriefed(driver)
        assert not found.is_reached
        assert found.done == ()
        assert [each.sign for each in found.points] == ["[ ]", "[?]"], "a locked entry can't be looked at"
        assert max(map(len, as_text(found).splitlines())) <= 78
        assert (found.hints_taken, found.hints) == (3, 3)
        assert found.time.startswith("1:05, 3 of 3 hints")


async def test_reaching_the_goal_is_said_and_leaving_shows_the_debrief_first() -> None:
    async with drill("locked") as driver:
        await unlock(driver)
        await driver.until(lambda: "GOAL REACHED" in driver.text, 20)
        await driver.press("q")
        await driver.until(lambda: "What a careful engineer" in driver.text, 20)
        assert driver.app.is_running
        await driver.press("enter")
        await driver.until(lambda: driver.app._exit, 20)
        assert driver.app.return_code in {None, 0}


def test_the_stand_in_plays_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.demo import DrillError, open_demo
    from tui.demo.stage import STAND_IN

    monkeypatch.setattr("tui.demo.private_session.why_not", lambda _host: "none is installed")
    with open_demo("locked") as session:
        assert session.practice is not None
        assert session.practice.place == STAND_IN
        root = Path(session.practice.root)
        assert (root / "home").is_dir()
    with pytest.raises(DrillError, match="none is installed"), open_demo("damaged-file"):
        pytest.fail("opened")
