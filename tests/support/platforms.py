"""Which system a test needs, decided in one place for the whole suite.

A test that drives the real thing of one system carries its mark (`platform_macos`, `platform_windows`,
`platform_linux`) and is skipped on the others. What rests on a Linux session (D-Bus, gnome-keyring, the kernel's
keyring) is marked by the fixtures it asks for. On Linux, where every part can be installed, `CI=true` makes a missing
part a failure (`lacking`), so no proof is left out there unnoticed.
"""

import os
import sys
from collections.abc import Generator, Iterable
from typing import NoReturn

import pytest

UID = os.getuid() if hasattr(os, "getuid") else 0
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
"""Whether this user may do everything: give files away, become somebody else. Windows has nobody like that."""

MARKS = {
    "platform_linux": ("linux", "Linux"),
    "platform_macos": ("darwin", "macOS"),
    "platform_windows": ("win32", "Windows"),
}
"""A mark -> what `sys.platform` is there, and the system's name."""

OF_A_LINUX_SESSION = {"lab", "unlocked", "keyring", "sshd", "keytar_in", "kwallet", "keepassxc", "wine"}
"""Fixtures with real parts that only Linux has; tests that ask for one need Linux."""

_POSIX_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
"""Modules of the standard library that Windows does not have; test modules that drive terminals import them."""


def lacking(trouble: str) -> NoReturn:
    """Skips the test: a part of the system is missing. In CI on Linux it fails, for there it could be installed."""
    if os.environ.get("CI") and sys.platform == "linux":
        pytest.fail(trouble)
    pytest.skip(trouble)


def needed(marks: Iterable[str], fixtures: Iterable[str]) -> list[str]:
    """The platform marks that hold for a test. In: the names of its marks and of its fixtures."""
    found = [each for each in marks if each in MARKS]
    return found or (["platform_linux"] if OF_A_LINUX_SESSION & set(fixtures) else [])


def elsewhere(marks: Iterable[str], fixtures: Iterable[str], platform: str) -> str:
    """Why a test does not run on `platform` (as `sys.platform` names it); "" = it does."""
    places = [MARKS[each] for each in needed(marks, fixtures)]
    if not places or platform in {each[0] for each in places}:
        return ""
    return f"proves the real {' or '.join(each[1] for each in places)}, which this is not"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marks = [each.name for each in item.iter_markers()]
        why = elsewhere(marks, getattr(item, "fixturenames", ()), sys.platform)
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that drives a POSIX terminal can't even be imported on Windows: it is skipped there, with the reason."""
    report = yield
    if sys.platform == "win32" and report.outcome == "failed":
        error = report.call.excinfo.value  # type: ignore[attr-defined]
        absent = posix_module(error)
        if absent:
            place = (str(collector.path), 0, f"Skipped: needs {absent}, which can't be had on Windows")
            report.outcome, report.longrepr = "skipped", place
    return report


def posix_module(error: BaseException | None) -> str:
    """The module that only POSIX systems have, where its absence is what `error` came of; else "".

    Also one of our test modules that was skipped for that, where another one takes something from it.
    """
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name in _POSIX_MODULES:
            return error.name or ""
        if isinstance(error, ImportError) and (error.name or "").startswith("tests."):
            return error.name or ""
        error = error.__cause__ or error.__context__
    return ""
