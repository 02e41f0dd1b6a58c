"""The login that a client, or mcp-remote for it, keeps for a remote server: there, in time, and for this server."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, skip, unknown, warn
from diagnostics.context import Context
from diagnostics.model import Server

if TYPE_CHECKING:
    from diagnostics.oauth.kept_logins import Kept
    from diagnostics.oauth.stored_login import StoredLogin
    from diagnostics.servers.remote_target import Target


@check(of=Server, within=60.0)
def login(context: Context, server: Server) -> Iterator[Verdict]:
    """Is there a login for the remote server, and is it still good?"""
    from diagnostics.servers.remote_target import OpenAddressError, target_of

    target = target_of(server)
    if target is None or server.disabled or target.has_own_credential:
        return
    from diagnostics.checks.remote import facts_of
    from diagnostics.oauth.kept_logins import kept_for

    try:
        facts = facts_of(context, target)
    except OpenAddressError:
        return
    kept = kept_for(target, context.host)
    for each in kept.secrets:
        context.scrubber.learn(each)
    facts |= {"client": kept.client, "renew": kept.renew or "Log in again in the client."}
    broken = [
        _broken(each.path, each.trouble, each.said, facts)
        for each in kept.files
        if each.trouble and not kept.login
    ]
    yield from broken
    if kept.login is not None:
        yield _judged(kept.login, kept, facts)
        yield from _elsewhere(context, target, kept.login, facts)
    elif not broken:
        yield _missing(context, target, kept, facts)
    yield from (
        warn("open-to-others", "file_permission_denied", **facts, file=str(each.path))
        for each in kept.files
        if each.open_to_others and each.logins
    )


def _broken(path: Path, trouble: str, said: str, facts: dict[str, str]) -> Verdict:
    evidence = [f"{path}: {said}" if said else str(path)]
    if trouble == "not-json":
        return fail("broken", "credential_corrupted", evidence=evidence, file=str(path), **facts)
    return unknown("unreadable", "file_permission_denied", evidence=evidence, file=str(path), **facts)


def _judged(found: "StoredLogin", kept: "Kept", facts: dict[str, str]) -> Verdict:
    from diagnostics.expiry import FACT, fact
    from diagnostics.oauth.stored_login import Lifetime

    now = time.time()
    more = facts | {"file": str(found.path or kept.where), "ends": _when(found.expires_at, now)}
    if not found.refresh:
        more[FACT] = fact(found.expires_at)
    evidence = [f"kept in: {more['file']}"]
    if found.expires_at is not None:
        evidence.append(
            f"the token's time: {time.strftime('%Y-%m-%d %H:%M', time.gmtime(found.expires_at))} UTC"
        )
    evidence.append(f"a refresh token: {'yes' if found.refresh else 'no'}")
    match found.lifetime(now):
        case Lifetime.GOOD:
            return ok("good", evidence=evidence, **more)
        case Lifetime.UNTOLD:
            return ok("untold", evidence=evidence, **more)
        case Lifetime.RENEWABLE:
            return ok("renewable", evidence=evidence, **more)
        case Lifetime.SOON_OVER:
            return warn("soon-over", "token_expired", evidence=evidence, **more)
        case Lifetime.EXPIRED:
            return fail("expired", "token_expired", evidence=evidence, **more)
        case Lifetime.NO_TOKEN:
            return fail("registered-only", "oauth_login_missing", evidence=evidence, **more)


def _missing(context: Context, target: "Target", kept: "Kept", facts: dict[str, str]) -> Verdict:
    """No login was found: whether that matters, only the server can say."""
    from diagnostics.oauth.kept_logins import Match

    more = facts | {"where": kept.where, "file": str(kept.near.path if kept.near else kept.near_path or "")}
    wanted = _is_wanted(context, target)
    if wanted is False:
        return skip("not-needed", **more)
    if kept.where and not kept.near:
        return skip("sealed", **more)
    evidence = [f"there is a login at: {more['file']}"] if more["file"] else []
    outcome = {
        Match.OTHER_ADDRESS: "other-address",
        Match.OTHER_HEADERS: "other-headers",
        Match.OLD_VERSION: "old-version",
    }.get(kept.match)
    if not kept.is_known:
        return skip("not-known-where", **more)
    if wanted is None:
        if outcome is None:
            return skip("none-seen", **more)
        return warn(outcome, "oauth_login_missing", evidence=evidence, **more)
    return fail(outcome or "none", "oauth_login_missing", evidence=evidence, **more)


def _is_wanted(context: Context, target: "Target") -> bool | None:
    """Whether the server wants a login; None where it was not, or could not be, asked."""
    if context.options.offline:
        return None
    from diagnostics.checks.remote import asked
    from diagnostics.servers.remote import RemoteOutcome

    answer = asked(context, target)
    if isinstance(answer, Verdict):
        return None
    if answer.outcome is RemoteOutcome.ANSWERED:
        return False
    return True if answer.outcome is RemoteOutcome.LOGIN else None


def _elsewhere(
    context: Context, target: "Target", found: "StoredLogin", facts: dict[str, str]
) -> Iterator[Verdict]:
    """A login from another authorization server than the one that counts now is refused there."""
    from diagnostics.checks.remote import asked, discovered
    from diagnostics.oauth.well_known import origin

    if not found.issuer or not _is_wanted(context, target):
        return
    answer = asked(context, target)
    if isinstance(answer, Verdict):
        return
    now = discovered(context, target, answer)
    if now.metadata and now.issuers and origin(found.issuer) not in {origin(each) for each in now.issuers}:
        evidence = [f"kept for: {origin(found.issuer)}", *(f"named now: {each}" for each in now.issuers)]
        yield fail(
            "other-issuer",
            "oauth_invalid_client",
            evidence=evidence,
            issuer=now.issuer,
            was=found.issuer,
            **facts,
        )


def _when(ends: float | None, now: float) -> str:
    from diagnostics.oauth.stored_login import distance

    return "" if ends is None else distance(ends, now)
