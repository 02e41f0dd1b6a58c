"""What is sent of a picture: the terminal looks as if all had been sent, and most has not."""

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.differences import Picture

COLUMNS, ROWS = 24, 6
LETTERS = st.sampled_from([*"abc  ", "é", "日", "✓", "─"])
STYLES = st.sampled_from(
    [
        "",
        "0",
        "1",
        "1;31",
        "38;2;1;2;3",
        "48;5;7",
        "7",
        "4;36",
        "22;39",
        "2",
        "49",
        "38;5;9;48;2;9;9;9",
        "24;27",
    ]
)
PIECES = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), STYLES, st.lists(LETTERS, max_size=12)),
    max_size=6,
)


def written(pieces: list[tuple[int, int, str, list[str]]]) -> str:
    """As Textual writes: a move, a style, letters, and nothing of it left for the next."""
    return "".join(
        f"\x1b[{y + 1};{x + 1}H\x1b[{style}m{''.join(text)}\x1b[0m" for y, x, style, text in pieces
    )


def cells(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """What a person sees: a blank's letter has no colour."""

    def seen(cell: pyte.screens.Char) -> tuple[object, ...]:
        around = (cell.bg, cell.reverse, cell.underscore, cell.strikethrough)
        if cell.data == " " and not any(around[1:]):
            return (cell.data, cell.bg)
        return (cell.data, cell.fg, cell.bold, cell.italics, *around)

    return [[seen(screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(ROWS)]


def terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(COLUMNS, ROWS)
    screen.reset_mode(7 << 5)  # as Textual: no wrap at the right edge
    return screen, pyte.Stream(screen)


def begun() -> Picture:
    picture = Picture()
    picture.resize(COLUMNS, ROWS)
    picture.take("\x1b[?1049h")
    return picture


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=5))
def test_a_terminal_looks_the_same(frames: list[list[tuple[int, int, str, list[str]]]]) -> None:
    whole, all_of_it = terminal()
    part, differences = terminal()
    picture = begun()
    for frame in frames:
        data = written([each for each in frame if not splits(each)])
        all_of_it.feed(data)
        assert not picture.take(data)
        differences.feed(picture.changes())
        if torn(whole):
            return
        assert cells(part) == cells(whole)
        assert not picture.changes()


def splits(piece: tuple[int, int, str, list[str]]) -> bool:
    """Whether a piece would reach over the right edge, which Textual's never do."""
    _, x, _, text = piece
    return x + sum(2 if each == "日" else 1 for each in text) > COLUMNS


def torn(screen: pyte.Screen) -> bool:
    """Whether half of a wide letter was written over: each terminal shows that in its own way."""
    for y in range(ROWS):
        for x in range(COLUMNS):
            wide = screen.buffer[y][x].data == "日"
            half = screen.buffer[y][x].data == ""
            if wide and (x + 1 == COLUMNS or screen.buffer[y][x + 1].data != ""):
                return True
            if half and (x == 0 or screen.buffer[y][x - 1].data != "日"):
                return True
    return False


def test_the_same_picture_again_sends_nothing() -> None:
    picture = begun()
    data = written([(1, 2, "1;31", list("broken")), (2, 0, "", list("and so on"))])
    picture.take(data)
    assert picture.changes()
    picture.take(data)
    assert picture.changes() == ""


def test_one_letter_sends_one_letter() -> None:
    picture = begun()
    picture.take(written([(1, 2, "38;2;1;2;3", list("one word"))]))
    picture.changes()
    picture.take(written([(1, 2, "38;2;1;2;3", list("one wOrd"))]))
    sent = picture.changes()
    assert sent.count("O") == 1
    assert "w" not in sent
    assert len(sent) < 32


def test_an_end_of_a_line_is_cleared_not_painted_over() -> None:
    picture = begun()
    picture.take(written([(0, 0, "", list("a long line of text"))]))
    picture.changes()
    picture.take(written([(0, 0, "", list("a" + " " * 20))]))
    assert "\x1b[K" in picture.changes()


def test_an_end_with_a_background_is_painted() -> None:
    picture = begun()
    picture.take(written([(0, 0, "44", list("x" + " " * 20))]))
    sent = picture.changes()
    assert "\x1b[K" not in sent
    assert " " * 20 in sent


@pytest.mark.parametrize("other", ["\x1b[?1003h", "\x07", "\x1b]52;c;eA==\x07", "\x1b[>25u", "\x1b[?25l"])
def test_what_is_no_drawing_passes(other: str) -> None:
    assert begun().take(other) == other


def test_a_new_size_sends_everything_anew() -> None:
    picture = begun()
    picture.take(written([(0, 0, "", list("here"))]))
    picture.changes()
    picture.resize(COLUMNS + 1, ROWS)
    picture.take(written([(0, 0, "", list("here"))]))
    assert "here" in picture.changes()


def test_nothing_is_drawn_after_the_end() -> None:
    picture = begun()
    picture.take(written([(0, 0, "", list("here"))]))
    picture.changes()
    assert "\x1b[?1049l" in picture.take("\x1b[?1049l")
    assert picture.changes() == ""


def test_a_link_goes_with_its_letters() -> None:
    picture = begun()
    picture.take("\x1b[1;1H\x1b]8;id=1;https://example.org\x1b\\there\x1b]8;;\x1b\\ on")
    sent = picture.changes()
    assert (
        sent.index("\x1b]8;id=1;https://example.org\x1b\\")
        < sent.index("there")
        < sent.index("\x1b]8;;\x1b\\")
    )
