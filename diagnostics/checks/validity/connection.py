"""Whether the databases that connection URLs lead to answer: asked on request, since a config can name any host."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, skip, unknown, warn
from diagnostics.context import Context
from diagnostics.model import Server

if TYPE_CHECKING:
    from diagnostics.connections.connection import Connection, Target
    from diagnostics.connections.place import Place
    from diagnostics.connections.reach import Answer

_TLS_WANTED = {"require", "verify-ca", "verify-full"}


@check(of=Server, needs=("format.connection-url",), within=15.0, asks="network")
def connection(context: Context, server: Server) -> Iterator[Verdict]:
    """Do its databases answer?"""
    from diagnostics.connections.place import places

    if server.disabled:
        return
    for place in places(context, server):
        for target in place.connection.targets[:3]:
            yield _verdict(context, place, target)


def _verdict(context: Context, place: "Place", target: "Target") -> Verdict:
    url = place.connection
    port = url.port_of(target)
    where = f"[{target.host}]:{port}" if ":" in target.host else f"{target.host}:{port}"
    facts = {
        "field": place.field,
        "kind": url.kind.name,
        "kind_id": url.kind.id,
        "where": where,
        "host": target.host,
    }
    if "+srv" in url.scheme:
        return skip("srv", **facts)
    agreed = context.options.provider_urls.get(url.kind.id)
    if agreed is not None and agreed.lower() not in {
        where.lower(),
        target.host.lower(),
        f"[{target.host}]".lower(),
    }:
        return skip("other-address", **facts)
    if agreed is None and not context.options.start:
        return skip("needs-agreement", **facts)
    answer = _asked(context, url, target, port, agreed is not None)
    return _judged(place, answer, facts)


def _asked(context: Context, url: "Connection", target: "Target", port: int, may_log_in: bool) -> "Answer":
    from diagnostics.connections.reach import SECONDS, Answer, Login, greet
    from diagnostics.providers.proxy import authorities

    limit = context.options.timeout
    seconds = SECONDS if limit is None else min(SECONDS, limit * 0.9)
    tls = url.scheme == "rediss" or (url.kind.id == "mongodb_url" and _is_on(url, "tls", "ssl"))
    login = Login(url.user or "", url.plain_password) if may_log_in and url.plain_password else None
    key = (url.kind.id, target, port, tls, login)
    named = authorities(context.host.env)
    ask = partial(greet, url.kind.id, target.host, port, tls=tls, seconds=seconds, login=login)
    answer: Answer = context.answers.get(key, lambda: ask(authorities=named[1] if named else None))
    return answer


def _is_on(url: "Connection", *names: str) -> bool:
    return any(url.options.get(name, "").lower() == "true" for name in names)


def _judged(place: "Place", answer: "Answer", facts: dict[str, str]) -> Verdict:
    from diagnostics.connections.reach import Reach

    url = place.connection
    facts["said"] = answer.said
    evidence = [f"asked: {facts['where']}"] + ([answer.said] if answer.said else [])
    match answer.reach:
        case Reach.GREETED:
            return _of_greeting(url, answer, facts, evidence)
        case Reach.REFUSED:
            return fail("refused", "connection_refused", evidence=evidence, **facts)
        case Reach.DNS if not place.setting.in_container:
            return fail("no-such-host", "dns_failure", evidence=evidence, **facts)
        case Reach.DNS | Reach.DNS_LATER:
            return unknown("name-not-found", "dns_failure", evidence=evidence, **facts)
        case Reach.OTHER:
            return fail("other-protocol", "config_wrong_endpoint", evidence=evidence, **facts)
        case Reach.TLS:
            return unknown("tls", "tls_interception", evidence=evidence, **facts)
        case Reach.CLOSED:
            return unknown("closed", "provider_answer_unclear", evidence=evidence, **facts)
        case Reach.TIMEOUT:
            return unknown("timeout", "provider_timeout", evidence=evidence, **facts)
    return unknown("unreachable", "network_unreachable", evidence=evidence, **facts)


def _of_greeting(url: "Connection", answer: "Answer", facts: dict[str, str], evidence: list[str]) -> Verdict:
    if answer.took_password:
        return ok("logged-in", evidence=evidence, **facts)
    if answer.took_password is False:
        return fail("password-refused", "token_invalid", evidence=evidence, **facts)
    if answer.offers_tls is False and url.options.get("sslmode") in _TLS_WANTED:
        return fail("no-tls-there", "connection_unencrypted", evidence=evidence, **facts)
    if answer.wants_password and not url.password:
        return fail("password-needed", "credential_empty", evidence=evidence, **facts)
    if answer.wants_password is False and url.password:
        return warn("no-password-there", "credential_empty", evidence=evidence, **facts)
    if answer.wants_password is False:
        return ok("open-to-all", evidence=evidence, **facts)
    return ok("answers", evidence=evidence, **facts)
