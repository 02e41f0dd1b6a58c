"""The checks' words: `<stage>.<check>.<outcome>` -> title, detail, fix. One file a stage, one table an outcome."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from diagnostics.catalog import names, text_of
from diagnostics.command_lines import on
from diagnostics.model import Platform

_TABLE = re.compile(r"^\[([\w-]+)\.([\w-]+)\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wording:
    """One outcome in words. `{names}` are filled from the verdict's facts."""

    title: str
    """The state, in one line, without a full stop."""
    detail: str = ""
    """Why it is so and what follows from it."""
    fix: tuple[str, ...] = ()
    """What to do, a line each; a command stands on a line of its own after `$ `, lines of a config after `| `.

    Commands are Linux'; `diagnostics.command_lines` has them in the words of the other systems.
    """
    fix_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By system (`macos`, `windows`): what to do there, where it is another thing altogether (`fix_macos = […]`)."""

    def fix_for(self, platform: Platform) -> tuple[str, ...]:
        """What to do on a system, with `{names}` still open."""
        return self.fix_on.get(platform.value) or on(self.fix, platform)


class _Fact(str):
    """A fact that knows its plural: `{items:entry|entries}` gives "1 entry", "2 entries"."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        one, sign, many = spec.partition("|")
        return f"{self!s} {one if self == '1' else many}" if sign else format(str(self), spec)


class _Facts:
    """The facts as the templates name them."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        self._facts = facts

    def __getitem__(self, name: str) -> _Fact:
        return _Fact(self._facts[name])


def filled(template: str, facts: Mapping[str, str]) -> str:
    """A wording with the facts in their places."""
    return template.format_map(_Facts(facts)) if template else ""


class _Wordings(Mapping[str, Wording]):
    """All wordings by their full key; each table is parsed when its outcome is told, as few of them ever are."""

    def __init__(self) -> None:
        self._tables: dict[str, str] = {}
        self._parsed: dict[str, Wording] = {}
        for stage in names("wording"):
            _, *parts = _TABLE.split(text_of(f"wording/{stage}.toml"))
            for check, outcome, table in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
                self._tables[f"{stage}.{check}.{outcome}" if stage != "runner" else f"runner.{outcome}"] = (
                    table
                )

    def __getitem__(self, key: str) -> Wording:
        known = self._parsed.get(key)
        if known is None:
            row = tomllib.loads(self._tables[key])
            known = self._parsed[key] = Wording(
                row["title"], row.get("detail", ""), tuple(row.get("fix", ())), _elsewhere(row)
            )
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def _elsewhere(row: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    return {name.removeprefix("fix_"): tuple(lines) for name, lines in row.items() if name.startswith("fix_")}


@cache
def wording() -> Mapping[str, Wording]:
    """All wordings by their full key."""
    return _Wordings()
