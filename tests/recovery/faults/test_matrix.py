"""Every operation, every fault: afterwards the entries and the configs are as before or as after, nothing between."""

import zlib
from collections.abc import Callable

import pytest

from recovery.emergency import kernel_keyring
from recovery.steps import step_kinds
from tests.recovery.faults.matrix import FAULTS, OF_THE_DAEMON, Fault, Prepared, befall, prepare
from tests.recovery.faults.operations import ELSEWHERE, OPERATIONS, Operation
from tests.recovery.faults.stage import Stage
from tests.recovery.faults.strike import strike
from tests.recovery.faults.test_on_a_mac import DEEDS
from tests.support.platforms import lacking

BY_NAME = {each.name: each for each in OPERATIONS}
KILLED, *OTHERS = FAULTS
_MOST = 8


@pytest.fixture(params=sorted(BY_NAME), ids=lambda name: name.replace(" ", "-"))
def here(request: pytest.FixtureRequest, stage: Stage) -> Prepared:
    operation = BY_NAME[request.param]
    if operation.needs == "kernel" and (trouble := kernel_keyring.trouble(stage.host)):
        lacking(trouble)
    return prepare(stage, operation)


Count = Callable[[str, object], None]


@pytest.fixture
def count(record_property: Count) -> Count:
    """Told at the end of the run."""
    return record_property


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full-matrix"))


def test_killed_at_its_points(here: Prepared, count: Count, full: bool) -> None:
    """kill -9 before a record, a write or a call; the next start finishes it or takes it back, by turns.

    Operations with more than eight points take every second, or third; `--full-matrix` = all, both ways, also inside
    the trail's own writing.
    """
    steps = here.scene.remedy.steps if here.scene.remedy else ()
    assert set(here.operation.kinds) == {each.kind for each in steps}
    deaths, failures, turn = 0, [], _turn(here.operation)
    stride = 1 if full else -(-len(here.points) // _MOST)
    cells = [
        (at, finish, inside)
        for inside in ((False, True) if full else (False,))
        for at in range(1 + (turn % stride), 1 + len(_points(here, inside=inside)), stride)
        for finish in ((True, False) if full else (bool((at // stride + turn) % 2),))
    ]
    for at, finish, inside in cells:
        try:
            struck = befall(here, KILLED, at, finish=finish, inside_records=inside)
        except AssertionError as error:
            failures.append(_told(here, KILLED, at, finish, error))
        else:
            deaths += struck.died
    count("count: faults injected", len(cells))
    count("count: operations under fault", here.operation.name)
    assert not failures, "\n\n".join(failures)
    assert deaths == len(cells)


def _points(here: Prepared, *, inside: bool) -> list[str]:
    if not inside:
        return here.points
    here.put_back()
    return strike(here.stage.lab.root, here.scene.do, inside_records=True).points


def test_befallen_by_everything_else(here: Prepared, count: Count, full: bool) -> None:
    """Each fault at one point, which turns from operation to operation and fault to fault; `--full-matrix` = at all."""
    failures, done = [], 0
    for number, fault in enumerate(OTHERS):
        if fault.name in OF_THE_DAEMON and not here.operation.daemon and not here.operation.opened:
            continue
        total = len(here.points)
        turn = (_turn(here.operation) + number * 5) % total + 1
        for at in range(1, total + 1) if full else (turn,):
            done += 1
            finish = bool((at + number) % 2)
            try:
                befall(here, fault, at, finish=finish)
            except AssertionError as error:
                failures.append(_told(here, fault, at, finish, error))
    count("count: faults injected", done)
    count("count: operations under fault", here.operation.name)
    assert not failures, "\n\n".join(failures)


def test_every_kind_of_step_is_in_the_matrix() -> None:
    rows = [*(each.kinds for each in OPERATIONS), *(each.kinds for each in DEEDS.values())]
    found = {kind for kinds in rows for kind in kinds}
    assert set(step_kinds()) == found | set(ELSEWHERE)
    assert not found & set(ELSEWHERE)


def _turn(operation: Operation) -> int:
    return zlib.crc32(operation.name.encode())


def _told(here: Prepared, fault: Fault, at: int, finish: bool, error: AssertionError) -> str:
    point = here.points[at - 1] if at <= len(here.points) else "the end"
    way = "finished" if finish else "taken back"
    return (
        f"{here.operation.name} / {fault.name} at {at} of {len(here.points)} ({point}), to be {way}:\n{error}"
    )
