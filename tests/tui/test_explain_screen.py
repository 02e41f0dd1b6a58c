"""The paste and log screen: explains what is pasted and the logs that are here, leaks nothing, never hangs."""

from pathlib import Path

import pytest

from tests.support.fake_session import session
from tests.tui import scenes
from tests.tui.conftest import OpenApp
from tests.tui.logs import leave_logs, paste


async def test_a_pasted_error_is_explained(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("l")
        await driver.sees("Paste an error or a log here")
        await paste(driver, "Error: spawn npx ENOENT")
        await driver.sees("was not found", "What to do", "spawn npx ENOENT")


async def test_a_log_is_chosen_with_the_keyboard(open_app: OpenApp, tmp_path: Path) -> None:
    leave_logs(tmp_path)
    async with open_app(scenes.locked_out(tmp_path), size=(120, 40)) as driver:
        await driver.press("l")
        await driver.sees("github", "slack", "2 h ago", "Claude Desktop")
        await driver.press("down", "enter")
        await driver.sees("env_var_missing", "SLACK_BOT_TOKEN is not set")
        await driver.press("escape")
        await driver.sees("The default keychain is locked")


async def test_a_credential_in_the_text_is_not_shown(open_app: OpenApp, tmp_path: Path) -> None:
    token = "gh" + "p_" + "a1B2" * 9
    async with open_app(scenes.locked_out(tmp_path), size=(120, 40)) as driver:
        await driver.press("l")
        await paste(driver, f"Authorization: Bearer {token}\nBad credentials for {token}\n")
        await driver.sees("token_invalid")
        assert "a1B2" not in driver.text
        assert "a1B2" not in driver.app.export_screenshot()


@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b]0;x\x07[bold]Bad credentials[/bold]", "[@click=app.quit]Bad credentials[/]"]
)
async def test_hostile_text_is_plain(open_app: OpenApp, tmp_path: Path, text: str) -> None:
    async with open_app(scenes.locked_out(tmp_path), size=(120, 40)) as driver:
        await driver.press("l")
        await paste(driver, text)
        await driver.sees("token_invalid", "[")
        assert "\x1b" not in driver.text


async def test_a_huge_paste_leaves_the_keys_alive(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("l")
        await paste(
            driver, "".join(f"request {number} served\n" for number in range(200_000)) + "Bad credentials\n"
        )
        await driver.press("escape")
        await driver.sees("The default keychain is locked")


async def test_a_newer_question_counts(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("l")
        await paste(driver, "Bad credentials")
        await paste(driver, "Error: listen EADDRINUSE")
        await driver.sees("port_in_use")


async def test_where_no_log_is_that_is_said(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(session(tmp_path)) as driver:
        await driver.press("l")
        await driver.sees("No client's log was found")
        await driver.press("v")
        await driver.sees("mcp-doctor explain FILE")
