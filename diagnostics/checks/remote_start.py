"""The handshake with a server at an address, its configured credentials included: only where the person asked for it."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, fail, ok, skip, unknown, warn
from diagnostics.checks.remote import ANSWER_SECONDS, TROUBLES, facts_of
from diagnostics.context import Context
from diagnostics.model import Server
from diagnostics.secret import Secret
from diagnostics.servers.remote_target import (
    OpenAddressError,
    Target,
    own_headers,
    scheme_of,
    target_of,
    whole_address,
)
from diagnostics.servers.resolve import UnresolvedError

if TYPE_CHECKING:
    from diagnostics.servers.remote import RemoteAnswer


def at_its_address(context: Context, server: Server, sent: Mapping[str, Secret] | None = None) -> Verdict:
    """What the server answers to what its client would send. The headers go to the configured host alone.

    In: `sent`, the headers where something other than the client puts them together; None = those of the entry.
    """
    from diagnostics.servers.remote import probe

    target = target_of(server)
    if target is None:
        return skip("not-stdio")
    if context.options.offline:
        return skip("runner.offline")
    try:
        facts = facts_of(context, target)
        url = whole_address(context, target)
        headers = own_headers(context, target) if sent is None else sent
    except OpenAddressError as error:
        return skip(f"remote-{error.outcome}")
    except UnresolvedError as error:
        return skip("unresolved", reference=error.reference.shown, place=error.reference.field)
    limit = context.options.timeout
    seconds = ANSWER_SECONDS if limit is None else max(1.0, min(ANSWER_SECONDS, limit * 0.9))
    answer = probe(
        url, context.host.env, transport=target.transport, secrets=headers, list_tools=True, seconds=seconds
    )
    facts |= facts_of(context, target, answer)
    return _verdict(context, target, answer, headers, facts)


def _verdict(
    context: Context,
    target: Target,
    answer: "RemoteAnswer",
    headers: Mapping[str, Secret],
    facts: dict[str, str],
) -> Verdict:
    from diagnostics.servers.remote import RemoteOutcome

    evidence = [
        f"asked: {facts['url']}" + (f", which answered with HTTP {answer.status}" if answer.status else "")
    ]
    evidence += [f"sent along: {', '.join(sorted(headers))}"] if headers else []
    evidence += [f"it said: {facts['said']}"] if answer.said else []
    match answer.outcome:
        case RemoteOutcome.ANSWERED if answer.tools_error:
            said = context.scrubber.scrub(answer.tools_error)
            return warn(
                "remote-without-tools", "token_insufficient_scope", evidence=[*evidence, said], **facts
            )
        case RemoteOutcome.ANSWERED:
            tools = "an unknown number of" if answer.tools is None else str(answer.tools)
            who = " ".join(each for each in (answer.name, answer.version) if each) or "The server"
            took = f"{answer.seconds:.1f}"
            return ok("remote-answered", name=who, protocol=answer.protocol, tools=tools, took=took, **facts)
        case RemoteOutcome.LOGIN if target.has_own_credential:
            return _refused(answer, headers, facts, evidence)
        case RemoteOutcome.LOGIN:
            return skip("remote-login", **facts)
        case RemoteOutcome.FORBIDDEN if target.has_own_credential:
            return fail("remote-forbidden", "token_insufficient_scope", evidence=evidence, **facts)
        case RemoteOutcome.NO_ANSWER:
            status, cause = TROUBLES.get(answer.trouble, TROUBLES["other"])
            if answer.trouble == "not-https":
                return fail("remote-not-https", cause, evidence=evidence, **facts)
            if answer.trouble == "unsendable":
                return fail("remote-unsendable", "credential_corrupted", evidence=evidence, **facts)
            said = answer.said or answer.trouble
            return Verdict(status, "remote-no-answer", cause, tuple(evidence), {**facts, "why": said})
        case RemoteOutcome.RATE_LIMITED:
            return unknown("remote-busy", "rate_limited", evidence=evidence, **facts)
        case RemoteOutcome.OUTAGE:
            return unknown("remote-busy", "provider_down", evidence=evidence, **facts)
        case _:
            return unknown("remote-unclear", "provider_answer_unclear", evidence=evidence, **facts)


def _refused(
    answer: "RemoteAnswer", headers: Mapping[str, Secret], facts: dict[str, str], evidence: list[str]
) -> Verdict:
    """401 or 403 to the entry's own credential: a wrong one, a wrong form of one, or none of the kind that is wanted."""
    params = answer.challenge.params if answer.challenge else {}
    error, described = params.get("error", ""), params.get("error_description", "")
    evidence += [f"the server's error: {each}" for each in (error, described) if each]
    scheme = scheme_of(headers)
    if scheme is not None and answer.schemes and scheme not in answer.schemes:
        wanted = ", ".join(answer.schemes)
        sent = scheme or "no scheme word"
        return fail(
            "remote-scheme", "auth_header_wrong", evidence=evidence, sent=sent, wanted=wanted, **facts
        )
    if error == "insufficient_scope" or (answer.status == 403 and not error):
        scopes = " ".join(answer.scopes) or "which it does not name"
        return fail("remote-scope", "token_insufficient_scope", evidence=evidence, scopes=scopes, **facts)
    if any(_says_expired(each) for each in (described, answer.said)):
        return fail("remote-token-expired", "token_expired", evidence=evidence, **facts)
    if answer.resource_metadata:
        return fail("remote-token-or-login", "token_invalid", evidence=evidence, **facts)
    return fail("remote-token", "token_invalid", evidence=evidence, **facts)


def _says_expired(text: str) -> bool:
    """Whether a server says clearly that the time is over; many name all that it could be in one breath."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    return "expired" in words and not words & {"or", "not", "unknown", "invalid", "revoked", "malformed"}
