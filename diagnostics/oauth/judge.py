"""What a server's documents promise about logging in, point by point. Pure: documents in, points out.

Sources: MCP authorization (2025-11-25, 2026-07-28), RFC 9728 (resource), 8414 (server), 7636 (PKCE), 7591
(registration), 8707 (resource indicators), 8628 (device flow), 9207 (issuer in the answer).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from diagnostics.model import Status
from diagnostics.oauth.discovery import Discovery
from diagnostics.oauth.well_known import covers, is_secure, origin
from diagnostics.text import clean, listed

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_MOST_NAMED = 6
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a login rests on, or that is promised.

    `status`: ok (it is there), fail (a login can't work), warn (some clients will fail), skip (not offered, and not
    needed), unknown (the documents don't tell).
    """

    name: str
    status: Status
    outcome: str = ""
    """What is wrong, as a name of the wording catalogue; "" where nothing is."""
    why: str = ""
    """What the documents say, safe to show."""

    @property
    def line(self) -> str:
        """The point in one line, for evidence."""
        word = {
            Status.OK: "yes",
            Status.SKIP: "not offered",
            Status.UNKNOWN: "not told",
            Status.WARN: "doubtful",
            Status.FAIL: "no",
        }[self.status]
        return f"{self.name}: {word}" + (f" ({self.why})" if self.why else "")


def judge_discovery(found: Discovery, wanted: Sequence[str] = ()) -> list[Point]:
    """`judge` for what a discovery found. In: `wanted`, the scopes that the server's own answer asked for."""
    return judge(
        found.resource or None,
        found.metadata or None,
        server=found.server,
        issuer=found.issuer,
        wanted=wanted,
    )


def judge(
    resource_metadata: Json | None,
    as_metadata: Json | None,
    *,
    server: str = "",
    issuer: str = "",
    wanted: Sequence[str] = (),
) -> list[Point]:
    """The points, in the order of a login.

    In: the two documents as they came, None = there is none; `server`, the address that the client uses ("" = not
    compared); `issuer`, the name that the resource gives its authorization server; `wanted` scopes.
    """
    points = [*_resource(resource_metadata, server)]
    if as_metadata is None:
        return [
            *points,
            Point("authorization server metadata", Status.FAIL, "no-server-metadata", _host(issuer)),
        ]
    points.append(Point("authorization server metadata", Status.OK, why=_host(issuer)))
    points += [
        _issuer(as_metadata, issuer),
        *_endpoints(as_metadata),
        _grant(as_metadata),
        _pkce(as_metadata),
        _registration(as_metadata),
        _auth_methods(as_metadata),
        _resource_indicators(as_metadata, resource_metadata, server),
        _refresh(as_metadata),
        _device(as_metadata),
        _issuer_in_answer(as_metadata),
    ]
    scopes = _scopes(resource_metadata, as_metadata, wanted)
    return [*points, scopes] if scopes else points


def _resource(document: Json | None, server: str) -> Iterator[Point]:
    if document is None:
        yield Point("resource metadata", Status.WARN, "no-resource-metadata")
        return
    yield Point("resource metadata", Status.OK)
    identifier = document.get("resource")
    if not isinstance(identifier, str) or not identifier:
        yield Point("resource identifier", Status.FAIL, "resource-mismatch", "it names no resource")
    elif server and not covers(identifier, server):
        why = f"it names {clean(identifier, 120)}"
        yield Point("resource identifier", Status.FAIL, "resource-mismatch", why)
    else:
        yield Point("resource identifier", Status.OK, why=clean(identifier, 120))
    listed = _texts(document, "authorization_servers")
    if not listed:
        yield Point("authorization servers", Status.FAIL, "no-authorization-server", "none is named")
    elif not is_secure(listed[0]):
        yield Point("authorization servers", Status.FAIL, "insecure-endpoint", clean(listed[0], 120))
    else:
        yield Point("authorization servers", Status.OK, why=_named(map(_host, listed)))
    methods = _texts(document, "bearer_methods_supported")
    if methods is not None and "header" not in methods:
        yield Point("token in the header", Status.WARN, "no-header-method", _named(methods))


def _issuer(document: Json, issuer: str) -> Point:
    said = document.get("issuer")
    if not isinstance(said, str) or not said:
        return Point("issuer", Status.FAIL, "issuer-mismatch", "the document names none")
    if not issuer or said == issuer:
        return Point("issuer", Status.OK, why=clean(said, 120))
    why = f"{clean(said, 120)}, not {clean(issuer, 120)}"
    if said.rstrip("/") == issuer.rstrip("/"):
        return Point("issuer", Status.WARN, "issuer-slash", why)
    return Point("issuer", Status.FAIL, "issuer-mismatch", why)


