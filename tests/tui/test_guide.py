"""Guides: what is shown before, what is asked, what is done, and what is seen afterwards."""

import binascii
import dataclasses
import string
from pathlib import Path

import pytest

from diagnostics.model import Status
from diagnostics.secret import Secret
from diagnostics.tokens.remark import Remark
from recovery.journal import Event, Journal
from recovery.model import Ask, AskKind, RecoveryError
from tests.tui import mending, scenes
from tests.tui.conftest import Driver, OpenApp
from tests.tui.mending import mended_by
from tui.screens.guide import GuideScreen
from tui.screens.guide_page import Phase


def phase(driver: Driver) -> Phase | None:
    return driver.app.screen.phase if isinstance(driver.app.screen, GuideScreen) else None


async def test_unlocking_turns_the_link_green(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Unlock the keychain")
        await driver.press("m")
        await driver.sees(
            "What will be different", "now: locked", "then: open until you log out", mending.WHY[:40]
        )
        await driver.write(mending.PASSWORD)
        assert mending.PASSWORD not in driver.text
        await driver.press("enter")
        await driver.sees("Done.", "permission broken → ok", "This path is in order now.")
        assert driver.app.board.state(scenes.GITHUB.id) is Status.OK
        assert driver.app.board.state(scenes.LINEAR.id) is Status.OK
        assert fixture.session.runs[-1][0] == "permission.example"  # not what comes before it
        await driver.press("enter")
        await driver.sees("Servers")
        (operation,) = Journal(fixture.session.host).operations()
        assert operation.state is Event.DONE


async def test_a_wrong_password_can_be_typed_again(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Unlock")
        await driver.press("m")
        await driver.sees("Password of")
        await driver.write("wrong")
        await driver.press("enter")
        await driver.sees("The keychain refused this password", "You can try again.")
        await driver.write(mending.PASSWORD)
        await driver.press("enter")
        await driver.sees("This path is in order now.")


async def test_an_empty_answer_is_not_sent(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Unlock")
        await driver.press("m")
        await driver.sees("Password of")
        await driver.press("enter")
        await driver.sees("Type or paste it first.")
        assert Journal(fixture.session.host).operations() == []


async def test_what_was_done_can_be_taken_back_at_once(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Unlock")
        await driver.press("m")
        await driver.sees("Password of")
        await driver.write(mending.PASSWORD)
        await driver.press("enter")
        await driver.sees("u take it back")
        await driver.press("u")
        await driver.sees("Taken back.", "permission ok → broken")
        assert driver.app.board.state(scenes.GITHUB.id) is Status.FAIL


async def test_an_undo_that_refuses_is_not_called_taken_back(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_all: object) -> None:
        raise RecoveryError("It was changed since.")

    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Unlock")
        await driver.press("m")
        await driver.sees("Password of")
        await driver.write(mending.PASSWORD)
        await driver.press("enter")
        await driver.sees("u take it back")
        monkeypatch.setattr(mending.TryUnlock, "undo", refuses)
        await driver.press("u")
        await driver.sees("It was not taken back: see above why.", "It was changed since.")
        assert "Taken back." not in driver.text


async def test_undo_from_the_home_screen_says_what_it_takes_back(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.press("u")
        await driver.sees("Nothing was mended yet")
        await driver.press("m")
        await driver.sees("Password of")
        await driver.write(mending.PASSWORD)
        await driver.press("enter")
        await driver.sees("u take it back")
        await driver.press("escape", "u")
        await driver.sees("Take back?", "Unlock the keychain", "Enter take it back")
        await driver.press("enter")
        await driver.until(lambda: driver.app.board.state(scenes.GITHUB.id) is Status.FAIL)


async def test_leaving_a_guide_does_nothing(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.STORE], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Replace")
        await driver.press("m")
        await driver.sees("New value for")
        await driver.press("escape")
        await driver.sees("Servers")
        assert fixture.world.stored == []
        assert not Journal(fixture.session.host).path.exists()


def say(monkeypatch: pytest.MonkeyPatch, status: Status, words: str) -> list[str]:
    """The provider answers this. Out: the fingerprints of what it was asked about."""
    asked: list[str] = []

    def answer(value: Secret, *_rest: object) -> Remark:
        asked.append(value.fingerprint())
        return Remark(status, words)

    monkeypatch.setattr("tui.screens.token_check.ask_about", answer)
    return asked


def a_token() -> str:
    """Shaped like GitHub's, with check digits that agree."""
    body = "A1b2C3d4E5" * 3
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    number, text = binascii.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        text = digits[rest] + text
    return "gh" + "p_" + body + text.rjust(6, "0")


async def give(driver: Driver, token: str) -> None:
    await driver.sees("m  Replace")
    await driver.press("m")
    await driver.sees("New value for")
    await driver.write(token)
    await driver.press("enter")


async def test_a_token_is_checked_before_the_old_one_is_touched(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = say(monkeypatch, Status.OK, "The provider accepts it.")
    fixture = mended_by([mending.STORE], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await give(driver, a_token())
        await driver.sees("The provider accepts it.", "Store it?")
        assert fixture.world.stored == []
        await driver.press("enter")
        await driver.until(lambda: phase(driver) is Phase.OVER)
        assert fixture.world.stored == asked == [Secret(a_token()).fingerprint()]


async def test_a_refused_token_is_warned_of_and_the_person_decides(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, Status.FAIL, "The provider refuses it.")
    fixture = mended_by([mending.STORE], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await give(driver, a_token())
        await driver.sees("The provider refuses it.", "will probably not work", "k store it all the same")
        await driver.press("enter")  # the easy key is the safe one
        await driver.until(lambda: phase(driver) is Phase.ASKING)
        assert fixture.world.stored == []
        await driver.write(a_token())
        await driver.press("enter")
        await driver.sees("k store it all the same")
        await driver.press("k")
        await driver.until(lambda: phase(driver) is Phase.OVER)
        assert len(fixture.world.stored) == 1


async def test_a_damaged_token_is_not_sent_anywhere(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = say(monkeypatch, Status.OK, "The provider accepts it.")
    fixture = mended_by([mending.STORE], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await give(driver, a_token()[:-1] + ("x" if a_token()[-1] != "x" else "y"))
        await driver.sees("check digits are wrong", "will probably not work")
        assert asked == []


async def test_an_outage_does_not_speak_against_the_token(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, Status.UNKNOWN, "The provider could not be asked (timed out).")
    fixture = mended_by([mending.STORE], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await give(driver, a_token())
        await driver.sees("could not be asked", "Store it?")


async def test_what_cannot_be_done_says_why(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.IMPOSSIBLE], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Store it")
        await driver.press("m")
        await driver.sees(
            "This can't be done as things stand", "install gnome-keyring first", "Enter look again"
        )


async def test_what_cannot_be_taken_back_needs_a_word(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.FINAL], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Throw it away")
        await driver.press("m")
        await driver.sees("This can't be taken back", "agree")
        await driver.press("enter")
        await driver.write("yes")
        await driver.press("enter")
        await driver.sees("Type “agree” to go on")
        assert fixture.world.stored == []
        await driver.press("backspace", "backspace", "backspace")
        await driver.write("agree")
        await driver.press("enter")
        await driver.until(lambda: phase(driver) is Phase.OVER)
        assert fixture.world.stored == ["final"]
        assert "take it back" not in driver.text


async def test_advice_shows_the_words(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.ADVICE], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Log in at the screen")
        await driver.press("m")
        await driver.sees("What you can do", "$ mcp-doctor unlock", "Only you can do this")
        await driver.press("enter")
        await driver.settled()
        assert len(fixture.session.runs) == 2


@pytest.mark.parametrize(
    ("answers", "said"), [(True, "The provider accepts it"), (False, "That says nothing about either value")]
)
async def test_which_of_two_values_is_right_is_asked_of_the_provider(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool, said: str
) -> None:
    def asked(ask: Ask, *_rest: object) -> Ask:
        if not answers:
            raise RecoveryError("the keychain is locked by now")
        (newer, words), older = ask.choices
        return dataclasses.replace(ask, choices=((newer, f"{words}. The provider accepts it."), older))

    monkeypatch.setattr("recovery.twins.with_answers", asked)
    fixture = mended_by([mending.TWINS], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Keep one")
        await driver.press("m")
        await driver.sees("Which github_token", said)
        await driver.press("enter")
        await driver.sees("Shall it be done?", "You chose  changed 2026-11-20")
        assert fixture.world.stored == []
        await driver.press("w")
        await driver.sees("Why: Keeping one")
        await driver.press("escape")
        await driver.until(lambda: "Why:" not in driver.text)
        await driver.press("enter")
        await driver.sees("Done.")
        assert fixture.world.stored == [Secret("/1").fingerprint()]


async def test_why_is_told_before_anything_is_typed_and_the_guide_goes_on(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Unlock")
        await driver.press("m")
        await driver.sees("Password of", "F2 why")
        await driver.write(mending.PASSWORD[:4])
        await driver.press("f2")
        await driver.sees("Why: Unlocking the keychain", "What happens beneath")
        await driver.press(*["space"] * 10)  # more than there is to read
        await driver.sees("Why: Unlocking the keychain", "https://")
        await driver.press("escape")
        await driver.write(mending.PASSWORD[4:])
        await driver.press("enter")
        await driver.sees("This path is in order now.", "w why")
        await driver.press("w")
        await driver.sees("Why: Unlocking the keychain")
        await driver.press("w")
        await driver.sees("This path is in order now.")


async def test_two_passwords_that_differ_are_both_typed_again(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = dataclasses.replace(mending.ASK_PASSWORD, kind=AskKind.NEW_PASSWORD)
    remedy = dataclasses.replace(mending.UNLOCK, asks=(ask,))
    async with open_app(mended_by([remedy], tmp_path, monkeypatch).session) as driver:
        await driver.sees("m  Unlock")
        await driver.press("m")
        await driver.sees("Once more")
        for text in ("something", "something else"):
            await driver.write(text)
            await driver.press("enter")
        await driver.sees("were not the same")
        assert "•" not in driver.text
        for _ in range(2):
            await driver.write(mending.PASSWORD)
            await driver.press("enter")
        await driver.sees("This path is in order now.")


async def test_several_remedies_can_be_chosen_from(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.UNLOCK, mending.ADVICE], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("and 1 more")
        await driver.press("m")
        await driver.sees("Which way?", "Log in at the screen")
        await driver.press("down", "enter")
        await driver.sees("What you can do")


async def test_nothing_to_mend_is_said(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("m")
        await driver.sees("The doctor can't do this for you")


async def test_an_interrupted_operation_comes_first(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mended_by([mending.STORE], tmp_path, monkeypatch)
    journal = Journal(fixture.session.host)
    steps = [{"kind": "test-store", "title": "Store github_token", "data": {}}]
    journal.append(
        Event.PLANNED, "0a", remedy="replace", title="Replace github_token", finding="x", steps=steps
    )
    journal.append(Event.INTENT, "0a", step=0)
    journal.append(Event.APPLIED, "0a", step=0, kept={})
    fixture.world.stored.append("half")
    async with open_app(fixture.session) as driver:
        await driver.sees(
            "Something was left half done", "Replace github_token", "f finish it", "t take it back"
        )
        await driver.press("t")
        await driver.until(lambda: not journal.interrupted())
        assert fixture.world.stored == []
