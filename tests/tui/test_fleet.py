"""The fleet in the app, by keyboard; how its screens look; and the command without a terminal."""

import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from diagnostics.fleet.many import Batch, read_many
from tests.support import fake_session
from tests.support import fleet as made
from tests.support.forking import REPO, python
from tests.support.snapshots import same_as_stored
from tests.tui.conftest import Driver
from tui.fleet_app import FleetApp
from tui.widgets.fleet_matrix import FleetMatrix

SIZES = [(80, 24), (140, 45)]
MARKUP = "[bold red]shout[/] [@click=app.quit]press[/] [/"
Open = Callable[..., AbstractAsyncContextManager[Driver]]


@pytest.fixture
def open_fleet(tmp_path: Path) -> Open:
    """`async with open_fleet(folder, size=…) as driver`: the app when it has read them all."""

    @asynccontextmanager
    async def opened(
        *paths: Path, size: tuple[int, int] = (80, 24), settle: bool = True, **env: str
    ) -> AsyncIterator[Driver]:
        host = fake_session.host(tmp_path, **env)
        app = FleetApp(host, paths, clock=made.NOON.timestamp)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot)
            if settle:
                await driver.until(lambda: app.is_shown)
            yield driver

    return opened


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    return made.ward(tmp_path / "reports")


async def test_from_all_hosts_to_one_path_and_back(open_fleet: Open, ward: Path) -> None:
    async with open_fleet(ward) as driver:
        await driver.sees("3 broken", "2 without report", "13 ok", "build-01 · 12 minutes ago")
        await driver.sees("permission: The keychain login is locked", "1 problem: p")
        await driver.press("down", "down", "right")
        await driver.sees("desk-ada · slack · claude-desktop", "broken at validity", "cause token_expired")
        await driver.press("enter")
        await driver.sees(
            "✗ slack", "✗ validity", "The provider does not accept", "run mcp-doctor on desk-ada"
        )
        await driver.press("enter", "enter")
        await driver.sees("$ mcp-secrets set slack token")
        await driver.press("escape")
        await driver.sees("Hosts × servers", "desk-ada · slack")


async def test_nothing_is_mended_from_here(open_fleet: Open, ward: Path) -> None:
    async with open_fleet(ward) as driver:
        await driver.press("enter")
        await driver.sees("✗ permission The keychain login is locked")
        before = driver.text
        for key in ("m", "s", "u", "t", "x", "b", "c", "a", "l"):
            await driver.press(key)
        assert driver.text == before


async def test_the_filter_narrows_by_what_is_typed(open_fleet: Open, ward: Path) -> None:
    async with open_fleet(ward) as driver:
        await driver.press("slash")
        await driver.write("locked slack")
        await driver.sees("2 of 20 hosts fit “locked slack”", "build-01", "build-02")
        assert "desk-ada" not in driver.text
        await driver.press("enter", "down")
        await driver.sees("build-02 · 11 minutes ago")
        await driver.press("escape")
        await driver.sees("desk-ada", "build-01 · 12 minutes ago")
        await driver.press("slash")
        await driver.write("no such thing")
        await driver.sees("No host fits “no such thing”")
        await driver.press("enter", "enter", "right", "pagedown", "end")
        await driver.sees("No host fits")


async def test_a_host_that_was_not_reached_says_why(open_fleet: Open, ward: Path) -> None:
    async with open_fleet(ward, size=(140, 45)) as driver:
        await driver.sees(
            "? lab-01",
            "unreachable: ssh: connect to host 192.0.2.7",
            "no report: mcp-doctor is not installed",
        )
        await driver.press("slash")
        await driver.write("lab")
        await driver.press("enter", "enter")
        await driver.sees("could not be reached", "When that is mended, gather again")
        await driver.press("escape")
        await driver.sees("2 of 20 hosts")


async def test_problems_and_causes_are_listed(open_fleet: Open, ward: Path) -> None:
    async with open_fleet(ward) as driver:
        await driver.press("p")
        await driver.sees("Problems with the reports", "cut-off.json", "is damaged or cut off")
        await driver.press("escape", "c")
        await driver.sees("What fails, by the number of hosts", "keyring_locked", "token_expired")
        await driver.press("escape", "question_mark")
        await driver.sees("Narrow it by host", "leftmost is the host itself")


async def test_files_are_looked_for_and_read_again(open_fleet: Open, ward: Path) -> None:
    async with open_fleet(ward) as driver:
        made.write(ward, made.envelope("build-01", made.healthy("github")))
        made.write(ward, made.envelope("new-01", made.locked("github", "slack", "notion")))
        (ward / "build-02.json").unlink()
        await driver.press("r")
        await driver.sees("2 broken", "new-01 · just now", "1 problem: p")
        for each in ward.iterdir():
            each.unlink()
        await driver.press("r")
        await driver.sees("There is no report.", "1 problem: p")
        await driver.press("p", "escape", "enter", "down", "c", "escape")
        await driver.sees("Hosts × servers")


async def test_a_report_that_changes_while_it_is_looked_at(open_fleet: Open, ward: Path) -> None:
    async with open_fleet(ward) as driver:
        (ward / "build-01.json").write_text("{")
        await driver.press("enter")
        await driver.sees("The report is damaged or cut off")
        await driver.press("enter", "n", "e", "down", "escape")
        await driver.sees("Hosts × servers")


