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
    """What to do, a line each; a command stands on a line of its own after `$ `."""


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
