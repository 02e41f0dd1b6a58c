"""The home screen, driven by keys."""

import asyncio
import dataclasses
import threading
from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input

from diagnostics.discovery import UnknownServerError
from diagnostics.model import ClientFile, Stage, Status, Syntax
from diagnostics.secret import Secret
from tests.support.fake_session import FakeSession, finding, server, session
from tests.tui import scenes
from tests.tui.conftest import OpenApp
from tui.actions import CHECKUP
from tui.messages import FindingsWaiting, RunBegan, RunEnded
from tui.run import resting_on
from tui.widgets.chain import Chain
from tui.widgets.finding_view import FindingView
from tui.widgets.server_list import ServerList


async def test_the_failing_link_is_chosen_and_told_in_words(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        assert driver.app.screen.query_one(ServerList).chosen == scenes.GITHUB.id
        assert driver.app.screen.query_one(Chain).chosen is Stage.PERMISSION
        assert "The default keychain is locked" in driver.text
        assert "You are logged in over SSH" in driver.text
        assert "2 broken" in driver.text
        assert "1 warning" in driver.text


async def test_everything_of_a_finding_can_be_reached_by_keyboard(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("enter", "enter")
        assert isinstance(driver.app.focused, FindingView)
        await driver.sees("$ mcp-doctor unlock", "What to do")
        await driver.press("escape", "end")
        assert driver.app.screen.query_one(ServerList).chosen == scenes.WEATHER.id
        await driver.sees("The token stands in a variable of your shell")


async def test_evidence_is_one_key_deeper(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path), size=(100, 30)) as driver:
        assert "pid 4711" not in driver.text
        await driver.press("e")
        await driver.sees("owner: gnome-keyring-daemon, pid 4711", "keychain_locked", "permission.example")
        await driver.press("escape")
        assert "pid 4711" not in driver.text


async def test_a_tall_window_shows_the_evidence_at_once(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path), size=(100, 40)) as driver:
        await driver.sees("owner: gnome-keyring-daemon, pid 4711")


