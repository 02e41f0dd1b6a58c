"""A guide that signs in with a code: what is shown, what each end leads to, and that leaving leaves nothing."""

from pathlib import Path

import pytest

from diagnostics.secret import Secret
from recovery.journal import Journal
from recovery.login.error import LoginError
from recovery.model import Ask, AskKind, RecoveryError
from tests.tui import mending
from tests.tui.conftest import Driver, OpenApp
from tests.tui.mending import CODE, StandInSignIn, mended_by, stand_in_login

LOGIN = Secret("what the flow gave")
OVER = LoginError("expired", "the code is over; nothing was changed")
NO_CLIENT = LoginError("invalid-client", "github.com does not take this client")


async def to_the_code(driver: Driver) -> None:
    await driver.sees("m  Sign in")
    await driver.press("m")
    await driver.sees("Shall it be done?")
    await driver.press("enter")
    await driver.sees("next question in 3 s")


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_code_address_and_countdown_are_on_one_screen(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    stand_in_login(monkeypatch)
    async with open_app(mended_by([mending.SIGN_IN], tmp_path, monkeypatch).session, size=size) as driver:
        await to_the_code(driver)
        for shown in (CODE.address, "W D J B - M J H T", "holds for 9:41", "Esc leave"):
            assert shown in driver.text, driver.text
        assert CODE.device_code.reveal() not in driver.text


async def test_what_the_flow_gives_is_stored(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = stand_in_login(monkeypatch, LOGIN)
    fixture = mended_by([mending.SIGN_IN], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await to_the_code(driver)
        assert fixture.world.stored == []
        go.set()
        await driver.sees("Done.", "u take it back")
        assert fixture.world.stored == [LOGIN.fingerprint()]
        assert "W D J B" not in driver.text


async def test_nothing_is_asked_for_before_the_consent(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = stand_in_login(monkeypatch, LOGIN)
    go.set()
    fixture = mended_by([mending.SIGN_IN], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Sign in")
        await driver.press("m")
        await driver.sees("Shall it be done?")
        await driver.pilot.pause(0.1)
        assert StandInSignIn.answers == [LOGIN]
        await driver.press("escape")
        await driver.sees("Servers")
        assert fixture.world.stored == []


async def test_leaving_ends_the_waiting_and_stores_nothing(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_login(monkeypatch, LOGIN)
    fixture = mended_by([mending.SIGN_IN], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await to_the_code(driver)
        await driver.press("escape")
        await driver.sees("Servers")
        await driver.until(lambda: StandInSignIn.cancelled == [True])
        assert fixture.world.stored == []
        assert Journal(fixture.session.host).operations() == []


async def test_a_code_that_ran_out_is_replaced_with_one_key(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = stand_in_login(monkeypatch, OVER, LOGIN)
    fixture = mended_by([mending.SIGN_IN], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await to_the_code(driver)
        go.set()
        await driver.sees("The code is over", "Enter get another code")
        assert fixture.world.stored == []
        await driver.press("enter")
        await driver.sees("Done.")
        assert fixture.world.stored == [LOGIN.fingerprint()]


async def test_a_client_that_is_refused_can_be_typed_again(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    go = stand_in_login(monkeypatch, NO_CLIENT, LOGIN)
    go.set()
    ask = Ask("client_id", AskKind.TEXT, "Client id", "It is made there.")
    remedy = replace(mending.SIGN_IN, asks=(ask, *mending.SIGN_IN.asks))
    fixture = mended_by([remedy], tmp_path, monkeypatch)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Sign in")
        await driver.press("m")
        await driver.sees("Client id", "It is made there.")
        await driver.press("enter")
        await driver.sees("Type or paste it first.")
        await driver.write("mine")
        await driver.press("enter")
        await driver.sees("Shall it be done?")
        await driver.press("enter")
        await driver.sees("does not take this client")
        await driver.press("enter")
        await driver.sees("Client id", "mine")
        await driver.press("enter")
        await driver.sees("Shall it be done?")
        await driver.press("enter")
        await driver.sees("Done.")
        assert fixture.world.stored == [LOGIN.fingerprint()]


async def test_a_login_that_could_not_be_kept_is_not_got_a_second_time(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = stand_in_login(monkeypatch, LOGIN)
    go.set()
    fixture = mended_by([mending.SIGN_IN], tmp_path, monkeypatch)
    apply = mending.TryStore.apply

    def refuses(*_all: object) -> None:
        raise RecoveryError("The keychain is locked.")

    monkeypatch.setattr(mending.TryStore, "apply", refuses)
    async with open_app(fixture.session) as driver:
        await driver.sees("m  Sign in")
        await driver.press("m")
        await driver.sees("Shall it be done?")
        await driver.press("enter")
        await driver.sees("The keychain is locked.", "The login is not kept yet.")
        monkeypatch.setattr(mending.TryStore, "apply", apply)
        await driver.press("enter")
        await driver.sees("Shall it be done?")
        await driver.press("enter")
        await driver.sees("Done.")
        assert fixture.world.stored == [LOGIN.fingerprint()]
