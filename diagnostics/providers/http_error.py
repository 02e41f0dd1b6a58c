"""Why a request brought no answer, in names of our own."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator

from diagnostics.text import clean


class HttpError(Exception):
    """The request brought no answer of the server. `trouble` is one of TROUBLES, `said` is safe to show.

    For a request that is kept to the public internet, `trouble` may also be `private-address`.

    Raised without the original error: those quote addresses and header values.
    """

    def __init__(self, trouble: str, said: str = "") -> None:
        super().__init__(f"{trouble}: {said}" if said else trouble)
        self.trouble = trouble
        self.said = said


TROUBLES = (
    "dns",
    "refused",
    "unreachable",
    "timeout",
    "closed",
    "proxy-login",
    "proxy-refused",
    "proxy-unreachable",
    "proxy-unsupported",
    "certificate-untrusted",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-name",
    "authorities-unreadable",
    "tls",
    "unsendable",
    "not-https",
    "other",
)
"""Why no answer came."""


_CERTIFICATE = {
    9: "certificate-not-yet-valid",
    10: "certificate-expired",
    62: "certificate-name",
    64: "certificate-name",
}
"""OpenSSL's verify codes (x509_vfy.h); all others mean that the chain does not end in a trusted authority."""


def named(error: BaseException, proxied: bool) -> HttpError:
    """What an error of requests, urllib3, ssl or the system means. Quotes none of their texts: those hold addresses.

    In: `proxied`, whether the request went over a proxy, whose failures look like the server's own otherwise.
    """
    chain = list(_chain(error))
    if own := next((each for each in chain if isinstance(each, HttpError)), None):
        return own
    names = {type(each).__name__ for each in chain}
    if proxied and (found := _proxy_trouble(chain, names)):
        return found
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            code = getattr(each, "verify_code", 0)
            said = clean(str(getattr(each, "verify_message", "")), 200)
            return HttpError(_CERTIFICATE.get(code, "certificate-untrusted"), said)
    if any(isinstance(each, ssl.SSLError) for each in chain) or "SSLError" in names:
        return HttpError("tls", "the two sides could not agree on a secure connection")
    return HttpError(_network_trouble(chain, names))


def _proxy_trouble(chain: list[BaseException], names: set[str]) -> HttpError | None:
    for each in chain:
        refused = (
            re.match(r"Tunnel connection failed: (\d{3})", str(each)) if isinstance(each, OSError) else None
        )
        if refused:
            status = refused[1]
            return HttpError(
                "proxy-login" if status == "407" else "proxy-refused", f"the proxy answered {status}"
            )
    if names & {"InvalidProxyURL", "ProxySchemeUnknown", "LocationParseError", "InvalidSchema"}:
        return HttpError("proxy-unsupported", "the proxy's address is of a kind that is not supported")
    if "ProxyError" in names:
        return HttpError("proxy-unreachable", "no connection to the proxy")
    return None


def _network_trouble(chain: list[BaseException], names: set[str]) -> str:
    if any(isinstance(each, socket.gaierror) and each.errno == socket.EAI_AGAIN for each in chain):
        return "unreachable"  # no name server answered, so the name may be right
    if any(isinstance(each, socket.gaierror) for each in chain) or "NameResolutionError" in names:
        return "dns"
    if any(isinstance(each, ConnectionRefusedError) for each in chain):
        return "refused"
    lost = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
    if any(isinstance(each, OSError) and each.errno in lost for each in chain):
        return "unreachable"
    if any(isinstance(each, TimeoutError) for each in chain) or names & {
        "ConnectTimeout",
        "ReadTimeout",
        "ConnectTimeoutError",
        "ReadTimeoutError",
    }:
        return "timeout"
    if names & {"InvalidHeader", "InvalidURL", "UnicodeEncodeError", "UnicodeError"}:
        return "unsendable"
    closing = {
        "RemoteDisconnected",
        "IncompleteRead",
        "ProtocolError",
        "ChunkedEncodingError",
        "BadStatusLine",
    }
    if any(isinstance(each, ConnectionError) for each in chain) or names & closing:
        return "closed"
    return "other"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error with all that led to it: causes, contexts, urllib3's `reason`, errors among the arguments."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        more = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [each for each in more if isinstance(each, BaseException)]
