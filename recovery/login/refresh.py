"""Renewing a login with its refresh token (RFC 6749 section 6).

The refresh token may be spent by the asking (rotation), so whoever calls this has made sure beforehand that the answer
can be kept, and has noted that it is asked.
"""

import time

from diagnostics.host import Host
from diagnostics.oauth.login import Login, NotALoginError
from diagnostics.providers.http import HttpError
from diagnostics.secret import Secret
from recovery.login.endpoint import SECONDS, Answer, Client, host_of, post
from recovery.login.error import OUTAGE, SIGN_IN_AGAIN, LoginError
from recovery.login.issuer import Issuer, find_issuer

_NOT_SENT = {"dns", "refused", "unreachable", "proxy-unreachable", "proxy-refused", "proxy-login"}
_NOT_SENT |= {"certificate-untrusted", "certificate-expired", "certificate-not-yet-valid", "certificate-name"}
_NOT_SENT |= {"proxy-unsupported", "authorities-unreadable", "unsendable", "not-https", "private-address"}
"""Troubles that come before the form is on its way; after any other one the refresh token may be spent."""

_OVER = {"invalid_grant", "invalid_refresh_token", "bad_refresh_token", "token_revoked", "token_expired"}
_OVER |= {"interaction_required", "login_required", "consent_required"}
"""RFC 6749's word, and those that some servers use in its place (GitHub, Slack, OpenID Connect)."""


def issuer_of(login: Login, host: Host) -> Issuer:
    """The login's authorization server, asked afresh, if the stored place of renewal is its own.

    Raises:
        LoginError: `sign-in-again` where there is nothing to renew with; `mismatch`, `outage`, `unsafe`, `no-metadata`.
    """
    if login.refresh_token is None or not login.can_renew:
        raise LoginError(SIGN_IN_AGAIN, "there is no refresh token: sign in again")
    issuer = find_issuer(login.issuer, host)
    if not issuer.owns(login):
        raise LoginError(
            "mismatch",
            f"the stored login is renewed at {host_of(login.token_endpoint)}, and {host_of(login.issuer)} does not take "
            "renewals there, so the refresh token was not sent: sign in again",
        )
    return issuer


def refresh(login: Login, issuer: Issuer, host: Host, seconds: float = SECONDS) -> Login:
    """The login renewed. In: what `issuer_of` gave for it.

    Raises:
        LoginError: `sign-in-again` (the refresh token is not taken any more), `invalid-client`, `refused`, `outage`
            (nothing was decided), `lost` (it may be renewed, and the answer got lost), `unclear`.
    """
    form: dict[str, str | Secret] = {"grant_type": "refresh_token"}
    if login.refresh_token is not None:
        form["refresh_token"] = login.refresh_token
    if login.resource:
        form["resource"] = login.resource
    client = Client(login.client_id, login.client_secret)
    answer = _sent(login, form, client, issuer, issuer.secret_methods[0], host, seconds)
    if answer.error == "invalid_client" and client.secret is not None and len(issuer.secret_methods) > 1:
        answer = _sent(login, form, client, issuer, issuer.secret_methods[1], host, seconds)
    if answer.error or not 200 <= answer.status < 300:
        raise _refusal(answer, host_of(login.token_endpoint))
    try:
        return login.renewed(dict(answer.content), time.time())
    except NotALoginError:
        raise LoginError(
            "unclear",
            f"{host_of(login.token_endpoint)} said yes and gave no token. The refresh token may be spent: if renewing "
            "fails again, sign in again",
        ) from None


def _sent(
    login: Login,
    form: dict[str, str | Secret],
    client: Client,
    issuer: Issuer,
    method: str,
    host: Host,
    seconds: float,
) -> Answer:
    place = host_of(login.token_endpoint)
    try:
        return post(login.token_endpoint, form, client, method, host, seconds=seconds, reach=issuer.reach)
    except HttpError as error:
        why = f"{error.trouble}: {error.said}" if error.said else error.trouble
        if error.trouble in _NOT_SENT:
            raise LoginError(
                OUTAGE, f"{place} can't be reached ({why}); the refresh token was not sent"
            ) from None
        raise LoginError(
            "lost",
            f"no whole answer came from {place} ({why}). The refresh token may be spent: if renewing fails again, sign "
            "in again",
        ) from None


def _refusal(answer: Answer, place: str) -> LoginError:
    if answer.is_outage:
        return LoginError(OUTAGE, f"{place} can't renew it right now: {answer.named}. Try again later")
    if 300 <= answer.status < 400:
        return LoginError(
            "refused", f"{place} sends elsewhere (HTTP {answer.status}). A refresh token is not sent along"
        )
    match answer.error:
        case _ if answer.error in _OVER:
            return LoginError(
                SIGN_IN_AGAIN,
                f"{place} does not take this refresh token any more ({answer.named}): sign in again",
            )
        case "invalid_client" | "unauthorized_client" | "incorrect_client_credentials":
            return LoginError(
                "invalid-client",
                f"{place} does not know the client that this login was given to ({answer.named}): sign in again",
            )
        case _:
            return LoginError("refused", f"{place} refused to renew it: {answer.named}")
