"""What a new token is beside the one whose place it takes: the same, of the same account, with the same scopes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnostics.context import Context
from diagnostics.model import Finding, Status, Syntax
from diagnostics.secret import Secret
from diagnostics.text import listed
from diagnostics.tokens.remark import Remark, words_of

if TYPE_CHECKING:
    from diagnostics.catalog.scopes import Need
    from diagnostics.providers.verify import Answer


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The token that is to be replaced, and what this run knows of it."""

    value: Secret = field(repr=False)
    answer: "Answer | None" = None
    """What its provider said in this run, None = it was not asked."""
    needs: "tuple[Need, ...]" = ()
    """What the server needs, as it is configured."""
    family: str = ""
    """The provider's, "" = not known."""

    @property
    def works(self) -> bool:
        """Whether its provider accepted it in this run."""
        return self.answer is not None and self.answer.meaning == "valid"

    @property
    def is_unclear(self) -> bool:
        """Whether its provider was asked in this run, and could not say."""
        return self.answer is not None and not self.answer.is_verdict and self.answer.meaning != "not-asked"

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the next one must have: all that this one has, or else what the server can't do without."""
        if self.answer is not None and self.answer.scopes:
            return self.answer.scopes
        return tuple(each.any[0] for each in self.needs)


def predecessor(finding: Finding | None, context: Context | None) -> Predecessor | None:
    """The token in our keychain that the finding is about; None where there is none (yet). Asks nobody."""
    if finding is None or context is None:
        return None
    from diagnostics.catalog.providers import provider
    from diagnostics.tokens.credential import credential_of
    from diagnostics.tokens.scope import needs

    ours = (each for each in context.references if each.syntax is Syntax.SECRET)
    reference = next((each for each in ours if each.key == finding.subject), None)
    found = credential_of(context, reference) if reference is not None else None
    if reference is None or found is None or not found.stored:
        return None
    if found.provider_id is None:
        return Predecessor(found.stored)
    family = provider(found.provider_id).family
    answer = context.answers.known(found.question)
    return Predecessor(found.stored, answer, needs(context.server(reference.server_id), family), family)


def same_again(value: Secret, old: Predecessor) -> Remark | None:
    """The remark that it is the token that is there already."""
    return Remark(Status.FAIL, words_of("succession")["same"]) if value == old.value else None


def beside(answer: "Answer | None", old: Predecessor) -> tuple[Remark, ...]:
    """What the provider's answer about the new token says, held against the old one. In: None = nobody was asked."""
    words = words_of("succession")
    if answer is None or not answer.is_verdict:
        # An outage is no reason to give up a token that works for one that nobody vouches for.
        if answer is None or not (old.works or old.is_unclear):
            return ()
        return (Remark(Status.FAIL, words["not-now" if old.works else "outage"]),)
    if answer.meaning != "valid":
        return ()
    return tuple(_of_valid(answer, old))


def _of_valid(answer: "Answer", old: Predecessor) -> Iterator[Remark]:
    from diagnostics.tokens.lifetime import soon

    words = words_of("succession")
    before = old.answer.account if old.answer is not None else ""
    if before and answer.account and before.casefold() != answer.account.casefold():
        yield Remark(Status.WARN, words["other-account"].format(old=before, new=answer.account))
    yield from _of_scopes(answer.scopes, old)
    if answer.expires is not None and (days := soon(answer.expires)):
        local = f"{answer.expires.astimezone():%Y-%m-%d}"
        yield Remark(Status.WARN, words["ends-soon"].format(days=days, day=local))


def _of_scopes(scopes: Sequence[str] | None, old: Predecessor) -> Iterator[Remark]:
    from diagnostics.catalog.scopes import with_implied
    from diagnostics.tokens.scope import missing

    words = words_of("succession")
    if scopes is None:
        if old.scopes:
            yield Remark(Status.UNKNOWN, words["scopes-untold"].format(scopes=listed(old.scopes, 10)))
        return
    lacking = missing(old.needs, scopes, old.family)
    if essential := [each.any[0] for each in lacking if each.essential]:
        yield Remark(Status.FAIL, words["lacks-essential"].format(scopes=listed(essential, 10)))
    needed = [each.any[0] for each in lacking if not each.essential]
    if needed:
        yield Remark(Status.WARN, words["lacks-needed"].format(scopes=listed(needed, 10)))
    held = with_implied(scopes, old.family)
    had = old.answer.scopes or () if old.answer is not None else ()
    gone = [each for each in had if each not in held]
    if gone:
        yield Remark(Status.WARN, words["lacks-old"].format(scopes=listed(gone, 10)))
    elif had and not lacking:
        yield Remark(Status.OK, words["as-before"])
