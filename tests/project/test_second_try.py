"""Which tests CI may ask twice: those that drive real parts, never those of the laws."""

from pathlib import Path

import pytest

from tests.support.second_try import is_asked_again

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("file", "fixtures", "again"),
    [
        ("diagnostics/stores/test_kwallet.py", ["wallet", "kwallet"], True),
        ("e2e/test_ssh.py", [], True),
        ("tui/test_interrupted_commands.py", ["lab"], False),
        ("recovery/test_canaries.py", ["lab"], False),
        ("recovery/faults/test_matrix.py", ["lab"], False),
        ("diagnostics/test_references.py", [], False),
    ],
)
def test_only_what_drives_real_parts_and_proves_no_law(file: str, fixtures: list[str], again: bool) -> None:
    assert is_asked_again(TESTS / file, fixtures) is again


def test_every_law_that_is_excepted_is_there() -> None:
    from tests.support.second_try import LAWS

    assert [each for each in LAWS if not (TESTS / each).exists()] == []
