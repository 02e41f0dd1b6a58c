"""Which tests CI may ask a second time, and what is told of it.

Tests that drive other programs for real (a daemon, an SSH server, a terminal) depend on a machine that others
use too, and on those programs' own faults; so do those that watch the app draw. In CI, where one of thousands must not hold everything up, such a test is
run once more when it fails; the run's end tells its first failure whole, so that it is seen and mended. The laws are
never asked twice: a leak, a lost value or an unseen tamper that shows once in a hundred runs has been found.
"""

import os
from collections.abc import Collection
from functools import cache
from pathlib import Path

import pytest

from tests.support.platforms import OF_A_LINUX_SESSION

_TESTS = Path(__file__).resolve().parents[1]
LAWS = (
    "project",
    "recovery/faults",
    "recovery/trail",
    "recovery/test_canaries.py",
    "recovery/test_secrecy.py",
    "tui/test_interrupted_commands.py",
)
"""Below `tests/`: what proves the laws."""


def is_asked_again(path: Path, fixtures: Collection[str]) -> bool:
    """Whether a test in this file with these fixtures may fail once."""
    inside = path.relative_to(_TESTS)
    if any(inside.is_relative_to(each) for each in LAWS):
        return False
    return not OF_A_LINUX_SESSION.isdisjoint(fixtures) or _is_watched(path)


@cache
def _is_watched(path: Path) -> bool:
    """Whether this file's tests type at a terminal or drive the app."""
    text = path.read_text("utf-8")
    return any(each in text for each in ("support.terminal", "support.ssh", ".run_test("))


def pytest_itemcollected(item: pytest.Item) -> None:
    if os.environ.get("CI") and is_asked_again(item.path, getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.flaky(reruns=1))
