"""What stands on the terminal, cell by cell, so that only what differs is sent. Pure: text in, text out.

Textual sends whole regions anew, each with all its colours: thousands of bytes for one arrow key. On a line of 9,600
baud that is eight seconds. The picture takes what Textual writes, and gives what changes the terminal's cells from
the last sent ones to these: moves, style differences, letters.
"""

import re
from functools import lru_cache

_TOKEN = re.compile(
    r"\x1b\[(?P<csi>[0-9;:?<=>]*)(?P<end>[ -/]*[@-~])"
    r"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|(?P<other>\x1b[P_^X].*?\x1b\\|\x1b.)"
    r"|(?P<line>\r?\n)"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
    r"|(?P<control>.)",
    re.DOTALL,
)
_ATTRIBUTES = {1: "1", 2: "2", 3: "3", 4: "4", 5: "5", 6: "5", 7: "7", 8: "8", 9: "9", 21: "21", 53: "53"}
_ENDS = {22: "12", 23: "3", 24: "4", 25: "5", 27: "7", 28: "8", 29: "9", 55: "53"}
_SEEN_ON_A_BLANK = frozenset({"4", "7", "9", "21", "53"})
"""Attributes that show on a blank as well."""
_GAP = 5
"""Unchanged cells that are cheaper sent again than jumped over."""


class Style:
    """A cell's look. Two of the same look are the same object."""

    __slots__ = ("attributes", "back", "fore", "link")

    def __init__(self, fore: str, back: str, attributes: frozenset[str], link: str) -> None:
        self.fore, self.back, self.attributes, self.link = fore, back, attributes, link


@lru_cache(maxsize=8192)
def _style(fore: str, back: str, attributes: frozenset[str], link: str) -> Style:
    return Style(fore, back, attributes, link)


PLAIN = _style("", "", frozenset(), "")
_NOTHING = ("", PLAIN)
"""A cell of which it is not known what stands there."""
_BLANK = (" ", PLAIN)
Cell = tuple[str, Style]


