"""What a server will be refused because its token lacks a scope."""

from collections.abc import Iterable

from diagnostics.catalog.scopes import Need, needs_of, with_implied
from diagnostics.catalog.servers import known_server
from diagnostics.model import Server


def needs(server: Server, family: str) -> tuple[Need, ...]:
    """What the server needs of this provider's scopes, as it is configured; () where nothing is known."""
    found = known_server(server.command or "", [each.reveal() for each in server.args])
    if found is None:
        return ()
    return tuple(each for each in needs_of(found.id, family) if not set(each.unless) & set(server.env))


def missing(wanted: Iterable[Need], scopes: Iterable[str], family: str) -> tuple[Need, ...]:
    """Those that a token with these scopes does not meet."""
    held = with_implied(scopes, family)
    return tuple(each for each in wanted if not held & set(each.any))


def beyond(wanted: Iterable[Need], scopes: Iterable[str], family: str) -> tuple[str, ...]:
    """The scopes of a token that the server has no use for; () where its needs are not known.

    One that a needed one brings with it anyway is not counted, and neither is one that stands in for a needed one.
    """
    needed = with_implied((scope for each in wanted for scope in each.any), family)
    return tuple(each for each in scopes if each not in needed) if needed else ()
