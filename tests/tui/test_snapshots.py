"""Every screen at two sizes, in colours, in sixteen and in none."""

import dataclasses
import datetime
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from diagnostics.model import ClientFile, Status
from diagnostics.tokens.remark import Remark
from recovery.journal import Event, Journal
from recovery.login.error import LoginError
from recovery.model import Remedy
from tests.support.fake_session import FakeSession, session
from tests.support.snapshots import same_as_stored
from tests.tui import drills, mending, scenes
from tests.tui.conftest import Driver, OpenApp
from tests.tui.deeds import deeds, stand_still
from tests.tui.logs import leave_logs, paste
from tests.tui.mending import cut_off, mended_by

SIZES = [(80, 24), (140, 45)]
Act = Callable[[Driver], Awaitable[None]]


async def mend(driver: Driver) -> None:
    await driver.until(lambda: bool(getattr(driver.app.screen, "remedies", ())))
    await driver.press("m")


async def asked(driver: Driver) -> None:
    await mend(driver)
    await driver.sees("Password of")
    await driver.write("secret")


async def refused(driver: Driver) -> None:
    await asked(driver)
    await driver.press("enter")
    await driver.sees("You can try again.")


async def mended(driver: Driver) -> None:
    await mend(driver)
    await driver.sees("Password of")
    await driver.write(mending.PASSWORD)
    await driver.press("enter")
    await driver.sees("u take it back")


async def undo(driver: Driver) -> None:
    await mended(driver)
    await driver.press("escape", "r")
    await driver.settled()


async def weighed(driver: Driver) -> None:
    await mend(driver)
    await driver.sees("New value")
    await driver.write("your_token_here")
    await driver.press("enter")
    await driver.sees("k store it all the same")


async def words(driver: Driver) -> None:
    await mend(driver)
    await driver.sees("Esc leave")


async def nothing(_driver: Driver) -> None:
    return


def keys(*names: str) -> Act:
    async def press(driver: Driver) -> None:
        await driver.until(lambda: bool(getattr(driver.app.screen, "is_whole", True)))
        await driver.press(*names)

    return press


async def signing_in(driver: Driver) -> None:
    await mend(driver)
    await driver.sees("Shall it be done?")
    await driver.press("enter")
    await driver.sees("next question in 3 s")


async def signed_out(driver: Driver) -> None:
    await signing_in(driver)
    mending.StandInSignIn.go.set()
    await driver.sees("Enter get another code")


LOCKED: dict[str, Act] = {
    "evidence": keys("e"),
    "help": keys("question_mark"),
    "search": keys("slash", "c", "u", "r"),
    "reading": keys("enter", "enter"),
    "start": keys("s"),
}


async def why(driver: Driver) -> None:
    await mend(driver)
    await driver.sees("Password of")
    await driver.press("f2")
    await driver.sees("Why: Unlocking")


async def twins(driver: Driver) -> None:
    await mend(driver)
    await driver.sees("Which github_token", "Nothing is changed yet.")


GUIDES: dict[str, tuple[list[Remedy], Act]] = {
    "home-mendable": ([mending.UNLOCK, mending.ADVICE], keys("down")),
    "pick": ([mending.UNLOCK, mending.ADVICE], mend),
    "guide-asks": ([mending.UNLOCK], asked),
    "guide-refused": ([mending.UNLOCK], refused),
    "guide-mended": ([mending.UNLOCK], mended),
    "home-mended": ([mending.UNLOCK], undo),
    "guide-token": ([mending.STORE], weighed),
    "guide-login": ([mending.SIGN_IN], signing_in),
    "guide-login-over": ([mending.SIGN_IN], signed_out),
    "guide-why": ([mending.UNLOCK], why),
    "guide-twins": ([mending.TWINS], twins),
    "guide-final": ([mending.FINAL], words),
    "guide-advice": ([mending.ADVICE], words),
    "guide-impossible": ([mending.IMPOSSIBLE], words),
}


async def read_log(driver: Driver) -> None:
    await driver.press("enter")
    await driver.sees("command_not_found")


async def pasted(driver: Driver) -> None:
    await paste(
        driver, "Error: GITHUB_TOKEN environment variable is not set\nMCP error -32000: Connection closed\n"
    )
    await driver.sees("env_var_missing")


async def unexplained(driver: Driver) -> None:
    await paste(driver, "GitHub MCP Server running on stdio\n")
    await driver.sees("Nothing here shows")


