"""The value as a token of its provider: shape, check digits, kind, and whether it is in the right place."""

from datetime import UTC, datetime

from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.context import Context
from diagnostics.model import Reference
from diagnostics.providers.address import has_own_host
from diagnostics.tokens.credential import Credential, credential_of
from diagnostics.tokens.token_format import FormatJudgement, Look, judge

_SURE_SHAPES = {"strict", "prefix"}


@check(of=Reference, needs=("lookup.entry", "format.hygiene"))
def token(context: Context, reference: Reference) -> Verdict | None:
    """Does it look like a token of its provider?"""
    found = credential_of(context, reference)
    if found is None:
        return None
    if found.provider_id is None:
        return skip("no-provider")
    judgement = judge(found.value, found.provider_id, found.env_name)
    entry = judgement.provider
    facts = {
        "provider": entry.name,
        "provider_id": entry.id,
        "family": entry.family,
        "rotation_url": entry.rotation_url or "the provider's settings page",
        "prefix": entry.format.prefixes[0] if entry.format.prefixes else "",
    }
    if judgement.expected:
        facts["expected"] = judgement.expected.name
    match judgement.look:
        case Look.OK:
            return ok("looks-right", **facts)
        case Look.CHECKSUM_AGREES:
            return ok("checksum-agrees", **facts)
        case Look.CHECKSUM_WRONG:
            return fail("checksum-wrong", "token_invalid", **facts)
        case Look.OVER:
            ended = datetime.fromtimestamp(judgement.ended or 0, UTC)
            return fail("over", "token_expired", **facts, ended=f"{ended:%Y-%m-%d %H:%M} UTC")
    if _is_only_a_rule(judgement, found):
        return skip("no-rule", **facts)
    cause = "credential_corrupted" if judgement.look is Look.TRUNCATED else "token_invalid"
    return warn(str(judgement.look), cause, **facts)


def _is_only_a_rule(judgement: FormatJudgement, found: Credential) -> bool:
    """Whether the mismatch means nothing: no sure shape is known, or the server's own host may have its own shapes."""
    if judgement.look is Look.OTHER_PROVIDER:
        expected = judgement.expected
        names = expected.verify.base_env if expected and expected.verify else ()
        return any(name in found.server_env for name in names)
    if judgement.look is Look.UNKNOWN or judgement.provider.format.confidence not in _SURE_SHAPES:
        return True
    return judgement.look is Look.UNLIKE and has_own_host(judgement.provider, found.configured)
