"""Replacing a file that another program has open for a moment, or for good."""

from pathlib import Path

import pytest

from recovery import replacing
from recovery.replacing import put_in_place


def held(times: int) -> tuple[list[int], object]:
    tries: list[int] = []

    def replace(_new: Path, _target: Path) -> None:
        tries.append(1)
        if len(tries) <= times:
            raise PermissionError(13, "Access is denied")

    return tries, replace


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "_PAUSE", 0.001)
    monkeypatch.setattr(replacing, "_SECONDS", 0.05)


def test_it_waits_until_the_other_program_lets_go() -> None:
    tries, replace = held(3)
    put_in_place(Path("new"), Path("old"), waits=True, replace=replace)  # type: ignore[arg-type]
    assert len(tries) == 4


def test_a_file_that_stays_open_is_said_to_be() -> None:
    _, replace = held(10**6)
    with pytest.raises(PermissionError, match="another program has it open"):
        put_in_place(Path("new"), Path("old"), waits=True, replace=replace)  # type: ignore[arg-type]


def test_elsewhere_a_refusal_is_final() -> None:
    tries, replace = held(1)
    with pytest.raises(PermissionError, match="Access is denied"):
        put_in_place(Path("new"), Path("old"), waits=False, replace=replace)  # type: ignore[arg-type]
    assert len(tries) == 1