EXPLAIN: dict[str, Act] = {
    "logs": nothing,
    "logs-read": read_log,
    "logs-pasted": pasted,
    "logs-nothing": unexplained,
}


AUDIT: dict[str, tuple[str, ...]] = {
    "audit": (),
    "audit-operation": ("down", "down", "enter"),
    "audit-broken": ("v",),
}


def size_name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.fixture
def compare(
    open_app: OpenApp, tmp_path: Path
) -> Callable[[FakeSession, tuple[int, int], Act, str], Awaitable[None]]:
    """Opens, acts, compares. The clock that is shown while checks run is not in any picture."""

    async def run(fake: FakeSession, size: tuple[int, int], act: Act, name: str) -> None:
        async with open_app(fake, size=size) as driver:
            await act(driver)
            await driver.pilot.pause(0.1)
            same_as_stored(driver.app.export_screenshot(), name, tmp_path)

    return run


Compare = Callable[[FakeSession, tuple[int, int], Act, str], Awaitable[None]]


@pytest.mark.parametrize("size", SIZES, ids=size_name)
@pytest.mark.parametrize("scene", LOCKED)
async def test_home_and_its_windows(
    compare: Compare, tmp_path: Path, scene: str, size: tuple[int, int]
) -> None:
    await compare(_at(tmp_path), size, LOCKED[scene], f"{scene}-{size_name(size)}")


