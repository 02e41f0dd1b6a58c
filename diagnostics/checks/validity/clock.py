"""This computer's clock against those of the providers that were asked: tokens with an end depend on it."""

from diagnostics.check import Verdict, check, ok, warn
from diagnostics.context import Context
from diagnostics.model import Store

_WARNED = 60.0
"""Seconds. Tokens that are signed with a time are refused by about then."""
_SAME = 30.0


@check(of=Store, needs=("validity.provider",))
def clock(context: Context, _store: Store) -> Verdict | None:
    """Is this computer's clock right?"""
    if context.options.offline:
        return None
    from diagnostics.providers.verify import Answer

    answers = [each for each in context.answers.values() if isinstance(each, Answer)]
    skews: dict[str, float] = {}
    for answer in answers:
        if answer.skew is not None:
            skews[answer.host] = answer.skew
    early = sorted({each.host for each in answers if each.meaning == "certificate-not-yet-valid"})
    off = {host: skew for host, skew in skews.items() if abs(skew) > _WARNED}
    if not off:
        if len(early) > 1:
            return warn("certificates-in-the-future", "clock_skew", evidence=early)
        return ok("right", hosts=", ".join(sorted(skews))) if skews else None
    skew = min(off.values(), key=abs)
    agreeing = [host for host, each in off.items() if abs(each - skew) <= _SAME]
    facts = {
        "difference": _words(abs(skew)),
        "direction": "behind" if skew > 0 else "ahead of",
        "hosts": ", ".join(sorted(agreeing)),
    }
    evidence = [f"{host}: {each:+.0f} seconds" for host, each in sorted(skews.items())]
    outcome = "off" if len(agreeing) > 1 and len(agreeing) == len(skews) else "one-says-off"
    return warn(outcome, "clock_skew", evidence=evidence, **facts)


def _words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
