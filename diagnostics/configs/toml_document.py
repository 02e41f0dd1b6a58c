"""TOML with the lines of its tables and keys. The standard library parses; the lines are read beside it."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from diagnostics.configs.document import Path, Place, SyntaxProblem, place_of
from diagnostics.model import Problem

LARGEST = 1_000_000
"""Characters. The parser is written in Python and slow on what is made to be slow."""
_MOST_DOTS = 500
"""In a line: the parser's time grows with the square of a dotted key's length."""
_LONG_NUMBER = re.compile(r"[0-9]{4000,}")
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)\s*$")
_TABLE = re.compile(r"^[ \t]*\[{1,2}([^\]\n]+)\]{1,2}[ \t]*(?:#.*)?$", re.MULTILINE)
_KEY = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[A-Za-z0-9_-]++)[ \t]*(?:\.|$)""")
_ASSIGNMENT = re.compile(
    r"""^[ \t]*((?:"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[A-Za-z0-9_.-]++)[ \t]*)=""", re.MULTILINE
)


class TomlDocument:
    """One TOML config.

    Raises (on construction):
        SyntaxProblem: the text is no TOML.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.data: Mapping[str, Any] = self._parse()

    def line_of(self, path: Path) -> int:
        """See `Document`."""
        return self._lines.get(path, 0)

    def place(self, path: Path) -> Place | None:
        """See `Document`."""
        return self._places.get(path)

    @cached_property
    def _places(self) -> Mapping[Path, Place]:
        from diagnostics.configs.toml_places import places

        return places(self._text)

    def repeated(self, path: Path) -> list[tuple[str, int, int]]:  # noqa: ARG002 - see `Document`
        """None: TOML's parser rejects a repeated key."""
        return []

    def _parse(self) -> Mapping[str, Any]:
        import tomllib

        if len(self._text) > LARGEST or any(line.count(".") > _MOST_DOTS for line in self._text.split("\n")):
            raise SyntaxProblem(Problem("too-large", "config_unreadable", f"{LARGEST // 1_000_000}"))
        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise SyntaxProblem(self._problem(str(error))) from None
        except RecursionError:
            raise SyntaxProblem(Problem("too-deep", "config_syntax_error", "")) from None
        except ValueError:  # a number or date that Python can't hold
            found = _LONG_NUMBER.search(self._text)
            place = place_of(self._text, found.start()) if found else (1, 1)
            raise SyntaxProblem(Problem("syntax", "config_syntax_error", "valid TOML", *place)) from None

    def _problem(self, message: str) -> Problem:
        found = _PLACE.search(message)
        lines = self._text.split("\n")
        line, column = (
            (int(found[1]), int(found[2])) if found and found[1] else (len(lines), len(lines[-1]) + 1)
        )
        said = _PLACE.sub("", message)
        written = lines[line - 1] if 0 < line <= len(lines) else ""
        is_escape = "escape" in said.lower() or "hex" in said.lower() or "Unescaped '\\'" in said
        if is_escape and "\\" in written:
            return Problem("backslash", "config_backslash_escape", "", line, column)
        if "overwrite" in said or "already" in said or "Duplicate" in said or "twice" in said:
            return Problem("toml-repeated", "config_syntax_error", "", line, column)
        if found and not found[1]:
            return Problem("truncated", "config_syntax_error", "", line, column)
        return Problem("syntax", "config_syntax_error", "valid TOML", line, column)

    @cached_property
    def _lines(self) -> dict[Path, int]:
        """Lines of tables and of the keys in them, as far as plain reading tells (multi-line texts may mislead)."""
        found: dict[Path, int] = {}
        tables = [(each.start(), _path(each[1])) for each in _TABLE.finditer(self._text)]
        places = [(each.start(1), _path(each[1])) for each in _ASSIGNMENT.finditer(self._text)]
        marks = sorted(
            [(at, True, path) for at, path in tables] + [(at, False, path) for at, path in places],
            key=lambda mark: mark[0],
        )
        inside: Path = ()
        line, counted = 1, 0
        for at, is_table, path in marks:
            line += self._text.count("\n", counted, at)
            counted = at
            whole = path if is_table else inside + path
            inside = path if is_table else inside
            for end in range(1, len(whole) + 1):
                found.setdefault(whole[:end], line)
        return found


def _path(written: str) -> Path:
    keys, at = [], 0
    while at < len(written) and (found := _KEY.match(written, at)):
        key = found[1]
        keys.append(key[1:-1] if key[0] in "\"'" else key)
        at = found.end()
    return tuple(keys)
