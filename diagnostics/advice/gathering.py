"""Looking for every fact that the rules ask about, each within its seconds."""

from collections.abc import Mapping

from diagnostics.advice.fact import Fact, Facts, Look, Said, unknown
from diagnostics.context import Context

_SECONDS = 5.0
"""Limit for one fact: files and the store's own deadlines are well below it."""


def facts_of(context: Context, said: Said) -> Facts:
    """Everything the rules ask about. Never raises: a look that breaks or hangs is a fact without a value."""
    from diagnostics.advice import cloud_facts, config_facts, host_facts, store_facts

    found: dict[str, Fact] = {}
    for module in (host_facts, store_facts, config_facts, cloud_facts):
        looks: Mapping[str, Look] = module.LOOKS
        for name, look in looks.items():
            found[name] = _looked(name, look, context)
    return {**found, **said_facts(said.team, said.sso)}


def said_facts(team: str | None, sso: bool | None) -> Facts:
    """What a person said, as facts; without a value where they did not."""
    return {
        "team": Fact("team", frozenset({team}) if team else None),
        "sso": Fact("sso", None if sso is None else frozenset({"yes" if sso else "no"})),
    }


def _looked(name: str, look: Look, context: Context) -> Fact:
    from diagnostics.deadline import DeadlineError, on_disk

    try:
        return on_disk(lambda: look(context), _SECONDS)
    except DeadlineError:
        return unknown(name, "a disk or a service does not answer")
    except Exception as error:  # one broken look must not take the others' answers away
        return unknown(name, f"looking for it broke off ({type(error).__name__})")
