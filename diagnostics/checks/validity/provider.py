"""The provider's own word on the token, asked once however many servers use it."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, skip
from diagnostics.context import Context
from diagnostics.model import Reference, Status, Syntax

if TYPE_CHECKING:
    from diagnostics.catalog.scopes import Need
    from diagnostics.tokens.credential import Credential

if TYPE_CHECKING:
    from diagnostics.providers.verify import Answer

_NOTED_SKEW = 30.0
"""Seconds. Below that a Date header, good to a second, and a slow answer may explain the difference."""

_SHOWN_SCOPES = 30

_ANSWERS: dict[str, tuple[Status, str, str | None]] = {
    "valid": (Status.OK, "valid", None),
    "invalid": (Status.FAIL, "invalid", "token_invalid"),
    "expired": (Status.FAIL, "expired", "token_expired"),
    "revoked": (Status.FAIL, "revoked", "token_revoked"),
    "sso_required": (Status.FAIL, "sso-required", "sso_required"),
    "insufficient_scope": (Status.WARN, "missing-scope", "token_insufficient_scope"),
    "quota_exhausted": (Status.WARN, "quota-exhausted", "rate_limited"),
    "rate_limited": (Status.UNKNOWN, "rate-limited", "rate_limited"),
    "ip_blocked": (Status.UNKNOWN, "address-blocked", "address_blocked"),
    "provider_down": (Status.UNKNOWN, "provider-down", "provider_down"),
    "redirected": (Status.UNKNOWN, "redirected", "provider_answer_unclear"),
    "indeterminate": (Status.UNKNOWN, "unclear", "provider_answer_unclear"),
    "dns": (Status.UNKNOWN, "dns", "dns_failure"),
    "refused": (Status.UNKNOWN, "refused", "connection_refused"),
    "unreachable": (Status.UNKNOWN, "unreachable", "network_unreachable"),
    "timeout": (Status.UNKNOWN, "timeout", "provider_timeout"),
    "closed": (Status.UNKNOWN, "closed", "provider_answer_unclear"),
    "proxy-login": (Status.UNKNOWN, "proxy-login", "proxy_problem"),
    "proxy-refused": (Status.UNKNOWN, "proxy-refused", "proxy_problem"),
    "proxy-unreachable": (Status.UNKNOWN, "proxy-unreachable", "proxy_problem"),
    "proxy-unsupported": (Status.UNKNOWN, "proxy-unsupported", "proxy_problem"),
    "certificate-untrusted": (Status.UNKNOWN, "certificate-untrusted", "tls_interception"),
    "certificate-name": (Status.UNKNOWN, "certificate-name", "tls_interception"),
    "certificate-expired": (Status.UNKNOWN, "certificate-expired", "certificate_expired"),
    "certificate-not-yet-valid": (Status.UNKNOWN, "certificate-not-yet-valid", "clock_skew"),
    "authorities-unreadable": (Status.UNKNOWN, "authorities-unreadable", "tls_interception"),
    "tls": (Status.UNKNOWN, "tls", "tls_interception"),
    "other": (Status.UNKNOWN, "unclear", "provider_answer_unclear"),
}
"""Meaning -> status, outcome, cause. Only the provider's clear word fails a token."""


@check(of=Reference, needs=("lookup.entry", "format.hygiene", "format.token"), within=15.0, asks="network")
def provider(context: Context, reference: Reference) -> Verdict | None:
    """Does the provider accept it?"""
    from diagnostics.catalog.providers import provider as entry_of
    from diagnostics.tokens.credential import credential_of
    from diagnostics.tokens.scope import needs

    found = credential_of(context, reference)
    if found is None:
        return None
    if found.provider_id is None:
        return skip("no-provider")
    if not found.may_be_sent:
        return skip("not-sure-whose", provider=entry_of(found.provider_id).name)
    answer = _asked(context, found, found.provider_id)
    wanted = needs(context.server(reference.server_id), entry_of(found.provider_id).family)
    return _verdict(context, answer, wanted, renews=reference.syntax is Syntax.OAUTH)


def _asked(context: Context, found: "Credential", provider_id: str) -> "Answer":
    from diagnostics.providers.verify import SECONDS, verify  # with TLS and all: not needed offline

    limit = context.options.timeout
    seconds = SECONDS if limit is None else min(SECONDS, limit * 0.9)
    configured, companions = found.configured, found.companions
    answer: Answer = context.answers.get(
        found.question,
        lambda: verify(
            provider_id, found.value, context.host, context.options, seconds, configured, companions
        ),
    )
    return answer


