"""A credential's row of cells: the worst of each part, gaps where nobody looked, however the clock was set."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from diagnostics.history import Condition
from diagnostics.history.strip import Cell, cells, span_of, usual_distance
from tests.support.histories import LOCKED, NOON, OFF, OK, UNCLEAR, WARN, every, history, one

KEY = "a"
MINUTES = timedelta(minutes=15)


def row(rounds: Sequence[Condition | None], hours: float, count: int, step: timedelta = MINUTES) -> str:
    told = history(every(step, [{KEY: each} if each else {} for each in rounds]))
    signs = dict(zip(Cell, "owfu-. ", strict=True))
    return "".join(
        signs[each] for each in cells(span_of(told, NOON - timedelta(hours=hours), NOON), KEY, count)
    )


def test_a_part_shows_the_worst_that_was_found_in_it() -> None:
    assert row([OK] * 4 + [OK, LOCKED, OK, OK] + [WARN] * 3 + [UNCLEAR] + [OK] * 5, 4, 4) == "ofuo"


@pytest.mark.parametrize(
    ("how", "sign"), [(OK, "o"), (WARN, "w"), (LOCKED, "f"), (UNCLEAR, "u"), (OFF, "-"), (None, " ")]
)
def test_every_state_has_a_cell_of_its_own(how: Condition | None, sign: str) -> None:
    assert row([how] * 5, 1, 4) == sign * 4


def test_between_two_rounds_the_answer_holds() -> None:
    assert row([OK, OK, LOCKED, LOCKED, OK], 4, 16, timedelta(hours=1)) == "ooooooooffffffff"[:15] + "o"


def test_a_silence_is_a_gap_and_not_the_answer_before_it() -> None:
    before = every(MINUTES, [{KEY: OK}] * 9, NOON - timedelta(hours=6))
    after = [one(each.number + 20, each.at, each.states) for each in every(MINUTES, [{KEY: LOCKED}] * 5)]
    told = span_of(history([*before, *after]), NOON - timedelta(hours=8), NOON)
    assert cells(told, KEY, 8) == (*[Cell.OK] * 3, *[Cell.GAP] * 4, Cell.FAIL)


def test_before_the_first_round_nobody_looked() -> None:
    assert row([OK] * 5, 4, 4) == "...o"


def test_what_no_longer_comes_is_a_gap_up_to_now() -> None:
    told = history(every(MINUTES, [{KEY: OK}] * 9, NOON - timedelta(hours=2)))
    shown = cells(span_of(told, NOON - timedelta(hours=4), NOON), KEY, 8)
    assert shown == (*[Cell.OK] * 5, *[Cell.GAP] * 3)


def test_rounds_that_a_wrong_clock_put_into_the_future_are_counted_and_left_out() -> None:
    future = one(6, NOON + timedelta(days=400), {KEY: LOCKED})
    told = span_of(history([*every(MINUTES, [{KEY: OK}] * 5), future]), NOON - timedelta(hours=1), NOON)
    assert (told.astray, cells(told, KEY, 4)) == (1, (Cell.OK,) * 4)


def test_rounds_after_the_clock_was_set_back_stand_where_their_time_is() -> None:
    rounds = [
        one(1, NOON - timedelta(hours=1), {KEY: LOCKED}),
        one(2, NOON - timedelta(hours=3), {KEY: OK}, clock="set back by 2 hours"),
        one(3, NOON - timedelta(hours=2), {KEY: OK}),
    ]
    told = span_of(history(rounds), NOON - timedelta(hours=4), NOON)
    assert cells(told, KEY, 4) == (Cell.GAP, Cell.OK, Cell.OK, Cell.FAIL)


def test_the_usual_distance_is_the_middle_one() -> None:
    rounds = [*every(MINUTES, [{}] * 9, NOON - timedelta(days=2)), one(20, NOON, {})]
    assert usual_distance(history(rounds)) == MINUTES
    assert usual_distance(history([])) == timedelta(hours=1)


def test_nothing_and_no_room_are_no_trouble() -> None:
    told = span_of(history([]), NOON - timedelta(days=1), NOON)
    assert cells(told, KEY, 3) == (Cell.GAP,) * 3
    assert cells(told, KEY, 0) == ()
