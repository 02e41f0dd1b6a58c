"""Ways of keeping credentials (`advice/`), the questions that decide (`advice_facts.toml`), the tools (`tools.toml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from diagnostics.catalog import names, read

Condition = Mapping[str, frozenset[str]]
"""Fact -> values of which one must hold; all facts must. Empty = always."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason."""

    effect: str
    """`for`, `against` or `rules-out`."""
    words: str
    weight: int
    """How much it counts; 0 where it rules out."""
    when: Condition
    unless: Condition


@dataclass(frozen=True, slots=True)
class First:
    """The first thing to do, where the condition holds."""

    when: Condition
    lines: tuple[str, ...]
    """Sentences, and commands that begin with `$ `."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way of keeping credentials."""

    id: str
    name: str
    short: str
    """The name in a list."""
    order: int
    """Which of two equals comes first: the simpler one."""
    about: str
    needs: tuple[str, ...]
    hangs_on: tuple[str, ...]
    """Facts without which nothing can be told about it."""
    rules: tuple[Rule, ...]
    first: tuple[First, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A fact's question and answers, in words."""

    name: str
    asks: str
    values: Mapping[str, str]
    how: tuple[str, ...]
    """How to find it out where the doctor could not."""
    option: str
    """The option of the command by which a person says it; "" = it is looked for."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a tool can do."""

    claimed: str
    """`yes`, `no`, or a word: what is often written about it."""
    is_so: str
    """`yes`, `partly`, `no` or `unknown`."""
    why: str
    source: str
    checked: str
    """The day, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One row of the table of tools."""

    id: str
    name: str
    state: str
    """What it is today: whether it can be had, and from where."""
    cells: Mapping[str, Cell]
    """Column -> what holds."""


@cache
def options() -> tuple[Option, ...]:
    """All ways, by their order."""
    found = [_option(name, read(f"advice/{name}.toml")) for name in names("advice")]
    return tuple(sorted(found, key=lambda each: each.order))


@cache
def questions() -> Mapping[str, Question]:
    """All facts, in the order in which they are told."""
    return {
        name: Question(name, row["asks"], row["values"], tuple(row.get("how", ())), row.get("option", ""))
        for name, row in read("advice_facts.toml").items()
    }


@cache
def columns() -> Mapping[str, str]:
    """The tools' columns and their headings."""
    found: dict[str, str] = read("tools.toml")["columns"]
    return found


@cache
def tools() -> tuple[Tool, ...]:
    """The rows, as the file orders them."""
    return tuple(
        Tool(
            name,
            row["name"],
            row["state"],
            {column: Cell(**row["can"][column]) for column in columns()},
        )
        for name, row in read("tools.toml")["tools"].items()
    )


def _option(name: str, row: Mapping[str, object]) -> Option:
    from typing import Any, cast

    given = cast("Mapping[str, Any]", row)
    return Option(
        name,
        given["name"],
        given["short"],
        given["order"],
        given["about"],
        tuple(given["needs"]),
        tuple(given.get("hangs_on", ())),
        tuple(
            Rule(
                each["effect"],
                each["words"],
                each.get("weight", 0),
                _condition(each.get("when", {})),
                _condition(each.get("unless", {})),
            )
            for each in given["rules"]
        ),
        tuple(First(_condition(each.get("when", {})), tuple(each["lines"])) for each in given["first"]),
    )


def _condition(told: Mapping[str, list[str]]) -> Condition:
    return {name: frozenset(values) for name, values in told.items()}
