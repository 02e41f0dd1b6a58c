"""The advice in the app: the same words as the command, answers by keys, nothing of the host as markup."""

import dataclasses
import json
from pathlib import Path

import pytest

from diagnostics.advice import rendering
from diagnostics.advice.fact import Said
from diagnostics.advice.gathering import facts_of
from diagnostics.advice.judgement import judge
from diagnostics.advice.page import page
from tests.support.fake_session import FakeSession
from tests.support.snapshots import same_as_stored
from tests.tui import scenes
from tests.tui.conftest import OpenApp
from tui.screens.advice_text import text_of

SIZES = [(80, 24), (140, 45)]


def with_vault(tmp_path: Path) -> FakeSession:
    """A host on which nothing hangs on the machine that runs the tests."""
    fake = scenes.locked_out(tmp_path)
    env = {**fake.host.env, "VAULT_ADDR": "https://vault.example"}
    return dataclasses.replace(fake, host=dataclasses.replace(fake.host, env=env))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_picture_of_it(open_app: OpenApp, tmp_path: Path, size: tuple[int, int]) -> None:
    async with open_app(with_vault(tmp_path), size=size) as driver:
        await driver.press("i")
        await driver.sees("Vault  fits")
        await driver.press("down")
        await driver.pilot.pause(0.1)
        same_as_stored(driver.app.export_screenshot(), f"advice-{size[0]}x{size[1]}", tmp_path)


async def test_an_answer_changes_the_order(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(with_vault(tmp_path), size=(120, 50)) as driver:
        await driver.press("i")
        await driver.sees("Vault  fits")
        await driver.press("down", "t", "t")
        await driver.sees("Several people share them.", "each person with a login and rights")
        await driver.press("escape")
        await driver.sees("The default keychain is locked")


async def test_each_open_question_names_its_key(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(with_vault(tmp_path), size=(120, 50)) as driver:
        await driver.press("i")
        await driver.sees("Vault  fits", "see “Open questions”")
        await driver.press("end", "up")
        await driver.sees("Press t (once: one person; twice: several).", "Press s (once: yes; twice: no).")
        assert "--team" not in driver.text


async def test_a_small_window_keeps_the_parts_and_the_focus(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(with_vault(tmp_path), size=(80, 24)) as driver:
        await driver.press("i")
        await driver.sees("Vault  fits")
        for width in (60, 140, 80):
            await driver.pilot.resize_terminal(width, 24)
            await driver.sees("Vault  fits", "What suits this host")
            await driver.press("down")
            await driver.sees("References are")
            await driver.press("up")
            await driver.sees("What suits this host")


async def test_the_words_are_the_command_s(open_app: OpenApp, tmp_path: Path) -> None:
    fake = with_vault(tmp_path)
    advice = judge(facts_of(fake.look(), Said()))
    told = " ".join(rendering.text(advice, 100).split())
    for part in page(advice):
        for line in text_of(part, few_characters=True).plain.splitlines():
            words = line.strip().removeprefix("+ ").removeprefix("- ").removeprefix(". ")
            assert " ".join(words.split()) in told, part.id
    async with open_app(fake, size=(140, 60)) as driver:
        await driver.press("i")
        for each in advice.ranking:
            await driver.sees(each.option.short)


async def test_keys_that_come_early_break_nothing(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(with_vault(tmp_path)) as driver:
        await driver.press("i", "t", "s", "right", "left", "enter", "question_mark", "escape", "r")
        await driver.sees("Vault  fits")
        await driver.press("escape")
        await driver.sees("The default keychain is locked")


def test_the_command_tells_it_in_each_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tui.cli import main

    config = tmp_path / "mcp.json"
    config.write_text('{"mcpServers": {"one": {"command": "true"}}}')
    monkeypatch.setenv("HOME", str(tmp_path))
    named = ["--config", str(config)]
    assert main(["advise", *named]) == 0
    assert "WHAT SUITS THIS HOST" in capsys.readouterr().out
    assert main(["advise", "--format", "json", "--team", "shared", "--no-sso", *named]) == 0
    made = json.loads(capsys.readouterr().out)
    assert not made["open_questions"]
    assert {"team", "sso"} <= {each["name"] for each in made["facts"] if each["values"]}
    assert main(["advise", "--format", "markdown", *named]) == 0
    assert capsys.readouterr().out.startswith("# Keeping credentials on this host")
    assert main(["advise", "--team", "many"]) == 2
    assert "single" in capsys.readouterr().err
