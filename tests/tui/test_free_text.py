"""Fields that show what is typed refuse what looks like a credential, also where it was typed ahead."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from tests.tui import scenes
from tests.tui.conftest import Driver, OpenApp
from tui.screens.emergency_start import DetailsScreen

TOKENS = [
    "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5",
    "sk-ant-" + "api03-" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5",
    "aB3dE5gH7jK9mN1pQ3sT5vX7zA9c",
    "token=" + "hunter2hunter2",
]


@asynccontextmanager
async def asked(open_app: OpenApp, tmp_path: Path) -> AsyncIterator[Driver]:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        driver.app.push_screen(DetailsScreen(driver.app, scenes.GITHUB))
        await driver.sees("Reason (goes into the audit trail)")
        yield driver


def ahead(driver: Driver, text: str) -> None:
    """Types without waiting."""
    names = {"\n": "enter", "-": "minus", "_": "underscore", "=": "equals_sign"}
    for each in text:
        driver.app.post_message(events.Key(names.get(each, each), each))


@pytest.mark.parametrize("token", TOKENS, ids=["github", "anthropic", "random", "named"])
async def test_a_token_typed_ahead_leaves_nothing_in_a_field_that_shows_it(
    open_app: OpenApp, tmp_path: Path, token: str
) -> None:
    async with asked(open_app, tmp_path) as driver:
        ahead(driver, f"{token}\n")
        await driver.sees("That looks like a credential")
        reason, ticket, _ = driver.app.screen.query(Input)
        assert (reason.value, ticket.value) == ("", "")
        assert reason.has_focus
        assert token[-8:] not in driver.text
        await driver.until(lambda: getattr(reason, "_refusing", None) is None)
        await driver.write("keychain broken")
        await driver.press("enter")
        assert reason.value == "keychain broken"
        assert ticket.has_focus


async def test_a_pasted_token_is_refused_in_the_ticket_too(open_app: OpenApp, tmp_path: Path) -> None:
    async with asked(open_app, tmp_path) as driver:
        await driver.write("keychain broken")
        await driver.press("enter")
        driver.app.post_message(events.Paste(TOKENS[0]))
        await driver.sees("That looks like a credential")
        assert [each.value for each in driver.app.screen.query(Input)] == ["keychain broken", "", ""]


@pytest.mark.parametrize(
    "words", ["https://example.com/browse/INC-3456", "the keychain on build-host-0123456789 is gone"]
)
async def test_what_people_write_is_taken(open_app: OpenApp, tmp_path: Path, words: str) -> None:
    async with asked(open_app, tmp_path) as driver:
        field = driver.app.screen.query(Input).first()
        field.value = words
        await driver.pilot.pause()
        assert field.value == words


@pytest.mark.parametrize("how", ["pasted", "typed"])
async def test_the_palette_shows_no_token_either(open_app: OpenApp, tmp_path: Path, how: str) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("ctrl+p")
        await driver.sees("Search for commands")
        if how == "pasted":
            driver.app.post_message(events.Paste(TOKENS[0]))
        else:
            ahead(driver, TOKENS[0])
        await driver.sees("That looks like a credential")
        field = driver.app.screen.query_one(Input)
        await driver.until(lambda: getattr(driver.app.screen, "_refusing", None) is None)
        assert field.value == ""
        assert TOKENS[0][-8:] not in driver.text
        await driver.write("advice")
        await driver.sees("Which way of keeping credentials suits this host")
