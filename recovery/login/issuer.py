"""An authorization server's own word about where its endpoints are, asked afresh (RFC 8414), or known for sure."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from diagnostics.catalog.logins import known_login
from diagnostics.host import Host
from diagnostics.oauth.discovery import reach_from
from diagnostics.oauth.document import Document, fetch
from diagnostics.oauth.login import Login
from diagnostics.oauth.well_known import is_secure, origin, server_urls
from diagnostics.providers.proxy import Reach
from diagnostics.text import clean
from recovery.login.endpoint import BASIC, POST, host_of, require_secure
from recovery.login.error import OUTAGE, LoginError

SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where it takes what. The texts are its own: clean before showing."""

    name: str
    """Its identifier, an address."""
    token_endpoint: str
    device_endpoint: str = ""
    """ "" = it offers no device flow."""
    registration_endpoint: str = ""
    methods: tuple[str, ...] = (BASIC,)
    """How clients prove themselves; the value that RFC 8414 gives where nothing is said."""
    scopes: tuple[str, ...] = ()
    """Those that it names."""
    reach: Reach = Reach.ANYWHERE

    @property
    def secret_methods(self) -> tuple[str, ...]:
        """How a client with a secret proves itself, best first."""
        return tuple(each for each in (BASIC, POST) if each in self.methods) or (BASIC,)

    def owns(self, login: Login) -> bool:
        """Whether a stored login is renewed where this server takes renewals."""
        return origin(login.token_endpoint) == origin(self.token_endpoint) != ""


def find_issuer(name: str, host: Host, named_by: str = "", seconds: float = SECONDS) -> Issuer:
    """The authorization server of this name. Sends nothing but GET requests without a credential.

    In: `named_by`, the address of the server whose text named it: what that may not reach is not asked.

    Raises:
        LoginError: `unsafe`, `no-metadata`, `outage`, `mismatch`.
    """
    known = known_login(name)
    if known is not None:
        return Issuer(
            name,
            known.token_endpoint,
            known.device_endpoint,
            methods=(POST, "none"),
            reach=Reach.ANYWHERE,
        )
    require_secure(name)
    reach = reach_from(named_by or name, host)
    document = _document(name, host, reach, seconds)
    return _checked(document.content, name, reach)


def _document(name: str, host: Host, reach: Reach, seconds: float) -> Document:
    ends = time.monotonic() + seconds
    tried: list[Document] = []
    for url in server_urls(name):
        left = ends - time.monotonic()
        if left <= 0:
            break
        found = fetch(url, host.env, min(6.0, left), reach)
        if found.outcome == "found":
            return found
        tried.append(found)
    why = tried[-1].line if tried else "no answer in time"
    if tried and all(each.is_answer and each.status < 500 and each.status != 429 for each in tried):
        raise LoginError("no-metadata", f"{host_of(name)} does not say where it takes logins ({why})")
    raise LoginError(OUTAGE, f"{host_of(name)} can't be asked right now, so nothing was sent ({why})")


def _checked(document: Mapping[str, Any], name: str, reach: Reach) -> Issuer:
    said = document.get("issuer")
    if not isinstance(said, str) or said.rstrip("/") != name.rstrip("/"):
        raise LoginError(
            "mismatch",
            f"{host_of(name)} speaks for another authorization server ({clean(str(said), 120)}), so nothing was sent",
        )
    token = _endpoint(document, "token_endpoint")
    if not token:
        raise LoginError("no-metadata", f"{host_of(name)} names no token endpoint over https")
    return Issuer(
        said,
        token,
        _endpoint(document, "device_authorization_endpoint"),
        _endpoint(document, "registration_endpoint"),
        _texts(document, "token_endpoint_auth_methods_supported") or (BASIC,),
        _texts(document, "scopes_supported"),
        reach,
    )


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not is_secure(found) or urlsplit(found).username:
        return ""
    return found


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = document.get(name)
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()
