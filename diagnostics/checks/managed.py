"""A reference that another store keeps: what its manager says, as verdicts."""

from collections.abc import Iterator

from diagnostics.check import Verdict
from diagnostics.context import Context
from diagnostics.managers import Found
from diagnostics.model import Reference, Status, Syntax


def verdicts(context: Context, reference: Reference, syntax: Syntax) -> Iterator[Verdict]:
    """Nothing for a reference of another kind; else what was found with its warnings, or the trouble."""
    if reference.syntax is not syntax:
        return
    answer = context.answer_of(reference)
    if answer is None:
        return
    own: dict[str, object] = {"spelling": reference.shown, "name": reference.name}
    if isinstance(answer, Found):
        own |= answer.facts
        yield Verdict(Status.OK, "found", None, answer.evidence, own)
    for each in answer.warnings if isinstance(answer, Found) else (answer,):
        yield Verdict(each.status, each.outcome, each.cause, each.evidence, {**own, **each.facts})
