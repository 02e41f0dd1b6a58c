"""A client's own state file: JSON or TOML, read as far as it makes sense."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from diagnostics.configs.content import read_text
from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.json_document import JsonDocument
from diagnostics.configs.toml_document import TomlDocument
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.model import Problem


@dataclass(frozen=True, slots=True)
class State:
    """What stands in a state file; empty where it is absent or broken."""

    path: Path
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_there: bool = True
    is_broken: bool = False

    def object(self, *keys: str) -> Mapping[str, Any]:
        """The object at the end of these keys; empty where there is none."""
        said: Any = self.data
        for key in keys:
            said = said.get(key) if isinstance(said, dict) else None
        return said if isinstance(said, dict) else {}

    def texts(self, *keys: str) -> list[str]:
        """The texts of the list at the end of these keys."""
        said = self.object(*keys[:-1]).get(keys[-1])
        return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []

    def flag(self, *keys: str) -> bool | None:
        """True or false as it stands there, None where neither does."""
        said = self.object(*keys[:-1]).get(keys[-1])
        return said if isinstance(said, bool) else None


def read_state(path: Path) -> State:
    """The state file at this path. Read again only when it has changed: every server of a client asks for it."""
    try:
        status = on_disk(path.stat)
    except (OSError, ValueError, DeadlineError):
        return _read(path, (0, 0, 0))
    return _read(path, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=32)
def _read(path: Path, _version: tuple[int, int, int]) -> State:
    try:
        content = read_text(path)
    except FileNotFoundError:
        return State(path, is_there=False)
    if isinstance(content, Problem):
        return State(path, is_broken=True)
    try:
        document = TomlDocument(content.text) if path.suffix == ".toml" else JsonDocument(content.text)
    except SyntaxProblem:
        return State(path, is_broken=True)
    return State(path, document.data)
