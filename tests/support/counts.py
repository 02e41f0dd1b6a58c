"""What the proofs have tried, added up over all workers and told at the end of the run.

A test says `record_property("count: faults injected", 12)`; with text in place of a number, different texts are counted.
"""

from typing import Any

import pytest

_MARK = "count: "


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full-matrix",
        action="store_true",
        help="inject every fault at every point of every operation (long)",
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    _tell_second_tries(terminalreporter)
    numbers: dict[str, int] = {}
    texts: dict[str, set[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", ()):
                if not name.startswith(_MARK):
                    continue
                if isinstance(value, int):
                    numbers[name] = numbers.get(name, 0) + value
                else:
                    texts.setdefault(name, set()).add(str(value))
    found = numbers | {name: len(each) for name, each in texts.items()}
    if found:
        terminalreporter.section("proofs")
        for name, value in sorted(found.items()):
            terminalreporter.write_line(f"{name.removeprefix(_MARK)}: {value}")


def _tell_second_tries(terminalreporter: Any) -> None:
    """Each first failure of a test that was asked again (`second_try`), whole: it is to be mended, not lived with."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at first: {report.nodeid}", "-")
        terminalreporter.write_line(str(report.longrepr))
