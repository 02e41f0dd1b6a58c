"""Where each value of a TOML text stands, which the standard library's parser does not tell."""

import re
from collections.abc import Mapping

from diagnostics.configs.document import Path, Place

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
_SPACE = re.compile(r"[ \t]*+")
_KEY = re.compile(r"""("(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[A-Za-z0-9_-]++)""")
_STRING = re.compile(
    r'''"""(?s:\\.|[^\\])*?"""(?:"{0,2})|\'\'\'(?s:.)*?\'\'\'(?:'{0,2})|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+\''''
)
_BARE = re.compile(r"[^,\]}#\r\n]+")


def places(text: str) -> Mapping[Path, Place]:
    """The place of every value, elements of lists by their numbers. In: a text that is known to parse."""
    return _Reading(text).found


class _Reading:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, Place] = {}
        self._counts: dict[Path, int] = {}
        """How many tables each array of tables has so far."""
        self._all()

    def _all(self) -> None:
        inside: Path = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                inside = self._header()
            else:
                self._pair(inside)
            self._skip(_BLANK)

    def _header(self) -> Path:
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        keys, _ = self._key()
        self.at = self.text.index("]", self.at) + (2 if is_array else 1)
        table: Path = ()
        for number, key in enumerate(keys, 1):
            table = (*table, key)
            if is_array and number == len(keys):
                self._counts[table] = self._counts.get(table, 0) + 1
            if table in self._counts:
                table = (*table, str(self._counts[table] - 1))
        return table

    def _pair(self, table: Path) -> None:
        start = self.at
        keys, _ = self._key()
        self.at = self.text.index("=", self.at) + 1
        self._value((*table, *keys), start)

    def _key(self) -> tuple[Path, int]:
        """A key with all its parts, and where its last part begins."""
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            last = self.at
            written = self._take(_KEY)
            keys.append(_unquoted(written))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return tuple(keys), last
            self.at += 1

    def _value(self, path: Path, key: int | None) -> None:
        self._skip(_SPACE)
        start = self.at
        first = self.text[start]
        if first in "\"'":
            self._take(_STRING)
        elif first == "[":
            self.at += 1
            self._skip(_BLANK)
            number = 0
            while self.text[self.at] != "]":
                self._value((*path, str(number)), None)
                number += 1
                self._after_element()
            self.at += 1
        elif first == "{":
            self.at += 1
            self._skip(_BLANK)
            while self.text[self.at] != "}":
                self._pair(path)
                self._after_element()
            self.at += 1
        else:
            self.at = start + len(self._take(_BARE).rstrip())
        self.found[path] = Place(start, self.at, key)

    def _after_element(self) -> None:
        self._skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self._skip(_BLANK)

    def _skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, what: re.Pattern[str]) -> str:
        found = what.match(self.text, self.at)
        if found is None:
            raise ValueError(f"no TOML at {self.at}")
        self.at = found.end()
        return found[0]


def _unquoted(written: str) -> str:
    import tomllib

    if written[0] not in "\"'":
        return written
    return str(tomllib.loads(f"key = {written}")["key"])
