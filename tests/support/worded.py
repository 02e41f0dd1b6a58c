"""Holds that what a manager says can be put into words: every name that they ask for is among the facts."""

from collections.abc import Iterable

from diagnostics.catalog.wording import filled, wording
from diagnostics.managers import Answer, Found, Manager, Trouble


def words_of(manager: Manager, answer: Answer) -> str:
    """All that a person would read of it. Raises KeyError for a fact that is missing."""
    outcomes: Iterable[tuple[str, Found | Trouble]] = (
        [("found", answer), *((each.outcome, each) for each in answer.warnings)]
        if isinstance(answer, Found)
        else [(answer.outcome, answer)]
    )
    said: list[str] = []
    for outcome, one in outcomes:
        words = wording()[f"lookup.{manager.id}.{outcome}"]
        facts = {"name": "the-name", "spelling": "${the-spelling}", "server": "", "field": "", "path": ""}
        facts |= {name: str(value) for name, value in {**answer.facts, **one.facts}.items()}
        said += [filled(each, facts) for each in (words.title, words.detail, *words.fix)]
        said += one.evidence
    return "\n".join(said)
