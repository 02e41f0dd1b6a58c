"""The login of Auth0's MCP server: where it keeps it, and what the server makes of what it finds there.

Source: @auth0/auth0-mcp-server 0.1.0-beta.19, dist/utils/{keychain,config}.js, dist/commands/run.js,
dist/auth/device-auth-flow.js; each state was compared with what the real server says.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from diagnostics.catalog.servers import known_server
from diagnostics.expiry import FACT, fact
from diagnostics.managers import Answer, Found, Trouble
from diagnostics.model import Server
from diagnostics.references import unwrap
from diagnostics.secret import Secret
from diagnostics.text import clean
from diagnostics.tokens.checksum import jwt_expiry, jwt_payload

SERVICE = "auth0-mcp"
TOKEN, DOMAIN, ENDS = "AUTH0_TOKEN", "AUTH0_DOMAIN", "AUTH0_TOKEN_EXPIRES_AT"
REFRESH = "AUTH0_REFRESH_TOKEN"
_BUFFER = 300
"""Seconds before its end from which the server takes a token for over."""

Read = Callable[[str], Answer]
"""Gives the entry of that account as keytar would."""


@dataclass(frozen=True, slots=True)
class Login:
    """What the server would make of it. `outcome` is the key of its words."""

    outcome: str
    cause: str | None = None
    evidence: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


def is_auth0(server: Server) -> bool:
    """Whether the entry starts Auth0's server."""
    inner = unwrap(server)
    words = [each.reveal() for each in inner.args]
    if inner.command is None or not any("auth0-mcp" in word for word in (inner.command, *words)):
        return False
    known = known_server(inner.command, words)
    return known is not None and known.id == "auth0"


def login_of(env: Mapping[str, str], read: Read, now: float | None = None) -> Login:
    """What the server finds, in its own order: the environment with both variables, else the keychain.

    In: the environment that it is started with; how its entries are read; the time in seconds.
    """
    moment = time.time() if now is None else now
    token, domain = env.get(TOKEN, "").strip(), env.get(DOMAIN, "").strip()
    if token and not domain:
        return Login("token-without-domain", "env_var_missing")
    if token:
        return _from_environment(Secret(token), domain, moment)
    login = _from_keychain(read, moment)
    kept = str(login.facts.get("domain", ""))
    if login.outcome == "signed-in" and domain and kept and domain != kept:
        return Login(
            "domain-ignored", "config_ignored", login.evidence, {**login.facts, "given": clean(domain, 120)}
        )
    return login


def _from_environment(token: Secret, domain: str, now: float) -> Login:
    ends = jwt_expiry(token.reveal())
    facts = {"domain": clean(domain, 120), "source": "the environment", FACT: fact(ends)}
    if ends is not None and ends <= now + _BUFFER:
        return Login("token-over-in-environment", "token_expired", facts=facts | {"when": _day(ends)})
    return _of_domain(token, domain, facts) or Login("signed-in-by-environment", facts=facts)


def _from_keychain(read: Read, now: float) -> Login:
    token = read(TOKEN)
    if isinstance(token, Trouble):
        return _without_token(token, read)
    stamp, domain = read(ENDS), read(DOMAIN)
    renewable = isinstance(read(REFRESH), Found)
    facts: dict[str, object] = {"source": "the keychain", "domain": "", "when": "", "service": SERVICE}
    evidence = [f"a refresh token is {'there' if renewable else 'not there'}"]
    ends = _milliseconds(stamp)
    if ends is None:
        return Login("no-end", "token_expired", tuple(evidence), facts)
    facts["when"] = _day(ends)
    if not renewable:
        facts[FACT] = fact(ends)
    if ends <= now + _BUFFER:
        return Login("over", "token_expired", tuple(evidence), facts)
    if not isinstance(domain, Found):
        return Login("no-domain", "credential_not_found", tuple(evidence), facts)
    name = domain.value.reveal()
    facts["domain"] = clean(name, 120)
    own_end = jwt_expiry(token.value.reveal())
    if own_end is not None and own_end <= now:
        facts["own"] = _day(own_end)
        return Login("over-by-itself", "token_expired", tuple(evidence), facts)
    return _of_domain(token.value, name, facts) or Login("signed-in", evidence=tuple(evidence), facts=facts)


def _without_token(trouble: Trouble, read: Read) -> Login:
    """Why the server finds no token: it says 'No valid authorization token found' in each of these."""
    facts = {"found_as": "", "said": "", **trouble.facts}
    match trouble.outcome:
        case "locked":
            return Login("locked", "keyring_locked", trouble.evidence, facts)
        case "by-keyring" | "no-schema" | "spelling" | "other-split":
            return Login("wrong-form", "credential_not_found", trouble.evidence, facts)
        case "not-read" if trouble.cause in {"dbus_no_session_bus", "secret_service_not_provided"}:
            return Login("no-keychain", trouble.cause, trouble.evidence, facts)
        case "missing" | "empty":
            others = [each for each in (DOMAIN, ENDS, REFRESH) if isinstance(read(each), Found)]
            if others:
                return Login(
                    "half-signed-in", "credential_not_found", (f"there: {', '.join(others)}",), facts
                )
            return Login("not-signed-in", "credential_not_found", trouble.evidence, facts)
        case "not-text":
            return Login("damaged", "credential_corrupted", trouble.evidence, facts)
        case _:
            return Login("not-read", trouble.cause, trouble.evidence, facts)


def _of_domain(token: Secret, domain: str, facts: Mapping[str, object]) -> Login | None:
    """Whether the token is for another tenant: its audience `https://TENANT/api/v2/` names the one it is for."""
    payload = jwt_payload(token.reveal()) or {}
    audience = payload.get("aud")
    names = [_tenant(each) for each in (audience if isinstance(audience, list) else [audience])]
    tenants = [each for each in names if each and "*" not in each]
    if not tenants or domain.strip().casefold() in tenants:
        return None
    return Login("wrong-domain", "config_wrong_endpoint", facts={**facts, "tenant": tenants[0]})


def _tenant(audience: object) -> str:
    if not isinstance(audience, str):
        return ""
    try:
        parts = urlsplit(audience)
    except ValueError:
        return ""
    return clean(parts.netloc.casefold(), 120) if parts.path == "/api/v2/" else ""


def _milliseconds(stamp: Answer) -> float | None:
    """The kept time in seconds. As JavaScript reads it: the digits at the beginning; none, or 0, is no time at all."""
    digits = re.match(r"\s*([+-]?\d{1,16})", stamp.value.reveal()) if isinstance(stamp, Found) else None
    return int(digits[1]) / 1000 or None if digits else None


def _day(moment: float) -> str:
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return "an impossible time"