async def test_a_link_says_which_one_it_waits_for(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.sees("lookup     waits for permission", "validity   waits for permission")


async def test_a_keychain_alone_does_not_hide_that_no_server_is_configured(
    open_app: OpenApp, tmp_path: Path
) -> None:
    store = finding(Stage.BACKEND, Status.OK, "gnome-keyring answers on the session bus")
    async with open_app(session(tmp_path, (), [store])) as driver:
        await driver.sees("this computer's keyc", "No MCP server is configured", "for the demo", " d demo ")
        await driver.press("d")
    assert driver.app.return_value == "demo"


async def test_the_search_filters_while_it_is_typed(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("slash")
        await driver.write("vsc")
        servers = driver.app.screen.query_one(ServerList)
        assert servers.keys == [scenes.WEATHER.id]
        await driver.write("q")
        assert servers.keys == []
        await driver.sees("No server fits “vscq”")
        await driver.press("escape")
        assert len(servers.keys) == 3
        assert not driver.app.screen.query(Input)


async def test_what_is_typed_ahead_of_the_search_goes_into_it(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        for key, character in (
            ("slash", "/"),
            ("v", "v"),
            ("m", "m"),
            ("e", "e"),
        ):  # one packet of a slow line
            driver.app.post_message(Key(key, character))
        await driver.sees("No server fits “vme”")
        assert driver.app.screen.query_one("#search", Input).value == "vme"


async def test_the_keys_the_footer_the_help_and_the_palette_come_from_one_table(
    open_app: OpenApp, tmp_path: Path
) -> None:
    async with open_app(scenes.locked_out(tmp_path), size=(120, 60)) as driver:
        screen = driver.app.screen
        for action in CHECKUP:
            assert hasattr(screen, f"action_{action.id}"), action
            assert action.key.split(",")[0] in driver.app.active_bindings, action
            if action.footer:
                assert f"{action.shown} {action.label}" in driver.text
        titles = [each.title for each in driver.app.get_system_commands(screen)]
        assert {f"{each.label.capitalize()} ({each.shown})" for each in CHECKUP} <= set(titles)
        await driver.press("question_mark")
        await driver.sees(*(action.help for action in CHECKUP), "Signs", "not asked")


async def test_the_palette_runs_an_action(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("ctrl+p")
        await driver.write("evid")
        await driver.sees("Evidence (e)")
        await driver.press("enter")
        await driver.sees("keychain_locked")


async def test_running_again_shows_what_is_different(open_app: OpenApp, tmp_path: Path) -> None:
    fake = scenes.locked_out(tmp_path)
    async with open_app(fake) as driver:
        fake.findings.remove(scenes.LOCKED)
        await driver.press("r")
        await driver.settled()
        assert driver.app.board.state(scenes.GITHUB.id) is Status.OK
        assert len(fake.runs) == 2


async def test_answers_of_an_older_run_are_thrown_away(open_app: OpenApp, tmp_path: Path) -> None:
    fake = scenes.locked_out(tmp_path, hang_at=Stage.LOOKUP)
    async with open_app(fake, settle=False) as driver:
        app = driver.app
        await driver.until(lambda: app.board.state(scenes.GITHUB.id) is Status.FAIL)
        old = app.run_number
        fake.findings[:] = scenes.good(scenes.GITHUB, Stage.CONFIG)
        await driver.press("r")
        await driver.until(lambda: app.board.run == old + 1)
        app.post_message(RunBegan(old, fake.look(), 8, None))
        app.post_message(FindingsWaiting(old))
        app.post_message(RunEnded(old))
        await driver.pilot.pause()
        assert app.board.running
        assert app.board.run == old + 1
        fake.release.set()
        await driver.settled()
        assert app.board.state(scenes.GITHUB.id) is Status.OK


async def test_the_question_that_is_being_asked_is_shown(open_app: OpenApp, tmp_path: Path) -> None:
    fake = scenes.locked_out(tmp_path, hang_at=Stage.BACKEND)
    async with open_app(fake, settle=False) as driver:
        await driver.sees("Does a keychain answer in this session?", "2 of 8", "asking")
        fake.release.set()
        await driver.settled()
        await driver.sees("All 8 checks are done.")


async def test_an_empty_computer_says_where_was_looked_and_offers_the_demo(
    open_app: OpenApp, tmp_path: Path
) -> None:
    files = (
        ClientFile("claude-desktop", Path("/home/ada/.config/Claude/x.json"), "user", Status.SKIP),
        ClientFile("cursor", Path("/home/ada/.cursor/mcp.json"), "user", Status.SKIP),
    )
    async with open_app(session(tmp_path, files=files), size=(100, 30)) as driver:
        await driver.sees("No MCP server is configured", "/home/ada/.cursor/mcp.json", "demo")
        await driver.press("d")
    assert driver.app.return_value == "demo"
    assert driver.app.return_code == 0


async def test_the_demo_is_not_entered_by_accident(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("d")
        assert driver.app.is_running
        assert driver.app.return_value is None


async def test_the_banner_stays_in_sight(open_app: OpenApp, tmp_path: Path) -> None:
    fake = scenes.locked_out(tmp_path, banner="DEMO: nothing of yours is touched", notes=("Unlock it.",))
    async with open_app(fake) as driver:
        await driver.sees("DEMO: nothing of yours is touched", "Unlock it.")
        await driver.press("enter", "enter")
        assert "DEMO" in driver.text


@pytest.mark.parametrize("size", [(50, 24), (80, 12)])
async def test_a_window_that_is_too_small_says_so(
    open_app: OpenApp, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with open_app(scenes.locked_out(tmp_path), size=size) as driver:
        await driver.sees("too small")


async def test_a_window_that_was_too_small_has_its_focus_again(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path), size=(140, 45)) as driver:
        for at, width in enumerate((50, 80, 140)):
            await driver.pilot.resize_terminal(width, 24)
            if width == 50:
                await driver.sees("too small")
                await driver.until(lambda: driver.app.focused is None)
            else:
                await driver.until(lambda: isinstance(driver.app.focused, ServerList))
                await driver.press(("", "down", "up")[at])
        assert driver.app.screen.query_one(ServerList).chosen == scenes.GITHUB.id


async def test_the_mouse_works(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.pilot.click(ServerList, offset=(5, 5))
        assert driver.app.screen.query_one(ServerList).chosen == scenes.WEATHER.id
        await driver.pilot.click(Chain, offset=(8, 1))
        assert driver.app.screen.query_one(Chain).chosen is Stage.CONFIG
        await driver.pilot.click("#keys", offset=(9, 0))
        await driver.sees("Evidence: config")


async def test_starting_shows_the_exact_command_and_no_credential(open_app: OpenApp, tmp_path: Path) -> None:
    token = "hidden" + "-in-the-arguments"
    plain = server("plain", syntax=Syntax.LITERAL)
    reference = dataclasses.replace(plain.references[0], field="args[1]", text=Secret(token))
    plain = dataclasses.replace(
        plain, args=(Secret("--token"), Secret(token), Secret("it's here")), references=(reference,)
    )
    fake = session(tmp_path, (plain,), [finding(Stage.START, Status.OK, "It answered", plain)])
    async with open_app(fake, size=(100, 30)) as driver:
        await driver.press("s")
        await driver.sees("npx --token ••• 'it'\"'\"'s here'", "PLAIN_TOKEN")
        assert token not in driver.text
        await driver.press("escape")
        assert len(fake.runs) == 1
        await driver.press("s", "enter")
        await driver.settled()
        assert fake.runs[-1] == ("start.example",)


async def test_leaving_while_a_check_hangs_is_prompt(open_app: OpenApp, tmp_path: Path) -> None:
    fake = scenes.locked_out(tmp_path, hang_at=Stage.BACKEND)
    async with open_app(fake, settle=False) as driver:
        await driver.until(lambda: bool(fake.runs))
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running, 1.0)
    assert driver.app.return_code == 0
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("run-"))


async def test_ctrl_c_stops(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("ctrl+c")
        await driver.until(lambda: not driver.app.is_running, 1.0)
    assert driver.app.return_code == 130


async def test_a_change_under_way_is_finished_before_leaving(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        driver.app.begin_operation("Unlock the keychain")
        await driver.press("q")
        assert driver.app.is_running
        await driver.sees("A change is under way")
        driver.app.end_operation()
        await driver.until(lambda: not driver.app.is_running, 1.0)
    assert driver.app.return_code == 0


async def test_a_run_that_breaks_off_says_so(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = scenes.locked_out(tmp_path)

    def broken(_self: FakeSession) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(FakeSession, "look", broken)
    async with open_app(fake, settle=False) as driver:
        await driver.sees("The checks could not be run")
        await asyncio.sleep(0)
        assert driver.app.is_running


async def test_a_name_that_fits_nothing_ends_the_call(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_self: FakeSession) -> None:
        raise UnknownServerError("githup", ["github"])

    monkeypatch.setattr(FakeSession, "look", unknown)
    async with open_app(scenes.locked_out(tmp_path), settle=False) as driver:
        await driver.until(lambda: not driver.app.is_running)
    assert driver.app.return_code == 2


def test_what_rests_on_a_check_is_asked_again_too() -> None:
    from tests.support.fake_session import checks

    every = checks()
    assert resting_on(every, ["validity.example"]) == {"validity.example", "start.example"}
    assert resting_on(every, ["start.*"]) == {"start.example"}
    assert resting_on(every, []) == frozenset()
