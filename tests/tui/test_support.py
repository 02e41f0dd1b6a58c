"""The support bundle and the picture of the screen, in the app: shown before written, without secrets, over nothing."""

import os
import stat
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from textual.widgets import Log

from diagnostics.model import Stage, Status
from diagnostics.secret import Secret
from recovery import picture, support
from recovery.model import RecoveryError
from tests.support import fake_session as fake
from tests.support import tokens
from tests.tui import mending, scenes
from tests.tui.conftest import Driver, OpenApp

HOSTILE = "</text><script>alert(1)</script> [b]x[/b] &lt; \x1b[31m ]]>"
TOKEN = tokens.github("on the screen")


def pages(driver: Driver) -> str:
    return "\n".join(driver.app.screen.query_one(Log).lines)


async def test_the_bundle_is_shown_before_it_is_written_and_is_what_was_shown(
    open_app: OpenApp, tmp_path: Path
) -> None:
    async with open_app(scenes.locked_out(tmp_path), size=(140, 45)) as driver:
        await driver.press("p")
        await driver.sees("This is all of it.", "Support bundle of mcp-doctor", "report.json")
        assert list(tmp_path.glob("*.zip")) == []
        shown = pages(driver)
        await driver.press("enter")
        await driver.sees("Written:")
        (written,) = tmp_path.glob("mcp-doctor-report-*.zip")
        assert os.name != "posix" or stat.S_IMODE(written.stat().st_mode) == 0o600
        with zipfile.ZipFile(written) as archive:
            texts = [archive.read(each).decode() for each in archive.namelist()]
        flat = "".join(shown.split())
        assert all("".join(each.split()) in flat for each in texts)
        await driver.press("enter")
        await driver.sees("is there already, and is left as it is")
        await driver.press("escape")
        await driver.sees("Servers")


async def test_names_are_kept_only_where_that_is_asked_for(open_app: OpenApp, tmp_path: Path) -> None:
    mine = fake.server("acme")
    found = [fake.finding(Stage.LOOKUP, Status.FAIL, "No entry is called acme_token", mine)]
    async with open_app(fake.session(tmp_path, [mine], found), size=(80, 24)) as driver:
        await driver.press("p")
        await driver.sees("This is all of it.")
        assert "No entry is called entry-1" in pages(driver)
        await driver.press("k")
        await driver.until(lambda: "No entry is called acme_token" in pages(driver))
        await driver.press("k")
        await driver.until(lambda: "No entry is called entry-1" in pages(driver))


async def test_what_may_not_leave_is_told_and_nothing_can_be_written(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leak(*_: object) -> None:
        raise support.LeakError("nothing was written: the last look found something")

    monkeypatch.setattr(support, "gather", leak)
    async with open_app(scenes.locked_out(tmp_path)) as driver:
        await driver.press("p")
        await driver.sees("the last look found something")
        await driver.press("enter")
        assert list(tmp_path.glob("*.zip")) == []


async def test_a_picture_is_kept_for_its_owner_alone_and_holds_nothing_that_acts(
    open_app: OpenApp, tmp_path: Path
) -> None:
    mine = fake.server("acme")
    found = [fake.finding(Stage.LOOKUP, Status.FAIL, HOSTILE, mine)]
    async with open_app(fake.session(tmp_path, [mine], found), size=(100, 30)) as driver:
        await driver.press("f9")
        await driver.sees("A picture was kept")
        await driver.press("f9")
        folder = picture.folder(driver.app.session.host)
        await driver.until(lambda: len(list(folder.glob("*.svg"))) == 2)
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    text = next(iter(folder.glob("*.svg"))).read_text()
    tags = {each.tag.rpartition("}")[2] for each in Xml.fromstring(text).iter()}
    assert tags <= {"svg", "style", "defs", "clipPath", "rect", "g", "text", "circle"}
    assert "acme" in text
    for outside in ("url(http", "@import", "@font-face", "href", "https://cdn"):
        assert outside not in text


async def test_no_picture_is_kept_of_a_screen_that_shows_a_secret(open_app: OpenApp, tmp_path: Path) -> None:
    mine = fake.server("acme")
    found = [fake.finding(Stage.LOOKUP, Status.FAIL, f"It says {TOKEN}", mine)]
    async with open_app(fake.session(tmp_path, [mine], found), size=(140, 45)) as driver:
        await driver.press("f9")
        await driver.sees("no picture was kept")
        assert not picture.folder(driver.app.session.host).exists()


async def test_a_field_for_a_secret_shows_none_in_a_picture(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = mending.mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    async with open_app(fixture.session, size=(100, 30)) as driver:
        await driver.sees("m  Unlock")
        await driver.press("m")
        await driver.sees("Password of")
        await driver.write("hunter22x")
        await driver.press("f9")
        folder = picture.folder(driver.app.session.host)
        await driver.until(lambda: len(list(folder.glob("*.svg"))) == 1)
    assert "hunter" not in next(iter(folder.glob("*.svg"))).read_text()


def test_a_known_secret_is_found_on_the_screen_over_the_end_of_a_line() -> None:
    with pytest.raises(RecoveryError, match="may be a credential"):
        picture.refuse_secrets(
            ["│ it is correct-hor │", "│ se-battery        │"], [Secret("correct-horse-battery")]
        )
    picture.refuse_secrets(["│ it is all right │"], [Secret("correct-horse-battery")])
    with pytest.raises(RecoveryError, match="no picture"):  # broken at its own blank
        picture.refuse_secrets(["│ correct horse │", "│ battery │"], [Secret("correct horse battery")])
