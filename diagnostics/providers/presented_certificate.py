"""Who signed the certificate that is presented: asked in a handshake of its own that sends nothing after it.

Only for naming whoever stands between: the answer is unproven, and nobody is trusted because of it.
"""

import http.client
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from diagnostics.deadline import DeadlineError, call_within
from diagnostics.providers.proxy import proxy_for
from diagnostics.text import clean


def issuer_of(url: str, env: Mapping[str, str], seconds: float) -> str:
    """Who signed the certificate that is presented at this https address, "" where that can't be found out.

    In: an address without a credential, the environment that names proxies, the limit for all of it. Two handshakes:
    the first takes the certificate as it is, the second trusts just that one, so that the library reads it. No
    request is sent.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return ""
    place = (parts.hostname, parts.port or 443)
    proxy = proxy_for(url, env)
    try:
        return call_within(seconds, lambda: _issuer(place, proxy, seconds))
    except (DeadlineError, OSError, ValueError, http.client.HTTPException):
        return ""


def _issuer(place: tuple[str, int], proxy: str | None, seconds: float) -> str:
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    encoded = _handshake(place, proxy, blind, seconds).encoded
    if not encoded:
        return ""
    seeing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    seeing.check_hostname = False
    seeing.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    seeing.load_verify_locations(cadata=encoded)
    return _name(_handshake(place, proxy, seeing, seconds).read.get("issuer", ()))


class _Presented:
    def __init__(self, encoded: bytes, read: Mapping[str, Any]) -> None:
        self.encoded = encoded
        self.read = read


def _handshake(
    place: tuple[str, int], proxy: str | None, context: ssl.SSLContext, seconds: float
) -> _Presented:
    connection = _connection(place, proxy, seconds)
    try:
        connection.connect()
        with context.wrap_socket(connection.sock, server_hostname=place[0]) as secured:
            return _Presented(secured.getpeercert(binary_form=True) or b"", secured.getpeercert() or {})
    finally:
        connection.close()


def _connection(place: tuple[str, int], proxy: str | None, seconds: float) -> http.client.HTTPConnection:
    if proxy is None:
        return http.client.HTTPConnection(*place, timeout=seconds)
    from urllib3.util import make_headers

    over = urlsplit(proxy)
    connection = http.client.HTTPConnection(over.hostname or "", over.port or 80, timeout=seconds)
    login = f"{over.username}:{over.password or ''}" if over.username else None
    connection.set_tunnel(*place, headers=make_headers(proxy_basic_auth=login) if login else {})
    return connection


def _name(issuer: Any) -> str:
    """The organisation and common name of an issuer as the ssl module gives it."""
    found = {key: value for part in issuer for key, value in part}
    names = [found.get("organizationName", ""), found.get("commonName", "")]
    return clean(" / ".join(dict.fromkeys(each for each in names if each)), 120)
