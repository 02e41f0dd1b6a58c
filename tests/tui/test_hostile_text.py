"""Names, titles and evidence of hostile origin are shown as what they are: text."""

import dataclasses
from pathlib import Path

from diagnostics.model import Stage, Status
from diagnostics.secret import Secret
from tests.support.fake_session import finding, server, session
from tests.tui.conftest import OpenApp

MARKUP = "[bold red]shout[/] [@click=app.quit]press[/] [link=https://evil.example]x[/link] [/"
ESCAPES = "\x1b]52;c;aGFja2Vk\x07\x1b[2J\x1b[31mred\u202eevil\x00end"


async def test_markup_and_escape_sequences_are_text(open_app: OpenApp, tmp_path: Path) -> None:
    bad = server("bad", client="[red]client[/]")
    bad = dataclasses.replace(
        bad,
        name=MARKUP + ESCAPES,
        path=Path(f"/tmp/{MARKUP}"),
        args=(Secret(MARKUP + ESCAPES),),
        command="$(x)",
    )
    found = finding(
        Stage.LOOKUP,
        Status.FAIL,
        f"T {MARKUP}",
        bad,
        detail=f"D {MARKUP}",
        evidence=(f"E {MARKUP}",),
        fix=(f"F {MARKUP}", f"$ {MARKUP}"),
        cause=MARKUP,
    )
    fake = session(tmp_path, (bad,), [found], banner=MARKUP, notes=(MARKUP,))
    async with open_app(fake, size=(260, 60)) as driver:
        await driver.sees(f"T {MARKUP}", f"D {MARKUP}", f"F {MARKUP}", f"$ {MARKUP}", "\\u202eevil")
        assert "\x1b" not in driver.text
        assert "\u202e" not in driver.text
        picture = driver.app.export_screenshot()
        assert "evil.example" in picture
        assert 'href="https://evil.example"' not in picture
        await driver.press("e")
        await driver.sees(f"E {MARKUP}")
        await driver.press("escape", "s")
        await driver.sees("'$(x)'", "[bold red]shout[/]")
        assert "\x1b" not in driver.text
        await driver.press("escape", "slash")
        await driver.write("[red]")
        await driver.press("escape")
        await driver.sees("[red]client[/]")


async def test_wide_and_long_names_keep_the_picture_whole(open_app: OpenApp, tmp_path: Path) -> None:
    servers = [server("漢字" * 40), server("x" * 5000), server("🙂" * 30), server("e\u0301" * 50)]
    found = [finding(Stage.LOOKUP, Status.FAIL, "字" * 3000, each) for each in servers]
    async with open_app(session(tmp_path, servers, found)) as driver:
        from rich.cells import cell_len

        for line in driver.text.splitlines():
            assert cell_len(line) <= 80
        assert all("│" in line for line in driver.text.splitlines()[2:-3])
