"""What the rules make of the facts: an order of the options with every reason. Pure, and the same for the same facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.advice.fact import Fact, Facts
from diagnostics.catalog.advice import Condition, Option, Rule, options, questions


class Fit(StrEnum):
    """How an option suits a host, the best first."""

    FITS = "fits"
    POSSIBLE = "possible"
    """More speaks against it than for it, but it would work."""
    UNCLEAR = "unclear"
    """A fact that it hangs on could not be found out."""
    RULED_OUT = "ruled-out"


_ORDER = tuple(Fit)


@dataclass(frozen=True, slots=True)
class Judged:
    """One option on this host."""

    option: Option
    fit: Fit
    score: int
    """The weights for it less those against it."""
    speaks_for: tuple[str, ...]
    against: tuple[str, ...]
    missing: tuple[str, ...]
    """Names of the facts that could not be found out and that it hangs on."""
    first: tuple[str, ...]
    """What to do first."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The options, the best first, and what a person could still say."""

    facts: Facts
    ranking: tuple[Judged, ...]
    would_lead: Mapping[str, str]
    """Answer that nobody gave (`team=shared`) -> id of the option that would then be first, "" = none."""

    @property
    def best(self) -> Judged | None:
        """The first option, if one fits."""
        return self.ranking[0] if self.ranking and self.ranking[0].fit is Fit.FITS else None

    @property
    def open_questions(self) -> tuple[str, ...]:
        """Names of the questions that only a person can answer and nobody did."""
        asked = (name for name, each in questions().items() if each.option)
        return tuple(name for name in asked if self.facts[name].values is None)

    @property
    def not_found_out(self) -> tuple[Fact, ...]:
        """What was looked for in vain."""
        return tuple(
            self.facts[name]
            for name, each in questions().items()
            if not each.option and self.facts[name].values is None
        )


def judge(facts: Facts) -> Advice:
    """In: every fact that the catalogue names."""
    return Advice(facts, ranked(facts), dict(_would_lead(facts)))


def ranked(facts: Facts) -> tuple[Judged, ...]:
    """The options, the best first; of two equals the one with the lower order."""
    found = [_judged(each, facts) for each in options()]
    found.sort(key=lambda each: (_ORDER.index(each.fit), -each.score, each.option.order))
    return tuple(found)


def holds(condition: Condition, facts: Facts) -> bool | None:
    """Whether it does; None = a fact that it needs is not known, and the others don't settle it."""
    answers = [
        None if (values := facts[name].values) is None else bool(values & wanted)
        for name, wanted in condition.items()
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _judged(option: Option, facts: Facts) -> Judged:
    speaking = [each for each in option.rules if _speaks(each, facts)]
    out = tuple(each.words for each in speaking if each.effect == "rules-out")
    if out:
        return Judged(option, Fit.RULED_OUT, 0, (), out, (), ())
    pro = tuple(each.words for each in speaking if each.effect == "for")
    contra = tuple(each.words for each in speaking if each.effect == "against")
    score = sum(each.weight if each.effect == "for" else -each.weight for each in speaking)
    missing = tuple(name for name in option.hangs_on if facts[name].values is None)
    fit = Fit.UNCLEAR if missing else Fit.FITS if score > 0 else Fit.POSSIBLE
    first = next((each.lines for each in option.first if holds(each.when, facts)), ())
    return Judged(option, fit, score, pro, contra, missing, first)


def _speaks(rule: Rule, facts: Facts) -> bool:
    """A rule counts where it certainly holds, and certainly no exception does."""
    return holds(rule.when, facts) is True and (not rule.unless or holds(rule.unless, facts) is False)


def _would_lead(facts: Facts) -> Iterator[tuple[str, str]]:
    for name, question in questions().items():
        if not question.option or facts[name].values is not None:
            continue
        for value in question.values:
            first = ranked({**facts, name: Fact(name, frozenset({value}))})[0]
            yield f"{name}={value}", first.option.id if first.fit is Fit.FITS else ""
