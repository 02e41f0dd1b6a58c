"""Which remedies mend a finding. Each stands in one file below `remedies/`; where it stands gives its id."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from diagnostics.context import Context
from diagnostics.model import Finding, Status
from recovery.model import Remedy

Build = Callable[[Finding, Context], Remedy | None]


@dataclass(frozen=True, slots=True)
class Registered:
    """A remedy as declared: which findings it serves and how it is made for one of them."""

    id: str
    serves: frozenset[str]
    """`<check id>.<outcome>`, or `<check id>.*` for every failing or warning one."""
    build: Build
    rank: int
    """Lower is offered first."""


def remedy(*serves: str, rank: int = 50) -> Callable[[Build], Build]:
    """Marks the one function of a module in `remedies/` that makes its remedy.

    In: the findings it serves. The function gets a finding and the run's context, and returns the remedy, or None
    where it can't help after all. It only looks: no writing, no prompting.
    """

    def mark(function: Build) -> Build:
        name = function.__module__.rpartition(".")[2].replace("_", "-")
        function.__remedy__ = Registered(name, frozenset(serves), function, rank)  # type: ignore[attr-defined]
        return function

    return mark


@cache
def all_remedies() -> tuple[Registered, ...]:
    """Every remedy, safest first.

    Raises:
        ValueError: a module without exactly one remedy.
    """
    package = importlib.import_module("recovery.remedies")
    found: list[Registered] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        own = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
        marked: list[Registered] = [each.__remedy__ for each in own if hasattr(each, "__remedy__")]
        if len(marked) != 1:
            raise ValueError(f"{module.__name__} must hold exactly one remedy, it holds {len(marked)}")
        found.append(marked[0])
    return tuple(sorted(found, key=lambda each: (each.rank, each.id)))


def names_for(finding: Finding) -> list[str]:
    """Ids of the remedies that serve this finding, best first, for the report. No I/O; some may not apply."""
    return [each.id for each in _serving(finding)]


def remedies_for(finding: Finding, context: Context) -> list[Remedy]:
    """The remedies that fit the finding on this host, best first; [] = the finding's own words are all we know."""
    built = (each.build(finding, context) for each in _serving(finding))
    return [each for each in built if each is not None]


def best_for(findings: Iterable[Finding], context: Context) -> list[Remedy]:
    """The first remedy of every finding that has one, in the order of the path, each only once (for `fix`)."""
    chosen: dict[str, Remedy] = {}
    for finding in findings:
        for each in remedies_for(finding, context)[:1]:
            chosen.setdefault(f"{each.id}:{finding.subject}", each)
    return list(chosen.values())


def _serving(finding: Finding) -> Sequence[Registered]:
    if finding.status not in {Status.FAIL, Status.WARN, Status.UNKNOWN}:
        return ()
    wanted = {f"{finding.check}.{finding.outcome}", f"{finding.check}.*"}
    return [each for each in all_remedies() if each.serves & wanted]
