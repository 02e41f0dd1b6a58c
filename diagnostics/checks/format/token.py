"""The value as a token of its provider: shape, check digits, kind, and whether it is in the right place."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.context import Context
from diagnostics.model import Reference, Syntax

if TYPE_CHECKING:
    from diagnostics.tokens.credential import Credential
    from diagnostics.tokens.token_format import FormatJudgement

_SURE_SHAPES = {"strict", "prefix"}


@check(of=Reference, needs=("lookup.entry", "format.hygiene"))
def token(context: Context, reference: Reference) -> Verdict | None:
    """Does it look like a token of its provider?"""
    from diagnostics.catalog.providers import provider as entry_of
    from diagnostics.providers.address import host_of
    from diagnostics.tokens.credential import credential_of
    from diagnostics.tokens.token_format import Look, judge

    found = credential_of(context, reference)
    if found is None:
        return None
    own_end = {} if reference.syntax is Syntax.OAUTH else _own_end(found)
    if found.provider_id is None:
        return _of_its_end(found, own_end) or skip("no-provider", **own_end)
    place = host_of(entry_of(found.provider_id), found.configured)
    judgement = judge(found.value, found.provider_id, found.env_name, host=place)
    entry = judgement.provider
    facts = {
        "provider": entry.name,
        "provider_id": entry.id,
        "family": entry.family,
        "rotation_url": entry.rotation_url or "the provider's settings page",
        "prefix": entry.format.prefixes[0] if entry.format.prefixes else "",
        **own_end,
    }
    evidence = list(_told(found, judgement))
    if judgement.expected:
        facts["expected"] = judgement.expected.name
    if judgement.look in {Look.OK, Look.CHECKSUM_AGREES} and (soon := _of_its_end(found, facts)):
        return soon
    match judgement.look:
        case Look.OK:
            return ok("looks-right", evidence=evidence, **facts)
        case Look.CHECKSUM_AGREES:
            return ok("checksum-agrees", evidence=evidence, **facts)
        case Look.CHECKSUM_WRONG:
            return fail("checksum-wrong", "token_invalid", **facts)
        case Look.RETIRED:
            return fail("retired", "token_expired", evidence=evidence, **facts, day=entry.retired)
        case Look.ELSEWHERE:
            facts |= {"place": judgement.place, "host": place}
            return warn("elsewhere", "token_invalid", evidence=evidence, **facts)
        case Look.OVER:
            ended = datetime.fromtimestamp(judgement.ended or 0, UTC)
            return fail("over", "token_expired", **facts, ended=f"{ended:%Y-%m-%d %H:%M} UTC")
    if _is_only_a_rule(judgement, found):
        return _of_its_end(found, facts) or skip("no-rule", **facts)
    cause = "credential_corrupted" if judgement.look is Look.TRUNCATED else "token_invalid"
    return warn(str(judgement.look), cause, evidence=evidence, **facts)


def _of_its_end(found: "Credential", told: Mapping[str, str] | None = None) -> Verdict | None:
    """What a JSON web token's own date of its end says, without asking anyone; None where that is far off."""
    from diagnostics.tokens.lifetime import end_of, has_ended, soon

    ends = end_of(found.value)
    days = soon(ends) if ends is not None else ""
    if ends is None or not days:
        return None
    facts = {"provider": "token", "rotation_url": "its provider's settings page"} | dict(told or {})
    if has_ended(ends):
        return fail("over", "token_expired", **facts, ended=f"{ends.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    return warn("ends-soon", "token_expired", **facts, days=days, ends=f"{ends:%Y-%m-%d %H:%M %Z}".strip())


def _own_end(found: "Credential") -> dict[str, str]:
    """The end that a JSON web token tells itself, as a fact."""
    from diagnostics.expiry import FACT, fact
    from diagnostics.tokens.lifetime import end_of

    ends = end_of(found.value)
    return {} if ends is None else {FACT: fact(ends)}


def _told(found: "Credential", judgement: "FormatJudgement") -> Iterator[str]:
    """What the token itself shows, and what people get wrong with its kind."""
    from diagnostics.tokens.checksum import aws_account, jwt_expiry
    from diagnostics.tokens.token_format import Look

    entry = judgement.provider
    if judgement.look not in {Look.OK, Look.CHECKSUM_AGREES} and entry.note:
        yield entry.note
    if entry.family == "aws" and (account := aws_account(found.value.reveal())):
        yield f"the key id is of the AWS account {account}"
    ends = jwt_expiry(found.value.reveal())
    if ends is not None and 0 < ends < _LAST_YEAR:
        yield f"it says that it ends on {datetime.fromtimestamp(ends, UTC):%Y-%m-%d %H:%M} UTC"


_LAST_YEAR = 4e10


def _is_only_a_rule(judgement: "FormatJudgement", found: "Credential") -> bool:
    """Whether the mismatch means nothing: no sure shape is known, or the server's own host may have its own shapes."""
    from diagnostics.providers.address import has_own_host
    from diagnostics.tokens.token_format import Look

    if judgement.look is Look.OTHER_PROVIDER:
        expected = judgement.expected
        names = expected.verify.base_env if expected and expected.verify else ()
        return any(name in found.server_env for name in names)
    if judgement.look is Look.WRONG_KIND:
        return False
    if judgement.look is Look.UNKNOWN or judgement.provider.format.confidence not in _SURE_SHAPES:
        return True
    return judgement.look is Look.UNLIKE and has_own_host(judgement.provider, found.configured)
