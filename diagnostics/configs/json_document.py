"""JSON, also with comments and trailing commas, keeping the place of every key.

The standard library's parser does the parsing; what it would reject in a config that other parsers accept is
blanked first, character for character, so that places stay true.
"""

import bisect
import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Never

from diagnostics.configs.document import Path, Place, SyntaxProblem, place_of
from diagnostics.model import Problem

_STRING = r'"(?:[^"\\\n]|\\.)*+"'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*(?s:.)*?(?:\*/|\Z)")
_TRAILING_COMMA = re.compile(rf"{_STRING}|,(?=\s*+[}}\]])")
_BLANK = re.compile(r"[ \t\r\n]*")
_LONG_NUMBER = r"[0-9]{4000,}"


class JsonDocument:
    """One JSON config.

    Raises (on construction):
        SyntaxProblem: not JSON even with comments and trailing commas allowed, or not an object.
    """

    def __init__(self, text: str) -> None:
        self.comment: tuple[int, int] | None = None
        """The place of the first comment; None without any."""
        self.trailing_comma: tuple[int, int] | None = None
        self._text = text
        self.data: Mapping[str, Any] = self._parse()
        self._members: dict[Path, dict[str, list[tuple[int, int]]]] = {}

    def line_of(self, path: Path) -> int:
        """See `Document`."""
        found = self._members_of(path[:-1]).get(path[-1])
        return self._line(found[-1][0]) if found else 0

    def place(self, path: Path) -> Place | None:
        """See `Document`. What was blanked keeps its length, so the offsets are those of the text as given."""
        parent = self._value_at(path[:-1]) if path else None
        if parent is None:
            return None
        if self._text[parent] == "[":
            elements = enumerate(_elements(self._text, parent))
            found: list[tuple[int | None, int]] = [
                (None, value) for number, value in elements if str(number) == path[-1]
            ]
        else:
            found = [*self._members_of(path[:-1]).get(path[-1], ())]
        if not found:
            return None
        key, start = found[-1]
        _, end = _decoder.raw_decode(self._text, start)
        return Place(start, end, key)

    def repeated(self, path: Path) -> list[tuple[str, int, int]]:
        """See `Document`."""
        return [
            (key, self._line(places[0][0]), self._line(places[-1][0]))
            for key, places in self._members_of(path).items()
            if len(places) > 1
        ]

    def _parse(self) -> Mapping[str, Any]:
        if not self._text.strip():
            raise SyntaxProblem(Problem("empty", "config_syntax_error", "", 1, 1))
        try:
            data = _loads(self._text)
        except (json.JSONDecodeError, _ForeignError):
            self._blank()
            try:
                data = _loads(self._text)
            except json.JSONDecodeError as error:
                raise SyntaxProblem(self._problem(error)) from None
            except _ForeignError as error:
                raise SyntaxProblem(self._foreign(str(error))) from None
        if not isinstance(data, dict):
            detail = {"list": "a list", "str": "a text"}.get(type(data).__name__, "a single value")
            raise SyntaxProblem(Problem("not-an-object", "config_schema_error", detail, 1, 1))
        return data

    def _blank(self) -> None:
        def without_comment(found: re.Match[str]) -> str:
            if found[0][0] == '"':
                return found[0]
            self.comment = self.comment or place_of(self._text, found.start())
            return re.sub(r"[^\n]", " ", found[0])

        def without_comma(found: re.Match[str]) -> str:
            if found[0][0] == '"':
                return found[0]
            self.trailing_comma = self.trailing_comma or place_of(self._text, found.start())
            return " "

        self._text = _COMMENT.sub(without_comment, self._text)
        self._text = _TRAILING_COMMA.sub(without_comma, self._text)

    def _problem(self, error: json.JSONDecodeError) -> Problem:
        line, column = error.lineno, error.colno
        if not self._text.strip():
            return Problem("empty", "config_syntax_error", "", 1, 1)
        if error.msg.startswith("Invalid \\"):
            return Problem("backslash", "config_backslash_escape", "", line, column)
        if error.pos >= len(self._text.rstrip()):
            return Problem("truncated", "config_syntax_error", "", line, column)
        if error.msg == "Extra data":
            return Problem("extra-text", "config_syntax_error", "", line, column)
        return Problem("syntax", "config_syntax_error", _expected(error.msg), line, column)

    def _foreign(self, what: str) -> Problem:
        if what == "nesting":
            return Problem("too-deep", "config_syntax_error", "")
        found = re.search(rf"\b{what}\b" if what.isalpha() else _LONG_NUMBER, self._text)
        place = place_of(self._text, found.start()) if found else (1, 1)
        return Problem("syntax", "config_syntax_error", f"a JSON value, not {what}", *place)

    def _members_of(self, path: Path) -> dict[str, list[tuple[int, int]]]:
        """The object at `path`: for each key the places of the key and of its value, as often as it stands there."""
        if path not in self._members:
            start = self._value_at(path)
            found: dict[str, list[tuple[int, int]]] = {}
            for key, at, value in () if start is None else _members(self._text, start):
                found.setdefault(key, []).append((at, value))
            self._members[path] = found
        return self._members[path]

    def _value_at(self, path: Path) -> int | None:
        if not path:
            return _skip(self._text, 0)
        found = self._members_of(path[:-1]).get(path[-1])
        return found[-1][1] if found else None

    @cached_property
    def _line_ends(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self._text)]

    def _line(self, offset: int) -> int:
        return bisect.bisect_left(self._line_ends, offset) + 1


class _ForeignError(ValueError):
    """Something that only Python's reading of JSON allows, or that exceeds a limit."""


def _loads(text: str) -> Any:
    def reject(constant: str) -> Never:
        raise _ForeignError(constant)

    try:
        return json.loads(text, parse_constant=reject)
    except RecursionError:
        raise _ForeignError("nesting") from None
    except (json.JSONDecodeError, _ForeignError):
        raise
    except ValueError:  # an integer of more digits than Python converts
        raise _ForeignError("a number this long") from None


_decoder = json.JSONDecoder()


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """The members of the object at `start` of a text that is known to parse; none for other values."""
    if text[start] != "{":
        return
    at = _skip(text, start + 1)
    while text[at] == '"':
        key, end = _decoder.raw_decode(text, at)
        value = _skip(text, _skip(text, end) + 1)
        yield key, at, value
        _, end = _decoder.raw_decode(text, value)
        at = _skip(text, _skip(text, end) + 1) if text[_skip(text, end)] == "," else _skip(text, end)


def _elements(text: str, start: int) -> Iterator[int]:
    """Where the elements of the list at `start` of a text that is known to parse begin."""
    at = _skip(text, start + 1)
    while text[at] != "]":
        yield at
        _, end = _decoder.raw_decode(text, at)
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _expected(message: str) -> str:
    """The parser's complaint as what should have stood there."""
    known = {
        "Expecting property name enclosed in double quotes": 'a name in double quotes, or "}"',
        "Illegal trailing comma before end of object": "no comma before the closing bracket",
        "Illegal trailing comma before end of array": "no comma before the closing bracket",
        "Expecting ':' delimiter": 'a colon ":" between name and value',
        "Expecting ',' delimiter": 'a comma "," or a closing bracket',
        "Expecting value": "a value: text in double quotes, a number, a list, an object, true, false or null",
        "Unterminated string starting at": "a closing double quote on the same line",
        "Invalid control character at": "no line break or tab inside double quotes (write \\n or \\t)",
    }
    return next((words for start, words in known.items() if message.startswith(start)), "valid JSON")
