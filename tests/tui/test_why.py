"""Everything that changes something can say why: a page each, in words that fit on a screen."""

import re
import shlex
from pathlib import Path

import pytest

from diagnostics.catalog import names
from diagnostics.catalog.why import Why, why
from recovery import cleanup
from recovery.emergency.incident import CLOSE, END_TOKEN, START
from recovery.monitor.plan import INSTALL, UNINSTALL
from recovery.planner import all_remedies
from tui import terminal
from tui.arguments import parse

ELSEWHERE = (
    "cleanup", "backup", "restore-backup", "undo", "interrupted", START, END_TOKEN, CLOSE, INSTALL, UNINSTALL,
)  # fmt: skip
OF_CLEANUP = sorted(
    set(re.findall(r'_remedy\(\s*"([a-z-]+)"', Path(cleanup.__file__).read_text(encoding="utf-8")))
)


def answering(monkeypatch: pytest.MonkeyPatch, *given: str) -> list[str]:
    """A person who types these. Out: what was asked so far."""
    asked: list[str] = []
    left = iter(given)

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return next(left)

    monkeypatch.setattr(terminal, "typed", typed)
    return asked


def test_at_a_terminal_w_tells_why_and_asks_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answering(monkeypatch, "w", "?", "y")
    assert terminal.agreed("Do it?", "undo")
    assert asked == ["Do it? [y/N] (w = why) "] * 3
    said = capsys.readouterr().out
    assert said.count("What can go wrong, and how it is taken back") == 2
    assert "$ mcp-doctor undo" in said
    assert all(len(line) < 80 for line in said.splitlines() if "$ " not in line)


def test_what_has_no_page_offers_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, "w")
    assert not terminal.agreed("Do it?", "nothing-of-this-name")
    assert asked == ["Do it? [y/N] "]


def page(remedy: str) -> Why:
    found = why(remedy)
    assert found is not None, f"{remedy} has no page"
    return found


@pytest.mark.parametrize("remedy", [each.id for each in all_remedies()])
def test_every_remedy_has_a_page(remedy: str) -> None:
    page(remedy)


@pytest.mark.parametrize("what", [*ELSEWHERE, *OF_CLEANUP])
def test_so_has_everything_else_that_changes_something(what: str) -> None:
    assert OF_CLEANUP
    page(what)


def test_what_is_no_remedy_has_none() -> None:
    assert why("nothing-of-this-name") is None


@pytest.mark.parametrize("name", names("why"))
def test_a_page_is_plain_text_whose_commands_stand_alone(name: str) -> None:
    found = page(name)
    lines = [line for _, part in found.parts for line in part]
    assert not [each for each in lines if "\x1b" in each or "  " in each or "!" in each.replace("${", "")]
    assert any(each.startswith("$ ") for each in found.by_hand) or name == "log-in-with-client"
    prose = [each for each in lines if not each.startswith(("$ ", "https://"))]
    assert all(each[-1] in ".:" for each in prose), [each for each in prose if each[-1] not in ".:"]
    assert len(prose) <= 20


@pytest.mark.parametrize("name", names("why"))
def test_its_own_commands_are_understood(name: str) -> None:
    for each in page(name).by_hand:
        for words in re.findall(r"mcp-doctor ([^|<&')]+)", each) if each.startswith("$ ") else ():
            assert parse(shlex.split(words)).command == words.split()[0]
