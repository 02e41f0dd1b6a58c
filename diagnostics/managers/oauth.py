"""`${OAUTH:provider}`: the access token of a login that the doctor keeps in the keychain (`diagnostics.oauth.login`).

Only reads. An access token whose time is over is never handed on: a server that starts with it fails later and says
less. Renewing it writes to the keychain and is the renewal guide's.
"""

import re
import time
from collections.abc import Iterator

from diagnostics.expiry import FACT, fact
from diagnostics.managers import Answer, Found, Question, Trouble
from diagnostics.model import Status, Syntax
from diagnostics.oauth.login import Login, NotALoginError, account_of, read_login
from diagnostics.oauth.stored_login import Lifetime, distance
from diagnostics.secret import Secret
from diagnostics.stores import StoreError

_SERVICE = "mcp-secrets"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class OAuth:
    """Follows `${OAUTH:…}`."""

    id = "oauth"
    syntax = Syntax.OAUTH
    network = False

    def ready(self, question: Question) -> Trouble | None:
        """Whether the reference names a provider."""
        if not _NAME.fullmatch(question.name):
            return Trouble("malformed", "reference_malformed", facts={"provider": question.name})
        return None

    def lookup(self, question: Question) -> Answer:
        """The access token, as long as it is good."""
        facts: dict[str, object] = {"provider": question.name, "account": account_of(question.name)}
        try:
            value, others = _read(question)
        except StoreError as error:
            said = {**facts, "said": str(error)}
            if error.cause in {"keyring_locked", "macos_keychain_locked"}:
                return Trouble("locked", error.cause, facts=said)
            return Trouble("not-read", error.cause, Status.UNKNOWN, (str(error),), said)
        if value is None:
            evidence = (f"logins that there are: {', '.join(others)}",) if others else ()
            return Trouble("missing", "oauth_login_missing", evidence=evidence, facts=facts)
        try:
            found = read_login(value)
        except NotALoginError as error:
            return Trouble(error.outcome, "credential_corrupted", evidence=(str(error),), facts=facts)
        return judged(found, facts, time.time())


def manager() -> OAuth:
    """The one of this module."""
    return OAuth()


def judged(found: Login, facts: dict[str, object], now: float) -> Answer:
    """The token, or why it is not handed on. In: the login, facts for the words, seconds since the epoch."""
    facts = {**facts, "issuer": found.issuer, "ends": _minutes(found.expires_at, now)}
    if not found.can_renew:
        facts[FACT] = fact(found.expires_at)
    evidence = tuple(_evidence(found))
    match found.lifetime(now):
        case Lifetime.EXPIRED | Lifetime.NO_TOKEN:
            return Trouble("expired", "token_expired", evidence=evidence, facts=facts)
        case Lifetime.RENEWABLE if found.can_renew and found.renewing is not None:
            return Trouble("cut-off", "token_expired", evidence=evidence, facts=facts)
        case Lifetime.RENEWABLE if found.can_renew:
            return Trouble("renewable", "token_expired", evidence=evidence, facts=facts)
        case Lifetime.RENEWABLE:
            return Trouble("expired", "token_expired", evidence=evidence, facts=facts)
        case Lifetime.SOON_OVER:
            soon = Trouble("soon-over", "token_expired", Status.WARN, evidence, facts)
            return Found(found.access_token, evidence, facts, (soon,))
        case _:
            return Found(found.access_token, evidence, facts)


def _read(question: Question) -> tuple[Secret | None, list[str]]:
    """The entry's value, and the names of the other logins that there are.

    Raises:
        StoreError: the store could not be read.
    """
    name = account_of(question.name)
    if question.store is None:
        from diagnostics.stores.one_entry import Entries

        with Entries(question.host) as entries:
            one = entries.read(name)
        return (one.secret, []) if one else (None, [])
    mine = [
        each
        for each in question.store.entries()
        if each.service == _SERVICE and each.account_attribute == "username"
    ]
    exact = [each for each in mine if each.account == name]
    readable = next((each.secret for each in exact if each.secret is not None), None)
    if exact and readable is None:
        raise StoreError("keyring_locked", f"{exact[0].path} is locked")
    prefix = account_of("")
    others = [each.account.removeprefix(prefix) for each in mine if each.account.startswith(prefix)]
    return readable, sorted(set(others))[:10]


def _evidence(found: Login) -> Iterator[str]:
    yield f"from: {found.issuer}"
    if found.expires_at is not None:
        try:
            ends = time.strftime("%Y-%m-%d %H:%M", time.gmtime(found.expires_at))
        except (OverflowError, OSError, ValueError):
            ends = "a time that makes no sense"
        yield f"the token's time: {ends} UTC"
    yield f"a refresh token: {'yes' if found.refresh_token else 'no'}"


def _minutes(ends: float | None, now: float) -> str:
    if ends is None:
        return "a time that is not told"
    return distance(ends, now)