def _verdict(
    context: Context, answer: "Answer", wanted: "Sequence[Need]" = (), *, renews: bool = False
) -> Verdict:
    from diagnostics.catalog.providers import provider as entry_of
    from diagnostics.expiry import fact
    from diagnostics.tokens.scope import missing

    entry = entry_of(answer.provider)
    facts = {
        "provider": entry.name,
        "provider_id": entry.id,
        "family": entry.family,
        "host": answer.host or "the provider",
        "machine": re.sub(r":\d+$", "", answer.host),
        "account": answer.account or "an account it does not name",
        "scopes": _scopes(answer),
        "expires": f"{answer.expires.astimezone():%Y-%m-%d}" if answer.expires else "",
        "expires_at": "" if renews else fact(answer.expires),
        "wait": _wait(answer.retry_after),
        "target": answer.target,
        "said": answer.said,
        "wanted": answer.wanted,
        "page": answer.page,
        "issuer": answer.issuer or "an authority whose name could not be read",
        "http_status": str(answer.status or ""),
        "rotation_url": entry.rotation_url or "the provider's settings page",
    }
    if answer.meaning == "not-asked":
        if answer.reason in {"unsendable", "not-https"}:
            return Verdict(Status.FAIL, "unsendable", "credential_corrupted", facts=facts)
        if answer.reason == "lacks-companion":
            return Verdict(Status.FAIL, "lacks-companion", "env_var_missing", facts=facts)
        if answer.reason == "other-installation":
            return Verdict(Status.WARN, "other-installation", "token_invalid", facts=facts)
        return skip(answer.reason, **facts)
    status, outcome, cause = _ANSWERS[answer.meaning]
    if answer.page and outcome == "unclear":
        outcome = "login-page"
    evidence = list(_evidence(context, answer))
    if answer.meaning == "valid":
        status, outcome, cause = _of_valid(answer, facts, missing(wanted, answer.scopes or (), entry.family))
        evidence += _scope_evidence(answer, wanted, entry.family)
    return Verdict(status, outcome, cause, tuple(evidence), facts)


def _of_valid(
    answer: "Answer", facts: dict[str, str], lacking: "Sequence[Need]"
) -> tuple[Status, str, str | None]:
    """Good today, but is it so next week, and for what the server does?"""
    if answer.scopes is not None and lacking:
        facts["missing"] = ", ".join(each.any[0] for each in lacking)
        facts["closed"] = "; ".join(each.opens for each in lacking)
    if answer.scopes is not None and any(each.essential for each in lacking):
        return Status.FAIL, "lacks-essential-scope", "token_insufficient_scope"
    if answer.expires is not None:
        from diagnostics.tokens.lifetime import soon

        if days := soon(answer.expires):
            facts["days"] = days
            return Status.WARN, "expires-soon", "token_expired"
    if answer.scopes and lacking:
        return Status.WARN, "lacks-scope", "token_insufficient_scope"
    if answer.scopes == ():
        return Status.WARN, "no-scopes", "token_insufficient_scope"
    return _ANSWERS["valid"]


def _scopes(answer: "Answer") -> str:
    if answer.scopes is None:
        return "not reported by the provider"
    shown = ", ".join(answer.scopes[:_SHOWN_SCOPES])
    more = len(answer.scopes) - _SHOWN_SCOPES
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def _scope_evidence(answer: "Answer", wanted: "Sequence[Need]", family: str) -> Iterator[str]:
    """Scope by scope, what the server needs and whether the token has it."""
    from diagnostics.tokens.scope import missing

    if answer.scopes is None and wanted:
        names = ", ".join(each.any[0] for each in wanted)
        yield f"the server needs {names} or what corresponds to that; whether the token has it, only using it shows"
        return
    for each in missing(wanted, answer.scopes or (), family):
        yield f"lacks {' or '.join(each.any)}, needed for {each.opens}"


def _wait(seconds: int | None) -> str:
    if seconds is None:
        return "It did not say how long."
    if seconds < 90:
        return f"It asks to wait {seconds} seconds."
    if seconds < 5400:
        return f"It asks to wait {round(seconds / 60)} minutes."
    return f"It asks to wait {round(seconds / 3600)} hours."


def _evidence(context: Context, answer: "Answer") -> Iterator[str]:
    from diagnostics.providers.proxy import authorities

    yield f"asked: {answer.host}" + (f", which answered with HTTP {answer.status}" if answer.status else "")
    if answer.account:
        yield f"account: {answer.account}"
    if answer.meaning == "valid":
        yield f"scopes: {_scopes(answer)}"
    if answer.expires:
        yield f"valid until: {answer.expires:%Y-%m-%d %H:%M} UTC"
    if answer.page:
        yield f"a page for people came instead of data: {answer.page}"
    if answer.note:
        yield answer.note
    if answer.said:
        yield answer.said
    if answer.skew is not None and abs(answer.skew) >= _NOTED_SKEW:
        where = "behind" if answer.skew > 0 else "ahead of"
        yield f"this computer's clock is {abs(answer.skew):.0f} seconds {where} that of {answer.host}"
    if answer.meaning.startswith(("certificate", "tls")):
        if answer.issuer:
            yield f"the certificate says that it was signed by: {answer.issuer}"
        named = authorities(context.host.env)
        yield f"authorities: {named[0]}={named[1]}" if named else "authorities: the built-in list"
