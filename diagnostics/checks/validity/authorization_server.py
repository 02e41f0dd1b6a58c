"""What a remote server promises about logging in, and whether its documents hold together."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, skip, unknown
from diagnostics.context import Context
from diagnostics.model import Server, Status

if TYPE_CHECKING:
    from diagnostics.oauth.discovery import Discovery
    from diagnostics.oauth.judge import Point

_CAUSES = {"no-registration": "oauth_dcr_unsupported"}
"""Outcomes of points -> cause, where it is not that the documents don't hold together."""


@check(of=Server, within=60.0, asks="network")
def authorization_server(context: Context, server: Server) -> Iterator[Verdict]:
    """Does the server's login hold what it promises?"""
    from diagnostics.checks.remote import asked, discovered, facts_of
    from diagnostics.servers.remote import RemoteOutcome
    from diagnostics.servers.remote_target import target_of

    target = target_of(server)
    if target is None or server.disabled:
        return
    answer = asked(context, target)
    if isinstance(answer, Verdict):
        yield answer
        return
    facts = facts_of(context, target, answer)
    if answer.outcome is RemoteOutcome.ANSWERED:
        yield skip("no-login-needed", **facts)
        return
    if answer.outcome is not RemoteOutcome.LOGIN:
        yield skip("not-reached", **facts)
        return
    if target.has_own_credential and not answer.resource_metadata:
        yield skip("own-credential", **facts)
        return
    found = discovered(context, target, answer)
    yield from _verdicts(found, answer.scopes, facts, own=target.has_own_credential)


def _verdicts(
    found: "Discovery", wanted: tuple[str, ...], facts: dict[str, str], *, own: bool
) -> Iterator[Verdict]:
    from diagnostics.oauth.judge import judge_discovery

    tried = [each.line for each in found.tried]
    if any(each.outcome == "private-address" for each in found.tried) and not found.metadata:
        yield fail("private-address", "oauth_metadata_invalid", evidence=tried, **facts)
        return
    if not found.is_offered:
        if not found.is_certain:
            yield unknown("not-found-out", "provider_answer_unclear", evidence=tried, **facts)
        elif own:
            yield skip("own-credential", **facts)
        else:
            yield fail("no-login-offered", "auth_header_wrong", evidence=tried, **facts)
        return
    if not found.metadata and not found.is_certain:
        yield unknown("not-found-out", "provider_answer_unclear", evidence=tried, **facts)
        return
    points = judge_discovery(found, wanted)
    promises = [each.line for each in points]
    if own:
        yield skip("own-credential", **facts)
        return
    broken = [each for each in points if each.status in {Status.FAIL, Status.WARN} and each.outcome]
    issuer = {"issuer": found.issuer, **facts}
    for each in broken:
        yield _of(each, [*promises, *(tried if "metadata" in each.name else [])], issuer)
    if not broken:
        yield ok("sound", evidence=promises, **issuer)


def _of(point: "Point", evidence: list[str], facts: dict[str, str]) -> Verdict:
    cause = _CAUSES.get(point.outcome, "oauth_metadata_invalid")
    why = point.why or "the documents don't say more"
    return Verdict(point.status, point.outcome, cause, tuple(evidence), {**facts, "why": why})
