"""The checks' words: `<stage>.<check>.<outcome>` -> title, detail, fix. Loaded stage by stage file by file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from diagnostics.catalog import names, read


@dataclass(frozen=True, slots=True)
class Wording:
    """One outcome in words. `{names}` are filled from the verdict's facts."""

    title: str
    """The state, in one line, without a full stop."""
    detail: str = ""
    """Why it is so and what follows from it."""
    fix: tuple[str, ...] = ()
    """What to do, a line each; a command stands on a line of its own after `$ `, lines of a config after `| `."""


class _Fact(str):
    """A fact that knows its plural: `{items:entry|entries}` gives "1 entry", "2 entries"."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        one, sign, many = spec.partition("|")
        return f"{self!s} {one if self == '1' else many}" if sign else format(str(self), spec)


def filled(template: str, facts: Mapping[str, str]) -> str:
    """A wording with the facts in their places."""
    return template.format_map({name: _Fact(value) for name, value in facts.items()})


@cache
def wording() -> Mapping[str, Wording]:
    """All wordings by their full key."""
    found: dict[str, Wording] = {}
    for stage in names("wording"):
        for check, outcomes in read(f"wording/{stage}.toml").items():
            for outcome, row in outcomes.items():
                found[f"{stage}.{check}.{outcome}" if stage != "runner" else f"runner.{outcome}"] = Wording(
                    title=row["title"], detail=row.get("detail", ""), fix=tuple(row.get("fix", ()))
                )
    return found
