"""What a person has filled in for an extension: `Claude Extensions Settings/<id>.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.bundles.manifest import MOST_SETTINGS
from diagnostics.bundles.value import Value, kind_of, value_of
from diagnostics.configs.content import read_text
from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.json_document import JsonDocument
from diagnostics.model import Problem


@dataclass(frozen=True, slots=True)
class Settings:
    """One extension's settings as they lie on disk."""

    path: Path
    is_there: bool = True
    """Whether the file exists; without one nobody has filled in anything yet."""
    enabled: bool = True
    values: Mapping[str, Value] = field(default_factory=dict)
    problem: Problem | None = None
    """What keeps the file from being read."""


def read_settings(path: Path) -> Settings:
    """The settings file at this path; a broken one is told in `problem`."""
    try:
        content = read_text(path)
    except FileNotFoundError:
        return Settings(path, is_there=False)
    if isinstance(content, Problem):
        return Settings(path, problem=content)
    try:
        data = JsonDocument(content.text).data
    except SyntaxProblem as error:
        return Settings(path, problem=error.problem)
    said = data.get("userConfig")
    if said is not None and not isinstance(said, dict):
        detail = f"userConfig must be an object, it is of the kind {kind_of(said)}"
        return Settings(path, problem=Problem("mistyped", "config_schema_error", detail))
    rows = list((said or {}).items())[:MOST_SETTINGS]
    values = {key: value_of(each) for key, each in rows}
    return Settings(path, enabled=data.get("isEnabled") is not False, values=values)
