"""The connection URLs of databases: whether a driver can read what stands there, and whether it says all."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, warn
from diagnostics.connections.form import WARNINGS, Form
from diagnostics.context import Context
from diagnostics.model import Server

if TYPE_CHECKING:
    from diagnostics.connections.flaw import Flaw

if TYPE_CHECKING:
    from diagnostics.connections.place import Place

_CAUSES = {
    Form.UNEXPANDED: "env_placeholder_not_expanded",
    Form.PLACEHOLDER: "credential_placeholder",
    Form.CLEAR_TEXT: "connection_unencrypted",
    Form.TLS_NEEDED: "connection_unencrypted",
    Form.UNVERIFIED: "connection_unencrypted",
    Form.CONTAINER: "connection_refused",
    Form.NO_PASSWORD: "credential_empty",
}
_SAID_BY_OTHERS = {Form.WHITESPACE, Form.QUOTED, Form.UNEXPANDED, Form.PLACEHOLDER}


@check(of=Server)
def connection_url(context: Context, server: Server) -> Iterator[Verdict]:
    """Are its connection URLs well-formed?"""
    from diagnostics.connections.place import places

    if server.disabled:
        return
    for place in places(context, server):
        yield _verdict(place)


def _verdict(place: "Place") -> Verdict:
    from diagnostics.connections.flaw import flaws

    connection = place.connection
    found = [
        each for each in flaws(place.text.reveal(), connection, place.setting) if not _is_said(place, each)
    ]
    facts = {
        "field": place.field,
        "kind": connection.kind.name,
        "kind_id": connection.kind.id,
        "shown": connection.shown,
    }
    evidence = [f"{place.field}: {connection.shown}"]
    if not found:
        return ok("well-formed", evidence=evidence, **facts)
    first = found[0]
    evidence += [f"also: {each.form}" + (f" ({each.said})" if each.said else "") for each in found[1:]]
    say = warn if first.form in WARNINGS else fail
    return say(
        str(first.form),
        _CAUSES.get(first.form, "connection_url_malformed"),
        evidence=evidence,
        said=first.said,
        expected=first.expected,
        **facts,
    )


def _is_said(place: "Place", flaw: "Flaw") -> bool:
    """Whether a check of the reference or of the kept value says the same."""
    if place.is_whole_reference and flaw.form in _SAID_BY_OTHERS:
        return True
    return place.has_stand_in and flaw.form is Form.PLACEHOLDER
