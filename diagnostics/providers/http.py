"""One HTTPS request that never hangs, never follows, never retries, and whose failures have names.

Built on requests, with everything ambient shut off: no ~/.netrc (it would replace the header), proxies and
certificate authorities from the given environment only, no redirect, no logging.
"""

import email.utils
import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

import diagnostics
from diagnostics.deadline import DeadlineError, call_within
from diagnostics.providers.http_error import TROUBLES, HttpError, named
from diagnostics.providers.proxy import Reach, authorities, is_loopback, is_within, proxy_for
from diagnostics.secret import Secret
from diagnostics.text import clean

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

__all__ = ["TROUBLES", "HttpError", "Reply", "Request", "ask", "is_sendable", "session_for", "user_agent"]

_CONNECT_SECONDS = 5.0
_one_reads = threading.Lock()


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. The secret goes into one header, and nowhere else."""

    method: str
    url: str
    secret: Secret | None = None
    """None where the question is asked without a credential."""
    secret_header: str = ""
    scheme: str = ""
    """Word before the secret (`Bearer`), "" = it stands alone."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    more_secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    """Further headers whose whole value is a secret."""
    secret_url: Secret | None = field(default=None, repr=False)
    """What is asked for in truth, where the credential is part of the address; `url` is that without it."""
    secret_body: Secret | None = field(default=None, repr=False)
    """The body, where the credential is part of it."""
    reach: Reach = Reach.ANYWHERE
    """How far into this machine and its network the address may lead: it may be somebody else's text."""

    @property
    def is_bare(self) -> bool:
        """Whether it carries no secret, so that it may go over http as well."""
        return self.secret is None and not (self.more_secrets or self.secret_url or self.secret_body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. The body is raw, and cut at the limit."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)
    cut: bool = False
    """Whether the body was longer."""
    skew: float | None = None
    """Seconds that the server's clock is ahead of ours, None where it did not tell. Good to about a second."""


def ask(
    request: Request,
    env: Mapping[str, str],
    seconds: float,
    limit: int = 65536,
    enough: Callable[[bytes], bool] | None = None,
) -> Reply:
    """Sends the request once and reads the answer up to `limit` bytes, all within `seconds`.

    In: `enough`, told what was read so far, ends the reading of an answer that has no end of its own (a stream).

    Raises:
        HttpError: no answer; `trouble` says why.
    """
    _check(request)
    try:
        return call_within(seconds, lambda: _ask(request, env, seconds, limit, enough))
    except DeadlineError:
        raise HttpError("timeout", f"no full answer within {seconds:g} seconds") from None


def is_sendable(secret: Secret) -> bool:
    """Whether the value may stand in a header: printable ASCII, no blank at its ends, not empty."""
    return bool(re.fullmatch(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", secret.reveal()))


def user_agent() -> str:
    """How the doctor introduces itself."""
    return f"mcp-doctor/{diagnostics.__version__}"


def _check(request: Request) -> None:
    secrets = [*([request.secret] if request.secret is not None else []), *request.more_secrets.values()]
    if not all(map(is_sendable, secrets)):
        raise HttpError("unsendable", "the value has characters that no header can carry")
    parts = _parts(request.url)
    plain = parts.scheme == "http" and (request.is_bare or is_loopback(parts.hostname or ""))
    if parts.scheme != "https" and not plain:
        raise HttpError("not-https", "a token is sent over https only")
    if not is_within(parts.hostname or "", request.reach):
        raise HttpError("private-address", "the address is one of this computer or its network")
    if request.secret_url is not None and _origin(request.secret_url.reveal()) != _origin(request.url):
        raise HttpError("not-https", "the credential must not change where the request goes")
    if parts.username or parts.password:
        raise HttpError("not-https", "the address must not hold a user name or password")


def _origin(url: str) -> tuple[str, str]:
    parts = _parts(url)
    return parts.scheme, parts.netloc


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise HttpError("unsendable", "the address makes no sense") from None
    if not parts.hostname:
        raise HttpError("unsendable", "the address names no host")
    return parts


def _ask(
    request: Request,
    env: Mapping[str, str],
    seconds: float,
    limit: int,
    enough: Callable[[bytes], bool] | None,
) -> Reply:
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    ends = time.monotonic() + seconds
    proxy = proxy_for(request.url, env)
    with session_for(env, request.reach) as session:
        began = time.time()
        try:
            response = session.request(
                request.method,
                request.url,
                headers={"User-Agent": user_agent(), "Accept-Encoding": "identity", **request.headers},
                data=_sent_body(request),
                auth=_authorization(request),
                proxies={"http": proxy, "https": proxy} if proxy else {},
                timeout=(min(_CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,
                stream=True,
            )
            middle = (began + time.time()) / 2
            body, cut = _body(response, ends, limit, enough)
        except Exception as error:
            raise named(error, proxy is not None) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, body, cut, _skew(headers, middle))


def _body(
    response: "Response", ends: float, limit: int, enough: Callable[[bytes], bool] | None
) -> tuple[bytes, bool]:
    found = bytearray()
    for chunk in _chunks(response, at_once=enough is not None):
        found += chunk
        if enough is not None and enough(bytes(found)):
            response.close()
            return bytes(found[:limit]), False
        if len(found) > limit:
            response.close()
            return bytes(found[:limit]), True
        if time.monotonic() > ends:
            response.close()
            raise HttpError("timeout", "the answer came too slowly")
    return bytes(found), False


def _chunks(response: "Response", *, at_once: bool) -> Iterator[bytes]:
    """The body as it comes; `at_once` = without waiting until a whole chunk of our size is there."""
    raw = response.raw
    if not at_once or raw.chunked:
        yield from raw.stream(8192, decode_content=False)
        return
    while chunk := raw.read1(8192, decode_content=False):
        yield chunk


def _authorization(request: Request) -> Any:
    from requests.auth import AuthBase

    class Header(AuthBase):
        """Puts the secret in at the last moment; as an auth object it also keeps requests from looking for another."""

        def __call__(self, prepared: "PreparedRequest") -> "PreparedRequest":
            if request.secret is not None:
                value = request.secret.reveal()
                prepared.headers[request.secret_header] = (
                    f"{request.scheme} {value}" if request.scheme else value
                )
            for name, secret in request.more_secrets.items():
                prepared.headers[name] = secret.reveal()
            if request.secret_url is not None:
                prepared.url = request.secret_url.reveal()
            return prepared

    return Header()


def _sent_body(request: Request) -> bytes | None:
    return (request.secret_body.reveal() if request.secret_body else request.body).encode() or None


def session_for(env: Mapping[str, str], reach: Reach = Reach.ANYWHERE) -> "Session":
    """A session with everything ambient shut off, for this module and for libraries that build on requests.

    Raises:
        HttpError: `authorities-unreadable`.
    """
    import requests
    from requests.adapters import HTTPAdapter

    if reach is not Reach.ANYWHERE:
        from diagnostics.providers.guarded import guard

    context = _trust(env)

    class Adapter(HTTPAdapter):
        """Uses one TLS context for all requests: reading the authorities anew each time costs more than the rest."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, ssl_context=context, **kwargs)
            if reach is not Reach.ANYWHERE:
                guard(self.poolmanager, reach)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, ssl_context=context, **kwargs)

        def cert_verify(self, conn: Any, url: str, verify: object, cert: object) -> None:  # noqa: ARG002
            conn.cert_reqs = "CERT_REQUIRED"

    class Session(requests.Session):
        """Sees no redirect: requests would read the whole answer to prepare for the next address."""

        def get_redirect_target(self, resp: "Response") -> None:  # noqa: ARG002
            return None

    session = Session()
    session.trust_env = False
    session.mount("https://", Adapter(max_retries=0))
    session.mount("http://", Adapter(max_retries=0))
    return session


def _trust(env: Mapping[str, str]) -> ssl.SSLContext:
    import certifi

    named = authorities(env)
    if named is None:
        return _context_once(certifi.where(), 0.0)
    variable, path = named
    try:
        return _context_once(path, Path(path).stat().st_mtime)
    except (OSError, ssl.SSLError):
        said = f"{variable} names {clean(path, 200)}, which is no readable file of certificates"
        raise HttpError("authorities-unreadable", said) from None


def _context_once(path: str, modified: float) -> ssl.SSLContext:
    """The cache alone would let twenty threads that come at once read the authorities twenty times."""
    with _one_reads:
        return _context(path, modified)


@lru_cache(maxsize=8)
def _context(path: str, _modified: float) -> ssl.SSLContext:
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context()
    if Path(path).is_dir():
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)
    return context


def _skew(headers: Mapping[str, str], ours: float) -> float | None:
    with suppress(KeyError, ValueError, TypeError, OverflowError):
        age = headers.get("age", "0").strip()
        theirs = email.utils.parsedate_to_datetime(headers["date"]).timestamp()
        return theirs + (float(age) if age.isdigit() else 0.0) - ours
    return None
