"""Whether the address of a remote server leads to an MCP server, asked without any credential."""

from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.context import Context
from diagnostics.model import Server

if TYPE_CHECKING:
    from diagnostics.servers.remote_target import Target

if TYPE_CHECKING:
    from diagnostics.servers.remote import RemoteAnswer


@check(of=Server, within=40.0, asks="network")
def remote(context: Context, server: Server) -> Verdict | None:
    """Does the server's address answer?"""
    from diagnostics.checks.remote import asked
    from diagnostics.servers.remote_target import target_of

    target = target_of(server)
    if target is None or server.disabled:
        return None
    answer = asked(context, target)
    return answer if isinstance(answer, Verdict) else _verdict(context, target, answer)


def _verdict(context: Context, target: "Target", answer: "RemoteAnswer") -> Verdict:
    from diagnostics.checks.remote import TROUBLES, facts_of
    from diagnostics.servers.remote import RemoteOutcome

    facts = facts_of(context, target, answer)
    evidence = [
        f"asked: {facts['url']}" + (f", which answered with HTTP {answer.status}" if answer.status else "")
    ]
    if answer.said:
        evidence.append(
            facts["said"] if answer.outcome is RemoteOutcome.NO_ANSWER else f"it said: {facts['said']}"
        )
    match answer.outcome:
        case RemoteOutcome.ANSWERED:
            who = " ".join(each for each in (answer.name, answer.version) if each) or "An MCP server"
            if answer.transport == "sse":
                return ok("answers-sse", evidence=evidence, **facts)
            return ok("answers", evidence=evidence, name=who, protocol=answer.protocol, **facts)
        case RemoteOutcome.LOGIN:
            return _login(target, answer, facts, evidence)
        case RemoteOutcome.NO_ANSWER:
            status, cause = TROUBLES.get(answer.trouble, TROUBLES["other"])
            outcome = answer.trouble if answer.trouble in TROUBLES else "other"
            return Verdict(status, outcome, cause, tuple(evidence), facts)
        case RemoteOutcome.FORBIDDEN if target.has_own_credential:
            return ok("wants-credential", evidence=evidence, **facts)
        case RemoteOutcome.FORBIDDEN:
            return warn("forbidden", "auth_header_wrong", evidence=evidence, **facts)
        case RemoteOutcome.HOST_REFUSED:
            return fail("host-refused", "host_or_origin_rejected", evidence=evidence, **facts)
        case RemoteOutcome.NOT_FOUND if answer.elsewhere:
            return fail("elsewhere", "config_wrong_endpoint", evidence=evidence, **facts)
        case RemoteOutcome.NOT_FOUND:
            return fail("not-found", "config_wrong_endpoint", evidence=evidence, **facts)
        case RemoteOutcome.OTHER_TRANSPORT:
            return warn("other-transport", "config_wrong_endpoint", evidence=evidence, **facts)
        case RemoteOutcome.REFUSED:
            return fail("refused-protocol", "protocol_version_mismatch", evidence=evidence, **facts)
        case RemoteOutcome.SESSION:
            return unknown("session", "session_not_found", evidence=evidence, **facts)
        case RemoteOutcome.RATE_LIMITED:
            return unknown("rate-limited", "rate_limited", evidence=evidence, **facts)
        case RemoteOutcome.OUTAGE:
            return unknown("outage", "provider_down", evidence=evidence, **facts)
        case RemoteOutcome.REDIRECTED if answer.elsewhere:
            return warn("moved", "config_wrong_endpoint", evidence=evidence, **facts)
        case RemoteOutcome.REDIRECTED:
            return unknown("redirected", "provider_answer_unclear", evidence=evidence, **facts)
        case RemoteOutcome.PAGE:
            return unknown("page", "provider_answer_unclear", evidence=evidence, **facts)
        case _:
            return unknown("unclear", "provider_answer_unclear", evidence=evidence, **facts)


def _login(target: "Target", answer: "RemoteAnswer", facts: dict[str, str], evidence: list[str]) -> Verdict:
    """401 is no failure: nothing was sent. Whether there is something to send, the stage before this one says."""
    evidence += [f"it takes: {', '.join(answer.schemes)}"] if answer.schemes else []
    if target.has_own_credential:
        return ok("wants-credential", evidence=evidence, **facts)
    return ok("wants-login", evidence=evidence, **facts)