@pytest.mark.parametrize("size", SIZES, ids=size_name)
async def test_home(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """The README shows the larger one."""
    remedy = dataclasses.replace(
        mending.UNLOCK,
        why="Your password goes to the keyring daemon over an encrypted channel, and nowhere else. Every program of "
        "yours can read the keychain afterwards, until you log out or it is locked.",
    )
    monkeypatch.setattr(
        "recovery.planner.remedies_for",
        lambda found, _context: [remedy] if found.check == scenes.LOCKED.check else [],
    )

    async def act(driver: Driver) -> None:
        await driver.until(lambda: bool(getattr(driver.app.screen, "remedies", ())))

    await compare(scenes.ward(tmp_path), size, act, f"home-{size_name(size)}")


@pytest.mark.parametrize("size", SIZES, ids=size_name)
@pytest.mark.parametrize("scene", GUIDES)
async def test_guides(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: str, size: tuple[int, int]
) -> None:
    remedies, act = GUIDES[scene]
    monkeypatch.setattr(
        "tui.screens.token_check.ask_about", lambda *_: Remark(Status.UNKNOWN, "The provider was not asked.")
    )
    monkeypatch.setattr("recovery.twins.with_answers", lambda ask, *_: ask)
    mending.stand_in_login(monkeypatch, LoginError("expired", "the code is over; nothing was changed"))
    await compare(mended_by(remedies, tmp_path, monkeypatch).session, size, act, f"{scene}-{size_name(size)}")


@pytest.mark.parametrize("size", SIZES, ids=size_name)
async def test_nothing_configured(compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    files = tuple(
        ClientFile(client, Path(f"/home/ada/{path}"), "user", Status.SKIP)
        for client, path in (("claude-desktop", ".config/Claude/x.json"), ("cursor", ".cursor/mcp.json"))
    )
    await compare(session(tmp_path, files=files), size, nothing, f"empty-{size_name(size)}")


@pytest.mark.parametrize("size", SIZES, ids=size_name)
async def test_an_interrupted_operation(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    class Noon(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Noon":
            return cls(2026, 11, 23, 12, tzinfo=tz)

    monkeypatch.setattr("recovery.trail.writing.datetime", Noon)
    fake = _at(tmp_path)
    journal = Journal(fake.host)
    steps = [{"kind": "x", "title": f"Step {number}", "data": {}} for number in range(3)]
    journal.append(Event.PLANNED, "0a", remedy="r", title="Store github_token", finding="x", steps=steps)
    journal.append(Event.INTENT, "0a", step=0)
    journal.append(Event.VERIFIED, "0a", step=0)
    journal.append(Event.INTENT, "0a", step=1)

    async def act(driver: Driver) -> None:
        await driver.sees("half done")

    await compare(fake, size, act, f"interrupted-{size_name(size)}")


@pytest.mark.parametrize("size", SIZES, ids=size_name)
async def test_finishing_what_was_cut_off(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    fixture = mended_by([mending.UNLOCK], tmp_path, monkeypatch)
    cut_off(fixture, mending.UNLOCK)

    async def act(driver: Driver) -> None:
        await driver.sees("f finish it")
        await driver.press("f")
        await driver.sees("Password of")
        await driver.write("secret")
        await driver.press("enter")
        await driver.sees("You can try again.")

    await compare(fixture.session, size, act, f"finish-{size_name(size)}")


@pytest.mark.parametrize(
    ("name", "env"),
    [
        ("sixteen", {"TERM": "xterm", "COLORTERM": ""}),
        ("none", {"NO_COLOR": "1"}),
        ("console", {"TERM": "linux", "COLORTERM": ""}),
    ],
)
async def test_fewer_colours_and_characters(
    compare: Compare, tmp_path: Path, name: str, env: dict[str, str]
) -> None:
    await compare(scenes.locked_out(tmp_path, env=env), (80, 24), nothing, f"home-{name}-80x24")


async def test_the_demo_is_named(compare: Compare, tmp_path: Path) -> None:
    fake = scenes.locked_out(tmp_path, banner="DEMO: nothing of yours is touched", notes=("Make it green.",))
    await compare(fake, (80, 24), nothing, "home-demo-80x24")


async def test_high_contrast(compare: Compare, tmp_path: Path) -> None:
    async def act(driver: Driver) -> None:
        driver.app.theme = "doctor-contrast"
        await driver.pilot.pause()

    await compare(_at(tmp_path), (80, 24), act, "home-contrast-80x24")


@pytest.mark.parametrize("size", SIZES, ids=size_name)
@pytest.mark.parametrize("scene", EXPLAIN)
async def test_the_paste_and_log_screen(
    compare: Compare, tmp_path: Path, scene: str, size: tuple[int, int]
) -> None:
    leave_logs(tmp_path)

    async def act(driver: Driver) -> None:
        await driver.press("l")
        await driver.sees("codex-tui.log")
        await EXPLAIN[scene](driver)

    await compare(_at(tmp_path), size, act, f"{scene}-{size_name(size)}")


@pytest.mark.parametrize("size", SIZES, ids=size_name)
@pytest.mark.parametrize("scene", AUDIT)
async def test_the_audit_trail(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: str, size: tuple[int, int]
) -> None:
    stand_still(monkeypatch)
    monkeypatch.setattr(
        "recovery.trail.verify.begin_anew", lambda *_: ["$ mv journal.jsonl journal.jsonl.kept-1"]
    )
    fake = _at(tmp_path)
    journal = deeds(Journal(fake.host))
    if scene == "audit-broken":
        lines = journal.path.read_bytes().splitlines(keepends=True)
        journal.path.write_bytes(b"".join([*lines[:4], *lines[6:-1]]))

    async def act(driver: Driver) -> None:
        await driver.press("a")
        await driver.sees("Store token 0")
        await driver.press(*AUDIT[scene])

    await compare(fake, size, act, f"{scene}-{size_name(size)}")


@pytest.mark.parametrize("size", SIZES, ids=size_name)
@pytest.mark.parametrize("scene", drills.PICTURES)
async def test_drills(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: str, size: tuple[int, int]
) -> None:
    monkeypatch.setattr("tui.demo.debrief.judge", drills.judged)
    fake = scenes.locked_out(tmp_path, **drills.under_way())
    await compare(fake, size, drills.PICTURES[scene], f"{scene}-{size_name(size)}")


BACKUPS = ("backups", "backups-none", "backup-new", "backup-key", "backup-verified", "backup-restore")
"""Taken in `test_backup_pictures`."""
FLEET = ("fleet", "fleet-filter", "fleet-host", "fleet-problems", "fleet-causes")
"""Taken in `test_fleet`."""


def test_no_stored_picture_is_left_over() -> None:
    stored = {each.stem for each in (Path(__file__).parent / "snapshots").glob("*.svg")}
    sized = {
        f"{scene}-{size_name(size)}"
        for scene in (
            *LOCKED,
            *drills.PICTURES,
            *GUIDES,
            *EXPLAIN,
            *AUDIT,
            *BACKUPS,
            *FLEET,
            "advice",
            "cleanup",
            "history",
            "history-all",
            "history-none",
            "home",
            "empty",
            "interrupted",
            "finish",
        )
        for size in SIZES
    }
    others = {f"home-{name}-80x24" for name in ("sixteen", "none", "console", "demo", "contrast")}
    assert stored == sized | others


def _at(tmp: Path) -> FakeSession:
    return scenes.locked_out(tmp)