async def test_hostile_names_are_text(open_fleet: Open, tmp_path: Path) -> None:
    told = made.with_one("fail", "github", title=MARKUP, cause=MARKUP)
    told["servers"][0]["name"] = MARKUP
    folder = made.write(tmp_path / "r", made.envelope("web", told))
    (folder / "web.json").write_text(json.dumps(made.envelope("web", told) | {"host": {"name": MARKUP}}))
    (folder / "[red]x.json").write_text("{")
    async with open_fleet(folder, size=(200, 50)) as driver:
        await driver.sees(MARKUP)
        await driver.press("right")
        await driver.sees(f"cause {MARKUP}")
        await driver.press("p")
        await driver.sees("[red]x.json")
        await driver.press("escape", "enter", "e")
        await driver.sees(f"cause   {MARKUP}")


@pytest.mark.parametrize("size", [(20, 8), (40, 12), (64, 18), (300, 80)])
async def test_every_window_size_stands(open_fleet: Open, ward: Path, size: tuple[int, int]) -> None:
    async with open_fleet(ward, size=size) as driver:
        await driver.press(
            "down", "right", "right", "end", "pageup", "enter", "escape", "slash", "x", "escape", "p"
        )
        assert driver.app.is_running


async def test_keys_are_answered_while_a_disk_keeps_the_reading_waiting(
    open_fleet: Open, ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How fast, beside a reading that computes: tests/benchmarks."""
    go_on = threading.Event()

    def slow(*words: Any) -> Iterator[Batch]:
        for number, batch in enumerate(read_many(*words)):
            yield batch
            assert number or go_on.wait(60)

    monkeypatch.setattr("tui.fleet_app.read_many", slow)
    monkeypatch.setattr("diagnostics.fleet.many._BATCH", 0)
    async with open_fleet(ward, settle=False) as driver:
        matrix = driver.app.screen.query_one(FleetMatrix)
        await driver.until(lambda: len(matrix.names) == 1)
        await driver.sees("Reading 1 of 21 files", "build-01")
        await driver.press("right")
        await driver.sees("build-01 · ", " · claude-desktop")
        chosen = matrix.place
        await driver.press("slash")
        await driver.write("no such")
        await driver.sees("0 of 1 hosts fit")
        await driver.press("escape", "right", "right")
        go_on.set()
        await driver.sees("20 hosts, ")
        assert chosen is not None
        assert matrix.place is not None
        assert matrix.place.host == chosen.host, "what comes later moves nothing from under a person's hand"


# ── how it looks ──────────────────────────────────────────────────────────────────────────────────────────

SCENES: dict[str, tuple[str, ...]] = {
    "fleet": ("down", "down", "right"),
    "fleet-filter": ("slash", *"lab"),
    "fleet-host": ("enter",),
    "fleet-problems": ("p",),
    "fleet-causes": ("c",),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES)
async def test_the_screens_look_as_stored(
    open_fleet: Open, ward: Path, tmp_path: Path, scene: str, size: tuple[int, int]
) -> None:
    async with open_fleet(ward, size=size) as driver:
        await driver.press(*SCENES[scene])
        if scene == "fleet-host":
            await driver.sees("The keychain login is locked")
        await driver.pilot.pause(0.1)
        same_as_stored(driver.app.export_screenshot(), f"{scene}-{size[0]}x{size[1]}", tmp_path)


async def test_without_colours_and_with_few_characters(open_fleet: Open, ward: Path, tmp_path: Path) -> None:
    async with open_fleet(ward, TERM="linux", COLORTERM="", NO_COLOR="1") as driver:
        await driver.sees("x 3 broken", "+ 13 ok", "x build-01")
        await driver.press("c")
        await driver.sees("by the number of hosts", "====")
        assert not {"✗", "━"} & set(driver.text)


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────


def fleet(tmp_path: Path, *words: str) -> tuple[int, str, str]:
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = python("-m", "tui", "fleet", *words, env=env, cwd=REPO, seconds=120)
    return done.returncode, done.stdout, done.stderr


def test_without_a_terminal_it_is_a_table(ward: Path, tmp_path: Path) -> None:
    code, out, err = fleet(tmp_path, str(ward))
    assert (code, err) == (1, "")
    assert out.startswith("✗ 3 broken")
    code, out, _ = fleet(tmp_path, str(ward / "web-01.json"), str(ward / "web-02.json"), "--format", "json")
    assert code == 0
    assert [each["host"] for each in json.loads(out)["hosts"]] == ["web-01", "web-02"]
    code, out, _ = fleet(tmp_path, str(ward / "desk-cleo.json"), "--fail-on", "warn", "--output", str(tmp_path / "x.md"), "--format", "markdown")  # fmt: skip
    assert (code, out) == (1, "")
    assert (tmp_path / "x.md").read_text().startswith("# mcp-doctor fleet: 1 warning")
    assert (tmp_path / "x.md").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required"),
        (("/nonexistent",), "No such file"),
        (("",), "an empty name is no file"),
        (("{empty}",), "there is no report in the folder"),
        (("{cut}",), "is damaged or cut off"),
        (("/dev/null",), "is no plain file"),
        (("{ward}", "--format", "sarif"), "invalid choice"),
        (("{ward}", "--output", "/nonexistent/x"), "no such folder"),
    ],
)
def test_a_wrong_call_is_told(ward: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "empty").mkdir()
    places = {"{ward}": str(ward), "{empty}": str(tmp_path / "empty"), "{cut}": str(ward / "cut-off.json")}
    code, out, err = fleet(tmp_path, *(places.get(each, each) for each in words))
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