def _endpoints(document: Json) -> Iterator[Point]:
    grants = _texts(document, "grant_types_supported")
    needed = ["token_endpoint"]
    if grants is None or "authorization_code" in grants:
        needed.insert(0, "authorization_endpoint")
    for name in needed:
        if not isinstance(document.get(name), str):
            yield Point(name.replace("_", " "), Status.FAIL, "no-endpoint", "it is not named")
    found = {name: value for name, value in document.items() if name.endswith("_endpoint")}
    insecure = [name for name, value in found.items() if isinstance(value, str) and not is_secure(value)]
    if insecure:
        yield Point("endpoints over https", Status.FAIL, "insecure-endpoint", _named(insecure))
    elif all(isinstance(document.get(name), str) for name in needed):
        hosts = sorted({_host(value) for value in found.values() if isinstance(value, str)})
        yield Point("endpoints over https", Status.OK, why=_named(hosts))


def _grant(document: Json) -> Point:
    grants = _texts(document, "grant_types_supported")
    if grants is None or "authorization_code" in grants:
        return Point("authorization code", Status.OK)
    if DEVICE_GRANT in grants or isinstance(document.get("device_authorization_endpoint"), str):
        return Point("authorization code", Status.WARN, "no-code-grant", _named(grants))
    return Point("authorization code", Status.FAIL, "no-code-grant", _named(grants))


def _pkce(document: Json) -> Point:
    methods = _texts(document, "code_challenge_methods_supported")
    if methods is None:
        return Point("PKCE with S256", Status.FAIL, "no-pkce", "code_challenge_methods_supported is missing")
    if "S256" not in methods:
        return Point("PKCE with S256", Status.FAIL, "no-pkce", f"only {_named(methods) or 'nothing'}")
    return Point("PKCE with S256", Status.OK)


def _registration(document: Json) -> Point:
    ways = []
    if isinstance(document.get("registration_endpoint"), str):
        ways.append("dynamic client registration")
    if document.get("client_id_metadata_document_supported") is True:
        ways.append("client ID metadata documents")
    if ways:
        return Point("client registration", Status.OK, why=_named(ways))
    return Point("client registration", Status.WARN, "no-registration", "a client id has to be configured")


def _auth_methods(document: Json) -> Point:
    methods = _texts(document, "token_endpoint_auth_methods_supported")
    if methods is None:
        return Point("client authentication", Status.UNKNOWN, why="client_secret_basic is assumed")
    if "none" in methods:
        return Point("client authentication", Status.OK, why="public clients are taken")
    if {"client_secret_basic", "client_secret_post"} & set(methods):
        return Point("client authentication", Status.OK, why="with a client secret")
    return Point("client authentication", Status.WARN, "no-client-method", _named(methods))


def _resource_indicators(document: Json, resource: Json | None, server: str) -> Point:
    """RFC 8707 has no field of its own; RFC 9728 section 4 lets the authorization server list its resources."""
    for name in ("resource_indicators_supported", "resource_parameter_supported"):
        if isinstance(document.get(name), bool):
            told = document[name]
            return Point("resource indicators", Status.OK if told else Status.SKIP, why=name)
    listed = _texts(document, "protected_resources")
    if listed is None:
        return Point("resource indicators", Status.UNKNOWN, why="shows at the login")
    mine = (resource or {}).get("resource")
    if (isinstance(mine, str) and mine in listed) or any(covers(each, server) for each in listed):
        return Point("resource indicators", Status.OK, why="the authorization server lists this one")
    return Point("resource indicators", Status.WARN, "resource-not-listed", _named(map(_host, listed)))


def _refresh(document: Json) -> Point:
    grants = _texts(document, "grant_types_supported")
    if grants is None:
        return Point("refresh tokens", Status.UNKNOWN, why="grant_types_supported is missing")
    return Point("refresh tokens", Status.OK if "refresh_token" in grants else Status.SKIP)


def _device(document: Json) -> Point:
    endpoint = document.get("device_authorization_endpoint")
    if isinstance(endpoint, str) and is_secure(endpoint):
        return Point("device flow", Status.OK)
    return Point("device flow", Status.SKIP)


def _issuer_in_answer(document: Json) -> Point:
    told = document.get("authorization_response_iss_parameter_supported") is True
    return Point("issuer in the answer", Status.OK if told else Status.SKIP)


def _scopes(resource: Json | None, document: Json, wanted: Sequence[str]) -> Point | None:
    asked = list(dict.fromkeys(wanted)) or _texts(resource or {}, "scopes_supported")
    known = _texts(document, "scopes_supported")
    if not asked:
        return None
    unknown = [each for each in asked if known is not None and each not in known]
    if unknown:
        return Point("scopes", Status.WARN, "scopes-unknown", _named(unknown))
    return Point("scopes", Status.OK, why=_named(asked))


def _texts(document: Json, name: str) -> list[str] | None:
    """A list of texts, None where the field is missing or something else."""
    found = document.get(name)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else None


def _named(names: Any) -> str:
    return listed([clean(str(each), 80) for each in names], _MOST_NAMED)


def _host(url: str) -> str:
    try:
        return clean(urlsplit(url).netloc if origin(url) else url, 120)
    except ValueError:
        return clean(url, 120)
