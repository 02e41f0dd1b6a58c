"""Store: an open incident stands in for it, and has to be closed."""

from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.emergency import left_in_words, open_incidents
from diagnostics.model import Store


@check(of=Store, within=5.0)
def emergency(context: Context, _store: Store) -> Verdict | None:
    """Is an emergency incident still open?"""
    found = open_incidents(context.host)
    if not found:
        return None
    newest = found[-1]
    left = newest.seconds_left()
    evidence = tuple(
        f"incident {each.id} for {each.server}, begun {each.began} by {each.who or 'unknown'}: {each.reason}"
        + (f" ({each.ticket})" if each.ticket else "")
        for each in found
    )
    facts = {
        "server": newest.server,
        "incident": newest.id,
        "began": newest.began[:16].replace("T", " "),
        "ends": min((each.ends for each in found if each.seconds_left() > 0), default=newest.ends),
        "count": str(len(found)),
    }
    if left > 0:
        outcome = "open-in-process" if newest.held_by else "open"
        return warn(outcome, "emergency_access_open", evidence=evidence, left=left_in_words(left), **facts)
    return warn("time-up", "emergency_access_open", evidence=evidence, **facts)
