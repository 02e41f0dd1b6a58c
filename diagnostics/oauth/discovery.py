"""Finds out, as a client would, where one logs in for a remote server: RFC 9728, then RFC 8414 or OpenID."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from diagnostics.deadline import DeadlineError, call_within
from diagnostics.host import Host
from diagnostics.oauth.document import Document, fetch
from diagnostics.oauth.well_known import origin, resource_urls, server_urls
from diagnostics.providers.proxy import Reach, is_loopback, is_within, proxy_for

SECONDS = 20.0
_MOST_ISSUERS = 3
_A_DOCUMENT = 6.0
"""Seconds for one of the documents."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a server and its authorization server say about logging in. Texts in it are theirs: clean before showing."""

    server: str
    """The address asked about."""
    resource: Mapping[str, Any] = field(default_factory=dict)
    """The protected resource's metadata, empty where there are none."""
    resource_url: str = ""
    """Where they were found, "" = nowhere."""
    named_by_header: bool = False
    """Whether the server's own answer said where they are."""
    issuers: tuple[str, ...] = ()
    """The authorization servers that the resource names."""
    issuer: str = ""
    """The one that was asked about: the first with metadata, or the server's own origin where none is named."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The authorization server's metadata, empty where there are none."""
    metadata_url: str = ""
    tried: tuple[Document, ...] = ()
    """Every document that was asked for, in order."""

    @property
    def is_offered(self) -> bool:
        """Whether anything speaks of a login at all."""
        return bool(self.resource or self.metadata)

    @property
    def is_certain(self) -> bool:
        """Whether what is missing is missing for sure: somebody was reached, and answered, at every address."""
        return all(each.is_answer for each in self.tried)


def discover(url: str, host: Host, resource_metadata: str = "", seconds: float = SECONDS) -> Discovery:
    """What there is to know before a login. Sends nothing but GET requests without a credential; never raises.

    In: the server's address; `resource_metadata`, the address that its WWW-Authenticate header names. That is a
    stranger's text: it is followed over https only, never into this machine or its network, unless the server itself
    stands there. Out: a Discovery, as far as one got within `seconds`.
    """
    bare = origin(url) + urlsplit(url).path
    walk = _Walk(host, reach_from(bare, host), bare, time.monotonic() + seconds)
    resource = walk.first([resource_metadata] if resource_metadata else [])
    named = resource is not None
    if resource is None:
        resource = walk.first(resource_urls(bare))
    content = resource.content if resource else {}
    listed = content.get("authorization_servers")
    texts = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    issuers = tuple(dict.fromkeys(texts))[:_MOST_ISSUERS]
    issuer, metadata = "", None
    for one in issuers or (origin(bare),):
        issuer = issuer or one
        metadata = walk.first(_server_urls(one))
        if metadata is not None:
            issuer = one
            break
    return Discovery(
        server=bare,
        resource=content,
        resource_url=resource.url if resource else "",
        named_by_header=named,
        issuers=issuers,
        issuer=issuer,
        metadata=metadata.content if metadata else {},
        metadata_url=metadata.url if metadata else "",
        tried=tuple(walk.tried),
    )


class _Walk:
    """The attempts of one discovery, within one limit of time."""

    def __init__(self, host: Host, reach: Reach, server: str, ends: float) -> None:
        self._host = host
        self._reach = reach
        self._server = server
        self._ends = ends
        self.tried: list[Document] = []

    def first(self, urls: list[str]) -> Document | None:
        """The first of these addresses that has a document."""
        for url in urls:
            left = self._ends - time.monotonic()
            if left <= 0:
                self.tried.append(Document(url, "timeout"))
                return None
            reach = Reach.ANYWHERE if origin(url) == origin(self._server) else self._reach
            found = fetch(url, self._host.env, min(_A_DOCUMENT, left), reach)
            self.tried.append(found)
            if found.outcome == "found":
                return found
        return None


def _server_urls(issuer: str) -> list[str]:
    return server_urls(issuer) if origin(issuer) else [issuer]


def reach_from(server: str, host: Host) -> Reach:
    """How far a server may send us: one on this machine anywhere, one in this network within it."""
    name = urlsplit(server).hostname or ""
    if is_loopback(name):
        return Reach.ANYWHERE
    if not is_within(name, Reach.PUBLIC):
        return Reach.NETWORK
    if proxy_for(server, host.env):
        return Reach.PUBLIC
    return Reach.PUBLIC if all(is_within(each, Reach.PUBLIC) for each in _addresses(name)) else Reach.NETWORK


def _addresses(name: str) -> list[str]:
    import socket

    try:
        found = call_within(3.0, lambda: socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError, DeadlineError):
        return []
    return [str(each[4][0]) for each in found]
