"""A config file's content with the places of its keys, whatever its notation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from diagnostics.model import Problem

Path = tuple[str, ...]
"""Keys from the top of a document."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in the text: offsets in characters, a text's quotation marks included."""

    start: int
    end: int
    key: int | None = None
    """Where its key begins; None for an element of a list."""


class Document(Protocol):
    """A parsed config. `line_of` costs nothing until asked."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The content; a repeated key has its last value, as in the clients' parsers."""

    def line_of(self, path: Path) -> int:
        """The line of a key, from 1; 0 where it is not known."""

    def place(self, path: Path) -> Place | None:
        """Where the value at `path` stands, an element of a list being a key with its number; None = not known."""

    def repeated(self, path: Path) -> list[tuple[str, int, int]]:
        """Keys that stand more than once in the table at `path`: the key, its first and its last line."""


class SyntaxProblem(Exception):  # noqa: N818 - carries a finding, is no error of ours
    """The text does not follow its notation; holds the problem to report."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.outcome)
        self.problem = problem


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    before = text.rfind("\n", 0, offset)
    return text.count("\n", 0, offset) + 1, offset - before
