"""What a check is. One check stands in one file below `checks/<stage>/`; where it stands gives its id.

`checks/permission/collection_locked.py` holds `permission.collection-locked`. Its words stand in
`catalog/wording/permission.toml`, one table per outcome.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from diagnostics.context import Context
from diagnostics.model import ClientFile, Reference, Server, Stage, Status, Store, Subject

S = TypeVar("S", ClientFile, Server, Reference, Store)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check's answer before the runner stamps it with check and subject. No words: those are data."""

    status: Status
    outcome: str
    cause: str | None = None
    evidence: tuple[str, ...] = ()
    """Lines as seen on the host: paths, error texts. The runner cleans and scrubs them."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Fills the `{names}` of the wording; remedies read it too."""
    concerns: tuple[str, ...] | None = None
    """For a verdict about a config file: the ids of the servers that it is about; None = all of the file's."""


def ok(outcome: str, *, evidence: Iterable[str] = (), **facts: object) -> Verdict:
    """The link holds."""
    return Verdict(Status.OK, outcome, None, tuple(evidence), facts)


def warn(outcome: str, cause: str, *, evidence: Iterable[str] = (), **facts: object) -> Verdict:
    """The link holds, but something about it will hurt later."""
    return Verdict(Status.WARN, outcome, cause, tuple(evidence), facts)


def fail(outcome: str, cause: str, *, evidence: Iterable[str] = (), **facts: object) -> Verdict:
    """The link is broken; what rests on it is skipped."""
    return Verdict(Status.FAIL, outcome, cause, tuple(evidence), facts)


def unknown(
    outcome: str, cause: str | None = None, *, evidence: Iterable[str] = (), **facts: object
) -> Verdict:
    """Could not find out. Never blocks, never counts as ok."""
    return Verdict(Status.UNKNOWN, outcome, cause, tuple(evidence), facts)


def skip(outcome: str, **facts: object) -> Verdict:
    """Does not apply here; the outcome's wording says why."""
    return Verdict(Status.SKIP, outcome, None, (), facts)


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check."""

    id: str
    stage: Stage
    of: type[Subject]
    needs: tuple[str, ...]
    """Checks whose FAIL on this subject, or on one it rests on or is made of, makes this one a skip."""
    within: float | None
    """Seconds until the answer becomes unknown; None for a check that only computes."""
    asks: str
    """What it needs beyond this host: "" (nothing), "network" (skipped with --offline), "start" (asked for)."""
    run: Callable[[Context, Any], Verdict | Iterable[Verdict] | None]
    question: str
    """The check's docstring, as shown while it runs."""


Body = Callable[[Context, S], Verdict | Iterable[Verdict] | None]


def check(
    *, of: type[S], needs: tuple[str, ...] = (), within: float | None = None, asks: str = ""
) -> Callable[[Body[S]], Body[S]]:
    """Marks the one check function of a module.

    In: `of` the subject type; `needs` check ids; `within` seconds for a check that asks something outside this
    process; `asks` as in `Check.asks`. The function returns one verdict, several, or None where the check has
    nothing to say about the subject.
    """

    def mark(function: Body[S]) -> Body[S]:
        stage, name = function.__module__.split(".")[-2:]
        function.__check__ = Check(  # type: ignore[attr-defined]
            id=f"{stage}.{name.replace('_', '-')}",
            stage=Stage(stage),
            of=of,
            needs=needs,
            within=within,
            asks=asks,
            run=function,
            question=(function.__doc__ or "").strip().splitlines()[0],
        )
        return function

    return mark


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order of the path, and within a stage so that a check follows what it needs.

    Raises:
        ValueError: a module without exactly one check, an unknown need, or needs that go round in a circle.
    """

    found: dict[str, Check] = {}
    for stage in Stage:
        package = importlib.import_module(f"diagnostics.checks.{stage.value}")
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
            one = _the_check_of(importlib.import_module(f"{package.__name__}.{info.name}"))
            found[one.id] = one
    return _ordered(found)


def checks_from(stage: Stage) -> tuple[str, ...]:
    """Ids of all checks of this stage and the ones after it, up to whether the provider takes the credential."""
    stages = list(Stage)
    later = stages[stages.index(stage) : stages.index(Stage.START)]
    return tuple(each.id for each in all_checks() if each.stage in later)


def _the_check_of(module: ModuleType) -> Check:
    own = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
    marked: list[Check] = [each.__check__ for each in own if hasattr(each, "__check__")]
    if len(marked) != 1:
        raise ValueError(f"{module.__name__} must hold exactly one check, it holds {len(marked)}")
    return marked[0]


def _ordered(found: Mapping[str, Check]) -> tuple[Check, ...]:
    done: dict[str, Check] = {}

    def place(one: Check, above: tuple[str, ...]) -> None:
        if one.id in done:
            return
        if one.id in above:
            raise ValueError(f"checks need each other in a circle: {' -> '.join((*above, one.id))}")
        for need in one.needs:
            if need not in found:
                raise ValueError(f"{one.id} needs {need}, which does not exist")
            place(found[need], (*above, one.id))
        done[one.id] = one

    stages = list(Stage)
    for one in sorted(found.values(), key=lambda each: (stages.index(each.stage), each.id)):
        place(one, ())
    return tuple(sorted(done.values(), key=lambda each: stages.index(each.stage)))