class Picture:
    """A terminal's cells: the wanted ones, and those that were sent."""

    def __init__(self) -> None:
        self._wanted: list[list[Cell]] = []
        self._sent: list[list[Cell]] = []
        self._changed: set[int] = set()
        self._x = self._y = 0
        self._style = PLAIN
        self._real: Style | None = None
        """The style that the terminal has now; None = not known."""
        self._at: tuple[int, int] | None = None
        """Where the terminal's cursor is; None = not known."""
        self.wants_sync = False
        """Whether Textual wraps its updates for the terminal (mode 2026)."""

    def resize(self, columns: int, rows: int) -> None:
        """Another size: what a terminal makes of its lines then is its own affair, so nothing is known of them."""
        if (len(self._wanted), len(self._wanted[0]) if self._wanted else 0) != (rows, columns):
            self._wanted = [[_BLANK] * columns for _ in range(rows)]
            self.forget()

    def forget(self) -> None:
        """Somebody else has written on the terminal: everything is sent anew."""
        self._sent = [[_NOTHING] * len(line) for line in self._wanted]
        self._changed = set(range(len(self._wanted)))
        self._real = self._at = None

    def take(self, data: str) -> str:
        """Takes what Textual writes. Out: what is no drawing, to be sent as it stands."""
        other: list[str] = []
        for token in _TOKEN.finditer(data):
            match token.lastgroup:
                case "text":
                    self._put(token["text"])
                case "line":
                    self._y, self._x = self._y + 1, 0
                case "end":
                    self._sequence(token, other)
                case "osc" if token["osc"].startswith("8;"):
                    link = token["osc"] if token["osc"].partition("8;")[2].partition(";")[2] else ""
                    old = self._style
                    self._style = _style(old.fore, old.back, old.attributes, link)
                case _:
                    other.append(token[0])
        return "".join(other)

    def _sequence(self, token: re.Match[str], other: list[str]) -> None:
        given, end = token["csi"], token["end"]
        if end == "m" and not given.startswith((">", "?", "<", "=")):
            self._style = _styled(self._style, given)
        elif end == "H":
            row, _, column = given.partition(";")
            self._y, self._x = int(row or 1) - 1, int(column or 1) - 1
        elif given == "?2026" and end in "hl":
            self.wants_sync = True
        elif given == "?1049" and end in "hl":
            other.append(token[0])
            self._other_screen(begins=end == "h", other=other)
        elif end == "J":
            other.append(token[0])
            self.forget()
        else:
            other.append(token[0])

    def _other_screen(self, *, begins: bool, other: list[str]) -> None:
        """Textual's own screen is empty at its beginning, and nothing is drawn after its end."""
        self._wanted = [[_BLANK] * len(line) for line in self._wanted]
        self.forget()
        if begins:
            other.append("\x1b[m\x1b[2J")  # not every terminal has a second screen
            self._real = PLAIN
        self._sent = [list(line) for line in self._wanted]
        self._changed.clear()

    def _put(self, text: str) -> None:
        if not 0 <= self._y < len(self._wanted):
            return
        line, x, style = self._wanted[self._y], self._x, self._style
        blank = _style("", style.back, style.attributes & _SEEN_ON_A_BLANK, style.link)
        if blank.attributes:
            blank = style
        if text.isascii():
            cells = [(letter, blank if letter == " " else style) for letter in text[: len(line) - x]]
            line[x : x + len(cells)] = cells
            self._x = x + len(text)
        else:
            self._x = _put_wide(line, x, text, style, blank)
        self._changed.add(self._y)

    def changes(self) -> str:
        """What makes the terminal's cells the wanted ones; "" = they are. They count as sent."""
        out: list[str] = []
        for y in sorted(self._changed):
            self._line(y, out)
        self._changed.clear()
        if out and self._real is not PLAIN:
            self._turn_to(PLAIN, out)
        return "".join(out)

    def _line(self, y: int, out: list[str]) -> None:
        wanted, sent = self._wanted[y], self._sent[y]
        if wanted == sent:
            return
        end = len(wanted)
        tail = end
        while tail and wanted[tail - 1] == _BLANK:
            tail -= 1
        clears = any(sent[at] != _BLANK for at in range(tail, end)) and end - tail > 3
        x = 0
        stop = tail if clears else end
        while x < stop:
            if wanted[x] == sent[x]:
                x += 1
                continue
            while x and not wanted[x][0]:  # the right half of a wide letter: from its beginning
                x -= 1
            x = self._run(y, x, stop, out)
        if clears:
            self._move(y, tail, out)
            self._turn_to(PLAIN, out)
            out.append("\x1b[K")
        self._sent[y] = list(wanted)

    def _run(self, y: int, x: int, stop: int, out: list[str]) -> int:
        """Sends changed cells from `x` on. Out: where the first unchanged ones are worth a jump."""
        wanted, sent = self._wanted[y], self._sent[y]
        self._move(y, x, out)
        at = x
        while at < stop:
            if wanted[at] == sent[at] and not self._leads_on(y, at, stop):
                break
            letter, style = wanted[at]
            if letter:
                if not (letter == " " and self._may_be_blank(style)):
                    self._turn_to(style, out)
                out.append(letter)
            at += 1
        # At the right edge a terminal's cursor waits for the next letter, each in its own way: say where it is.
        self._at = (y, at) if at < len(wanted) else None
        return at

    def _leads_on(self, y: int, at: int, stop: int) -> bool:
        """Whether a few unchanged cells, which can be sent as they are, lead to a changed one."""
        wanted, sent = self._wanted[y], self._sent[y]
        for next_at in range(at, min(at + _GAP, stop)):
            letter, style = wanted[next_at]
            if wanted[next_at] != sent[next_at]:
                return True
            if not letter or not (style is self._real or (letter == " " and self._may_be_blank(style))):
                return False
        return False

    def _may_be_blank(self, style: Style) -> bool:
        """Whether a blank looks the same in the style that the terminal has now."""
        real = self._real
        return (
            real is not None
            and real.back == style.back
            and real.link == style.link
            and not style.attributes
            and not real.attributes & _SEEN_ON_A_BLANK
        )

    def _move(self, y: int, x: int, out: list[str]) -> None:
        if self._at == (y, x):
            return
        if self._at is not None and self._at[0] == y and x > self._at[1]:
            out.append(f"\x1b[{x - self._at[1]}C")
        else:
            out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        self._at = (y, x)

    def _turn_to(self, style: Style, out: list[str]) -> None:
        if style is self._real:
            return
        real = self._real
        if real is None or real.link != style.link:
            out.append(f"\x1b]{style.link or '8;;'}\x1b\\" if real is not None or style.link else "")
        out.append(_difference(real, style))
        self._real = style


