"""Asks a server at an address who it is, as its client would: one `initialize`, and what the answer means.

Sources: the transport pages of the protocol's versions 2024-11-05 (HTTP with SSE), 2025-03-26 to 2025-11-25
(streamable HTTP) and 2026-07-28 (no handshake, `server/discover`).
"""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from diagnostics.oauth.challenge import Challenge, bearer, challenges
from diagnostics.oauth.well_known import origin
from diagnostics.providers.http import HttpError, Reply, Request, ask
from diagnostics.secret import Secret
from diagnostics.servers import event_stream, mcp_protocol
from diagnostics.servers.mcp_protocol import Era
from diagnostics.text import clean

SECONDS = 15.0
_LARGEST = 1024 * 1024
_MOST_PAGES = 10
_ACCEPT = "application/json, text/event-stream"
_GOODBYE = 2.0
"""Seconds for telling the server that its session is over."""


class RemoteOutcome(StrEnum):
    """What the address answered."""

    ANSWERED = "answered"
    LOGIN = "login"
    """401, or 403 with a challenge: it wants a credential, or another one."""
    FORBIDDEN = "forbidden"
    HOST_REFUSED = "host-refused"
    """It refuses the Host or Origin of the request."""
    NOT_FOUND = "not-found"
    """No MCP server at this path."""
    OTHER_TRANSPORT = "other-transport"
    """It speaks the transport that the entry does not name."""
    SESSION = "session"
    """It wants a session before there can be one."""
    REFUSED = "refused"
    """A protocol error to the first question of either era."""
    RATE_LIMITED = "rate-limited"
    OUTAGE = "outage"
    PAGE = "page"
    """A page for people: a login portal, a web site."""
    REDIRECTED = "redirected"
    UNCLEAR = "unclear"
    NO_ANSWER = "no-answer"
    """Nobody was reached; `trouble` says why."""


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """What one asking showed. `said` and the names are the server's text: clean and scrub before showing."""

    outcome: RemoteOutcome
    status: int = 0
    trouble: str = ""
    """For NO_ANSWER: one of `http_error.TROUBLES`."""
    said: str = ""
    name: str = ""
    version: str = ""
    protocol: str = ""
    transport: str = "http"
    """`http` or `sse`: what it speaks."""
    challenge: Challenge | None = None
    """The bearer challenge, where there is one."""
    schemes: tuple[str, ...] = ()
    """Every scheme that it takes, as its challenges say."""
    elsewhere: str = ""
    """Another address that would do: a near miss of the path, a redirect's target on the same host."""
    target: str = ""
    """For REDIRECTED: the host."""
    tools: int | None = None
    tools_error: str = ""
    sent_secrets: bool = False
    skew: float | None = None
    seconds: float = 0.0

    @property
    def resource_metadata(self) -> str:
        """Where its challenge says that the metadata are, "" = it does not say."""
        return self.challenge.params.get("resource_metadata", "") if self.challenge else ""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that its challenge asks for."""
        return tuple((self.challenge.params.get("scope", "") if self.challenge else "").split())


@dataclass(frozen=True, slots=True)
class _Asked:
    env: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, Secret] = field(repr=False)
    plain: Mapping[str, str] = field(repr=False)
    ends: float
    list_tools: bool


def probe(
    url: str,
    env: Mapping[str, str],
    *,
    transport: str = "http",
    secrets: Mapping[str, Secret] | None = None,
    headers: Mapping[str, str] | None = None,
    list_tools: bool = False,
    seconds: float = SECONDS,
) -> RemoteAnswer:
    """Asks the address once and, where it does not fit, its near misses. Never raises for what it meets.

    In: the transport that the entry names; `secrets`, headers with credentials: they go to this address alone, over
    https (or on this machine), and to no near miss; `headers` without any. Out: a RemoteAnswer.
    """
    began = time.monotonic()
    asked = _Asked(env, secrets or {}, headers or {}, began + seconds, list_tools)
    found = _sse(url, asked) if transport == "sse" else _http(url, asked)
    if found.outcome in {RemoteOutcome.NOT_FOUND, RemoteOutcome.OTHER_TRANSPORT} or (
        transport == "sse" and found.outcome in {RemoteOutcome.UNCLEAR, RemoteOutcome.REFUSED}
    ):
        found = _instead(url, transport, found, asked)
    return replace(found, sent_secrets=bool(asked.secrets), seconds=time.monotonic() - began)


def _http(url: str, asked: _Asked) -> RemoteAnswer:
    reply = _post(url, mcp_protocol.first_question(Era.HANDSHAKE, 1), asked)
    if isinstance(reply, RemoteAnswer):
        return reply
    message = _message(reply, 1)
    who = mcp_protocol.introduction(Era.HANDSHAKE, message.get("result")) if message else None
    if who is not None:
        answer = _answered(who, reply)
        return _after(url, reply, answer, asked)
    first = _meaning(url, reply, message)
    if first.outcome not in {RemoteOutcome.REFUSED, RemoteOutcome.SESSION}:
        return first
    modern = _stateless(url, asked)
    return modern if modern is not None else first


def _stateless(url: str, asked: _Asked) -> RemoteAnswer | None:
    """The question of 2026-07-28, None where that brings no introduction either."""
    reply = _post(
        url, mcp_protocol.first_question(Era.STATELESS, 1), asked, _stateless_headers("server/discover")
    )
    if isinstance(reply, RemoteAnswer):
        return None
    message = _message(reply, 1)
    who = mcp_protocol.introduction(Era.STATELESS, message.get("result")) if message else None
    if who is None:
        return None
    answer = _answered(who, reply)
    if not asked.list_tools:
        return answer
    tools, error = _tools(url, Era.STATELESS, _stateless_headers("tools/list"), asked)
    return replace(answer, tools=tools, tools_error=error)


def _stateless_headers(method: str) -> dict[str, str]:
    return {"MCP-Protocol-Version": mcp_protocol.STATELESS_VERSION, "Mcp-Method": method}


def _answered(who: mcp_protocol.Introduction, reply: Reply) -> RemoteAnswer:
    return RemoteAnswer(
        RemoteOutcome.ANSWERED,
        reply.status,
        name=who.name,
        version=who.version,
        protocol=who.protocol,
        skew=reply.skew,
    )


def _after(url: str, reply: Reply, answer: RemoteAnswer, asked: _Asked) -> RemoteAnswer:
    """Lists the tools where asked to, and ends the session that the server may have opened for us."""
    session = reply.headers.get("mcp-session-id", "")
    more = {"MCP-Protocol-Version": answer.protocol} if re.fullmatch(r"[\x21-\x7e]+", answer.protocol) else {}
    if re.fullmatch(r"[\x21-\x7e]{1,1024}", session):
        more["Mcp-Session-Id"] = session
    if asked.list_tools:
        _post(url, mcp_protocol.initialized(), asked, more)
        tools, error = _tools(url, Era.HANDSHAKE, more, asked)
        answer = replace(answer, tools=tools, tools_error=error)
    if "Mcp-Session-Id" in more:
        with suppress(HttpError):
            request = Request("DELETE", url, headers={**asked.plain, **more}, more_secrets=asked.secrets)
            ask(request, asked.env, _GOODBYE, 1024)
    return answer


def _tools(url: str, era: Era, headers: Mapping[str, str], asked: _Asked) -> tuple[int | None, str]:
    count, cursor = 0, None
    for page in range(_MOST_PAGES):
        reply = _post(url, mcp_protocol.list_tools(era, 2 + page, cursor), asked, headers)
        if isinstance(reply, RemoteAnswer):
            return None, reply.said
        message = _message(reply, 2 + page)
        if message is None:
            return None, f"HTTP {reply.status}"
        listed = message.get("result")
        if not isinstance(listed, dict) or not isinstance(listed.get("tools"), list):
            return None, mcp_protocol.error_text(message.get("error")) if "error" in message else ""
        count += len(listed["tools"])
        cursor = listed.get("nextCursor")
        if not isinstance(cursor, str) or not cursor or len(cursor) > 4096:
            break
    return count, ""


def _post(
    url: str, message: Mapping[str, Any], asked: _Asked, headers: Mapping[str, str] | None = None
) -> Reply | RemoteAnswer:
    number = message.get("id", 0)
    request = Request(
        "POST",
        url,
        headers={**asked.plain, "Accept": _ACCEPT, "Content-Type": "application/json", **(headers or {})},
        body=json.dumps(message, separators=(",", ":")),
        more_secrets=asked.secrets,
    )
    return _send(request, asked, lambda raw: event_stream.answer(raw, number) is not None)


def _send(request: Request, asked: _Asked, enough: Any) -> Reply | RemoteAnswer:
    left = asked.ends - time.monotonic()
    if left <= 0:
        return RemoteAnswer(RemoteOutcome.NO_ANSWER, trouble="timeout")
    try:
        return ask(request, asked.env, left, _LARGEST, enough)
    except HttpError as error:
        return RemoteAnswer(RemoteOutcome.NO_ANSWER, trouble=error.trouble, said=error.said)


def _message(reply: Reply, number: int) -> Mapping[str, Any] | None:
    """The JSON-RPC answer in a reply, whatever its status: errors come with 400 as well."""
    if "text/event-stream" in reply.headers.get("content-type", "").lower():
        return event_stream.answer(reply.body, number)
    line = mcp_protocol.read_line(reply.body)
    found = [each for each in line.messages if "result" in each or "error" in each]
    return next((each for each in found if each.get("id") in (number, None)), None)


def _meaning(url: str, reply: Reply, message: Mapping[str, Any] | None) -> RemoteAnswer:
    """What an answer without an introduction means."""
    header = reply.headers.get("www-authenticate", "")
    said = mcp_protocol.error_text(message.get("error")) if message and "error" in message else _text(reply)
    blank = RemoteAnswer(
        RemoteOutcome.UNCLEAR,
        reply.status,
        said=said,
        challenge=bearer(header),
        schemes=tuple(dict.fromkeys(each.scheme for each in challenges(header))),
        skew=reply.skew,
    )
    status, is_page = reply.status, "html" in reply.headers.get("content-type", "").lower()
    if status == 401 or (status == 403 and blank.challenge is not None):
        return replace(blank, outcome=RemoteOutcome.LOGIN)
    if status == 429:
        return replace(blank, outcome=RemoteOutcome.RATE_LIMITED)
    if status >= 500:
        return replace(blank, outcome=RemoteOutcome.OUTAGE)
    if 300 <= status < 400:
        return _redirected(url, reply, blank)
    if status == 421 or (status in {400, 403} and re.search(r"\b(?:host|origin)\b", said, re.IGNORECASE)):
        return replace(blank, outcome=RemoteOutcome.HOST_REFUSED)
    if status == 403:
        return replace(blank, outcome=RemoteOutcome.PAGE if is_page else RemoteOutcome.FORBIDDEN)
    if status in {404, 405, 410}:
        return replace(blank, outcome=RemoteOutcome.NOT_FOUND)
    if is_page:
        return replace(blank, outcome=RemoteOutcome.PAGE)
    if status == 400 and re.search(r"session", said, re.IGNORECASE):
        return replace(blank, outcome=RemoteOutcome.SESSION)
    if message is not None or 400 <= status < 500:
        return replace(blank, outcome=RemoteOutcome.REFUSED)
    return blank


def _redirected(url: str, reply: Reply, blank: RemoteAnswer) -> RemoteAnswer:
    target = _without_query(urljoin_or_empty(url, reply.headers.get("location", "")))
    same = bool(target) and urlsplit(target).hostname == urlsplit(url).hostname
    return replace(
        blank,
        outcome=RemoteOutcome.REDIRECTED,
        target=clean(urlsplit(target).hostname or "an address that makes no sense", 120),
        elsewhere=target if same else "",
    )


def _sse(url: str, asked: _Asked) -> RemoteAnswer:
    """The transport of 2024-11-05: a GET opens a stream, whose first event says where messages go."""
    request = Request(
        "GET", url, headers={**asked.plain, "Accept": "text/event-stream"}, more_secrets=asked.secrets
    )
    reply = _send(request, asked, lambda raw: bool(event_stream.endpoint(raw)))
    if isinstance(reply, RemoteAnswer):
        return reply
    where = event_stream.endpoint(reply.body)
    if reply.status == 200 and where:
        return RemoteAnswer(
            RemoteOutcome.ANSWERED, 200, protocol="2024-11-05", transport="sse", skew=reply.skew
        )
    return _meaning(url, reply, None)


def _instead(url: str, transport: str, found: RemoteAnswer, asked: _Asked) -> RemoteAnswer:
    """Whether the other transport, or a path nearby, is what was meant. Asked without a credential."""
    bare = replace(asked, secrets={}, list_tools=False)
    other = _http(url, bare) if transport == "sse" else _sse(url, bare)
    if other.outcome is RemoteOutcome.ANSWERED:
        return replace(
            other, outcome=RemoteOutcome.OTHER_TRANSPORT, transport="http" if transport == "sse" else "sse"
        )
    if found.outcome is not RemoteOutcome.NOT_FOUND:
        return found
    for near in near_misses(url):
        for ask_it, kind in ((_http, "http"), (_sse, "sse")) if near.endswith("/sse") else ((_http, "http"),):
            there = ask_it(near, bare)
            if there.outcome in {RemoteOutcome.ANSWERED, RemoteOutcome.LOGIN}:
                return replace(found, elsewhere=near, transport=kind)
    return found


def near_misses(url: str) -> list[str]:
    """Addresses on the same host that people mean when they write this one."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if path.endswith("/mcp"):
        tries = [f"{path}/" if parts.path == path else path, path.removesuffix("/mcp") or "/", f"{path}/sse"]
    elif path.endswith("/sse"):
        tries = [f"{path.removesuffix('/sse')}/mcp", path.removesuffix("/sse") or "/"]
    else:
        tries = [f"{path}/mcp", f"{path}/sse", path if parts.path != path else f"{path}/"]
    seen = dict.fromkeys(each for each in tries if each and each != (parts.path or "/"))
    return [urlunsplit(SplitResult(parts.scheme, parts.netloc, each, parts.query, "")) for each in seen]


def urljoin_or_empty(base: str, target: str) -> str:
    """`target` as seen from `base`, "" where it makes no sense."""
    try:
        joined = urljoin(base, target) if target else ""
    except ValueError:
        return ""
    return joined if origin(joined) else ""


def _without_query(url: str) -> str:
    return url.partition("?")[0].partition("#")[0]


def _text(reply: Reply) -> str:
    """The beginning of a body that is meant to be read, "" for a page."""
    kind = reply.headers.get("content-type", "").lower()
    if "html" in kind:
        return ""
    text = reply.body[:2000].decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        found = json.loads(reply.body)
        if isinstance(found, dict):
            parts = [found.get(name) for name in ("error", "error_description", "message", "detail")]
            text = ": ".join(each for each in parts if isinstance(each, str)) or text
    return text
