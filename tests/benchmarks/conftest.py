"""Figures, each a ratio taken within one run. Asked for by name: `pytest -m bench tests/benchmarks`."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    measured: str
    against: str
    ratio: str
    holds: bool


_figures: list[Figure] = []


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Only a run that asks for benchmarks reads them: they take minutes, and want the machine to themselves."""
    return None if "bench" in config.getoption("markexpr", "") else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of figures."""
    if not _figures:
        return
    terminalreporter.section("figures")
    rows = [("what", "measured", "against", "ratio", "")]
    rows += [
        (each.what, each.measured, each.against, each.ratio, "" if each.holds else "MISSED")
        for each in _figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.write_line(line.rstrip())


class Figures:
    """Takes a figure down, then holds it against its limit."""

    def compare(self, what: str, ours: float, theirs: float, against: str, at_most: float) -> None:
        """Ours must be at most `at_most` times theirs, both in seconds."""
        ratio = ours / theirs
        line = Figure(
            what,
            f"{ours:.3f} s",
            f"{theirs:.3f} s {against}",
            f"{ratio:.2f} (limit {at_most:g})",
            ratio <= at_most,
        )
        _figures.append(line)
        assert ratio <= at_most, (
            f"{what}: {ours:.3f} s is {ratio:.2f} times {theirs:.3f} s, the limit is {at_most:g}"
        )

    def limit(self, what: str, measured: float, limit: float, unit: str) -> None:
        """A measure that must stay below a limit of its own."""
        line = Figure(
            what,
            f"{measured:.3g} {unit}",
            f"{limit:g} {unit}",
            f"{measured / limit:.2f} (limit 1)",
            measured <= limit,
        )
        _figures.append(line)
        assert measured <= limit, f"{what}: {measured:.3g} {unit}, the limit is {limit:g}"

    def show(self, what: str, ours: float, theirs: float, against: str) -> None:
        """A ratio without a limit."""
        _figures.append(
            Figure(what, f"{ours:.3f} s", f"{theirs:.3f} s {against}", f"{ours / theirs:.2f}", holds=True)
        )


@pytest.fixture
def figures() -> Figures:
    """Where figures go."""
    return Figures()


def timed(command: Sequence[str | Path], env: Mapping[str, str]) -> float:
    """Seconds from a command's start to its end; it must end well."""
    began = time.perf_counter()
    done = subprocess.run(
        [str(each) for each in command],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    spent = time.perf_counter() - began
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return spent


def medians(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """The median of each measure, taken in turns so that the machine's moods meet all of them; one round is not counted."""
    taken = [[measure() for measure in measures] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def plain_env(home: Path) -> dict[str, str]:
    """A bare environment with a home of its own."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
