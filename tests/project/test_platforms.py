"""Which tests run on which system; a missing part is a skip only where it could not be installed."""

import sys

import pytest

from tests.support import platforms
from tests.support.platforms import elsewhere, lacking, posix_module


@pytest.mark.parametrize(
    ("marks", "fixtures", "platform", "runs"),
    [
        ([], [], "win32", True),
        (["platform_macos"], [], "darwin", True),
        (["platform_macos"], [], "linux", False),
        (["platform_macos", "platform_windows"], [], "win32", True),
        (["platform_windows"], ["lab"], "win32", True),
        ([], ["tmp_path", "lab"], "linux", True),
        ([], ["tmp_path", "lab"], "darwin", False),
    ],
)
def test_a_test_runs_where_its_marks_and_fixtures_are_at_home(
    marks: list[str], fixtures: list[str], platform: str, runs: bool
) -> None:
    assert (elsewhere(marks, fixtures, platform) == "") is runs


@pytest.mark.parametrize(
    ("platform", "ci", "ends"),
    [("linux", "true", "Failed"), ("linux", "", "Skipped"), ("darwin", "true", "Skipped")],
)
def test_a_missing_part_is_no_skip_in_ci_on_linux(
    monkeypatch: pytest.MonkeyPatch, platform: str, ci: str, ends: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(BaseException, match="no such daemon") as ended:
        lacking("no such daemon")
    assert type(ended.value).__name__ == ends


def test_only_an_absent_posix_module_excuses_a_test_module() -> None:
    wrapped = RuntimeError("could not be imported")
    wrapped.__cause__ = ModuleNotFoundError("no", name="termios")
    assert posix_module(wrapped) == "termios"
    assert posix_module(ModuleNotFoundError("no", name="textual")) == ""


def test_every_mark_is_registered(pytestconfig: pytest.Config) -> None:
    registered = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    assert registered >= set(platforms.MARKS)