@lru_cache(maxsize=8192)
def _difference(real: Style | None, style: Style) -> str:
    """The shortest of two ways: from what is, or from nothing."""
    anew = [*sorted(style.attributes), style.fore, style.back]
    fresh = f"\x1b[{';'.join(['0', *filter(None, anew)])}m" if any(anew) else "\x1b[m"
    if real is None:
        return fresh
    parts = [_END_OF[each] for each in sorted(real.attributes - style.attributes)]
    ended = {"1", "2"} if "22" in parts else set()
    parts = list(dict.fromkeys(parts))
    parts += sorted(style.attributes - (real.attributes - ended))
    if style.fore != real.fore:
        parts.append(style.fore or "39")
    if style.back != real.back:
        parts.append(style.back or "49")
    if not parts:
        return ""
    told = f"\x1b[{';'.join(parts)}m"
    return told if len(told) <= len(fresh) else fresh


_END_OF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"} | {
    "21": "24",
    "53": "55",
}


@lru_cache(maxsize=8192)
def _styled(old: Style, given: str) -> Style:
    """SGR (ECMA-48): the style after it."""
    fore, back, attributes = old.fore, old.back, set(old.attributes)
    numbers = [int(each) if each.isdigit() else 0 for each in (given or "0").replace(":", ";").split(";")]
    at = 0
    while at < len(numbers):
        number = numbers[at]
        if number in {38, 48} and at + 1 < len(numbers):
            length = 3 if numbers[at + 1] == 5 else 5
            colour = ";".join(map(str, numbers[at : at + length]))
            fore, back = (colour, back) if number == 38 else (fore, colour)
            at += length
            continue
        if number == 0:
            fore = back = ""
            attributes = set()
        elif number in _ATTRIBUTES:
            attributes.add(_ATTRIBUTES[number])
        elif number in _ENDS:
            attributes -= {"1", "2"} if number == 22 else {_ENDS[number], *(("21",) if number == 24 else ())}
        elif 30 <= number <= 37 or 90 <= number <= 97:
            fore = str(number)
        elif 40 <= number <= 47 or 100 <= number <= 107:
            back = str(number)
        elif number == 39:
            fore = ""
        elif number == 49:
            back = ""
        at += 1
    return _style(fore, back, frozenset(attributes), old.link)


def _put_wide(line: list[Cell], x: int, text: str, style: Style, blank: Style) -> int:
    """As many cells as each letter takes; what joins the letter before it goes into its cell."""
    from rich.cells import get_character_cell_size

    for letter in text:
        width = get_character_cell_size(letter)
        if width == 0:
            if 0 < x <= len(line):
                before = x - 1 if line[x - 1][0] else x - 2
                line[before] = (line[before][0] + letter, line[before][1])
            continue
        if x + width > len(line):
            break
        line[x] = (letter, blank if letter == " " else style)
        if width == 2:
            line[x + 1] = ("", style)
        x += width
    return x
