"""A canary is typed and pasted: it must be nowhere but in the hand of the one who takes it."""

import contextlib
import io
import logging
from pathlib import Path

import pytest
from textual import events
from textual.message import Message

from diagnostics.secret import Secret
from tests.tui import mending, scenes
from tests.tui.conftest import Driver, OpenApp
from tests.tui.mending import mended_by
from tui.app import DoctorApp
from tui.widgets.secret_input import SecretInput

CANARY = "canary" + "-7f3a9c-never-shown"


async def open_guide(driver: Driver) -> SecretInput:
    await driver.until(lambda: bool(getattr(driver.app.screen, "remedies", ())))
    await driver.press("m")
    await driver.until(lambda: isinstance(driver.app.focused, SecretInput))
    found = driver.app.focused
    assert isinstance(found, SecretInput)
    return found


def repr_of(message: Message) -> str:
    """Everything that printing a message, or its attributes, would show."""
    return f"{message!r} {vars(message) if hasattr(message, '__dict__') else ''}"


async def test_a_typed_secret_is_in_no_message_picture_clipboard_or_log(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    def hook(message: Message) -> None:
        if not isinstance(message, events.Key):  # single keys are what a terminal sends
            seen.append(repr_of(message))

    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        async with open_app(fixture.session, message_hook=hook) as driver:
            await open_guide(driver)
            await driver.write(CANARY)
            pictures = driver.app.export_screenshot() + driver.text
            await driver.press("ctrl+a", "ctrl+x", "ctrl+insert", "super+c")
            assert driver.app.clipboard == ""
            await driver.press("enter")
            await driver.sees("refused this password")
            pictures += driver.app.export_screenshot() + driver.text
    traces = [*seen, pictures, caplog.text, printed.getvalue(), *_files_below(tmp_path)]
    assert seen
    assert "•" * 5 in pictures
    assert not [each for each in traces if CANARY in each]


async def test_a_pasted_secret_is_taken_whole_and_leaves_the_message(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        field = await open_guide(driver)
        paste = events.Paste(CANARY + "\n")
        driver.app.post_message(paste)
        await driver.sees("There is a line break at the end")
        assert len(field) == len(CANARY) + 1
        assert CANARY not in driver.app.export_screenshot()
        await driver.press("ctrl+t")
        assert field.hint == ""
        assert field.take() == Secret(CANARY)
        assert field.take() == Secret("")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("plain", ""),
        (" plain", "blanks at the beginning"),
        ("plain\r", "line break at the end"),
        ("one\ntwo", "more than one line"),
        ("in\u200bvisible", "invisible"),
        ("x" * 20_000, "Only the first"),
    ],
)
async def test_what_cannot_be_seen_is_told(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, hint: str
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        field = await open_guide(driver)
        driver.app.post_message(events.Paste(text))
        await driver.until(lambda: len(field) > 0)
        assert hint in field.hint
        assert bool(field.hint) == bool(hint)


async def test_a_crash_prints_one_line_and_no_local_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = DoctorApp(scenes.locked_out(tmp_path))

    def break_off() -> None:
        local = CANARY
        raise ZeroDivisionError(f"about {local}")

    async def run() -> None:
        async with app.run_test() as pilot:
            app.begin_operation("Unlock the keychain")
            app.call_later(break_off)
            await pilot.pause(0.2)

    with pytest.raises(ZeroDivisionError):
        await run()
    assert app.return_code == 4
    assert "ZeroDivisionError" in app.crash
    assert "left undone: Unlock the keychain" in app.crash
    assert CANARY not in app.crash
    assert "\n" not in app.crash
    printed = capsys.readouterr()
    assert CANARY not in printed.out + printed.err
    assert "Traceback" not in printed.out + printed.err


async def test_the_screen_librarys_own_log_stays_empty(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "textual.log"
    monkeypatch.setattr("textual.constants.LOG_FILE", str(log))
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        field = await open_guide(driver)
        driver.app.post_message(events.Paste(CANARY))
        await driver.until(lambda: len(field) > 0)
        driver.app.log(CANARY)
    assert not log.exists()


def test_no_widget_of_ours_hides_text_in_an_input() -> None:
    """Textual's own field copies what it hides and carries it in its messages."""
    sources = [each.read_text("utf-8") for each in Path("tui").rglob("*.py")]
    assert sources
    assert not [each for each in sources if "password=True" in each]


def _files_below(folder: Path) -> list[str]:
    return [each.read_text("utf-8", "replace") for each in folder.rglob("*") if each.is_file()]
