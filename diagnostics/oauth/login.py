"""The login behind `${OAUTH:provider}`: how it stands in the keychain, and what can be told from it. Pure.

Keychain service `mcp-secrets`, account `oauth:<provider>`, its value a JSON object:

    access_token    text                     the credential itself
    token_type      text                     `Bearer`
    expires_at      seconds since the epoch  missing = not told
    refresh_token   text, may be missing
    scope           text, may be missing     blanks between
    issuer          address                  the authorization server
    token_endpoint  address                  where it is renewed
    client_id       text                     whom it was given to
    client_secret   text, may be missing
    resource        address, may be missing  what it is for (RFC 8707)
    renewing        seconds since the epoch  only while it is renewed: the refresh token may be spent since then
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.oauth.stored_login import Lifetime, lifetime, seconds
from diagnostics.secret import Secret

PREFIX = "oauth:"
_LONGEST = 1e10
"""Seconds. A number from outside may have any size; three hundred years are for ever."""


def account_of(provider: str) -> str:
    """The keychain account of a provider's login."""
    return f"{PREFIX}{provider}"


@dataclass(frozen=True, slots=True)
class Login:
    """One stored login."""

    access_token: Secret = field(repr=False)
    issuer: str
    token_endpoint: str
    client_id: str
    refresh_token: Secret | None = field(default=None, repr=False)
    expires_at: float | None = None
    """Seconds since the epoch, None = not told."""
    token_type: str = "Bearer"  # noqa: S105 - the name of a kind
    scope: str = ""
    client_secret: Secret | None = field(default=None, repr=False)
    resource: str = ""
    renewing: float | None = None
    """Since when (seconds since the epoch) a renewal is under way, or was cut off; None = neither."""

    def lifetime(self, now: float) -> Lifetime:
        """How long it lasts, seen from `now` (seconds since the epoch)."""
        return lifetime(self.access_token, self.refresh_token, self.expires_at, now)

    @property
    def can_renew(self) -> bool:
        """Whether it holds all that a renewal needs."""
        return bool(self.refresh_token and self.token_endpoint and self.client_id)

    def renewed(self, answer: dict[str, Any], now: float) -> "Login":
        """The login after a renewal. In: the token endpoint's JSON answer, and when it came.

        An answer without a refresh token leaves the old one in force (RFC 6749 section 6).

        Raises:
            NotALoginError: the answer holds no access token.
        """
        access = _text(answer, "access_token")
        if not access:
            raise NotALoginError("not-a-login", "the answer holds no access token")
        lasts = answer.get("expires_in")
        ends = None
        if isinstance(lasts, int | float) and not isinstance(lasts, bool):
            ends = now + max(-_LONGEST, min(lasts, _LONGEST))
        refresh = _text(answer, "refresh_token")
        return replace(
            self,
            access_token=Secret(access),
            refresh_token=Secret(refresh) if refresh else self.refresh_token,
            expires_at=seconds(ends),
            scope=_text(answer, "scope") or self.scope,
            token_type=_text(answer, "token_type") or self.token_type,
            renewing=None,
        )

    def to_secret(self) -> Secret:
        """The value to store."""
        row = {
            "access_token": self.access_token.reveal(),
            "refresh_token": self.refresh_token.reveal() if self.refresh_token else None,
            "expires_at": self.expires_at,
            "token_type": self.token_type,
            "scope": self.scope or None,
            "issuer": self.issuer,
            "token_endpoint": self.token_endpoint,
            "client_id": self.client_id,
            "client_secret": self.client_secret.reveal() if self.client_secret else None,
            "resource": self.resource or None,
            "renewing": self.renewing,
        }
        return Secret(json.dumps({name: value for name, value in row.items() if value is not None}))


class NotALoginError(Exception):
    """A stored value is no login. `outcome`: `not-json`, `not-a-login` (a field is missing or of the wrong kind); the
    text says which and holds no value.
    """

    def __init__(self, outcome: str, said: str) -> None:
        super().__init__(said)
        self.outcome = outcome


def read_login(value: Secret) -> Login:
    """The login that a keychain value holds.

    Raises:
        NotALoginError: it holds none.
    """
    try:
        row = json.loads(value.reveal())
    except (ValueError, RecursionError):
        raise NotALoginError("not-json", "the value is no JSON") from None
    if not isinstance(row, dict):
        raise NotALoginError("not-a-login", "the value is no JSON object")
    wrong = [name for name in _TEXTS if row.get(name) is not None and not isinstance(row[name], str)]
    missing = [name for name in _NEEDED if not _text(row, name) and name not in wrong]
    if wrong or missing:
        said = [*(f"{name} is missing" for name in missing), *(f"{name} is no text" for name in wrong)]
        raise NotALoginError("not-a-login", ", ".join(said))
    refresh, secret = _text(row, "refresh_token"), _text(row, "client_secret")
    return Login(
        access_token=Secret(_text(row, "access_token")),
        issuer=_text(row, "issuer"),
        token_endpoint=_text(row, "token_endpoint"),
        client_id=_text(row, "client_id"),
        refresh_token=Secret(refresh) if refresh else None,
        expires_at=seconds(row.get("expires_at")),
        token_type=_text(row, "token_type") or "Bearer",
        scope=_text(row, "scope"),
        client_secret=Secret(secret) if secret else None,
        resource=_text(row, "resource"),
        renewing=seconds(row.get("renewing")),
    )


_NEEDED = ("access_token", "issuer", "token_endpoint", "client_id")
_TEXTS = (*_NEEDED, "refresh_token", "token_type", "scope", "client_secret", "resource")


def _text(row: dict[str, Any], name: str) -> str:
    found = row.get(name)
    return found if isinstance(found, str) else ""
