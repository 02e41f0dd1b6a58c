"""The promises, point by point: documents in, points out."""

from typing import Any

import pytest

from diagnostics.model import Status
from diagnostics.oauth.judge import DEVICE_GRANT, Point, judge
from diagnostics.oauth.well_known import covers, is_secure, origin, resource_urls, server_urls

SERVER = "https://mcp.example/mcp"
ISSUER = "https://login.example/tenant"
RESOURCE: dict[str, Any] = {
    "resource": SERVER,
    "authorization_servers": [ISSUER],
    "scopes_supported": ["read"],
    "bearer_methods_supported": ["header"],
}
METADATA: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example/authorize",
    "token_endpoint": "https://login.example/token",
    "registration_endpoint": "https://login.example/register",
    "device_authorization_endpoint": "https://login.example/device",
    "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
    "code_challenge_methods_supported": ["S256", "plain"],
    "token_endpoint_auth_methods_supported": ["none"],
    "scopes_supported": ["read", "offline_access"],
    "authorization_response_iss_parameter_supported": True,
    "protected_resources": [SERVER],
}


def points(resource: dict[str, Any] | None, metadata: dict[str, Any] | None, **more: Any) -> dict[str, Point]:
    more.setdefault("issuer", ISSUER)
    return {each.name: each for each in judge(resource, metadata, server=SERVER, **more)}


def test_a_server_that_keeps_every_promise() -> None:
    found = points(RESOURCE, METADATA)
    assert {each.status for each in found.values()} == {Status.OK}
    assert {
        "PKCE with S256",
        "client registration",
        "resource indicators",
        "device flow",
        "refresh tokens",
    } <= set(found)


@pytest.mark.parametrize(
    ("change", "point", "status", "outcome"),
    [
        ({"issuer": "https://evil.example"}, "issuer", Status.FAIL, "issuer-mismatch"),
        ({"issuer": ISSUER + "/"}, "issuer", Status.WARN, "issuer-slash"),
        ({"issuer": 7}, "issuer", Status.FAIL, "issuer-mismatch"),
        ({"token_endpoint": None}, "token endpoint", Status.FAIL, "no-endpoint"),
        ({"token_endpoint": "http://login.example/token"}, "endpoints over https", Status.FAIL, "insecure-endpoint"),
        ({"token_endpoint": "https://[half"}, "endpoints over https", Status.FAIL, "insecure-endpoint"),
        ({"code_challenge_methods_supported": None}, "PKCE with S256", Status.FAIL, "no-pkce"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE with S256", Status.FAIL, "no-pkce"),
        ({"code_challenge_methods_supported": "S256"}, "PKCE with S256", Status.FAIL, "no-pkce"),
        ({"registration_endpoint": None}, "client registration", Status.WARN, "no-registration"),
        (
            {"registration_endpoint": None, "client_id_metadata_document_supported": True},
            "client registration", Status.OK, "",
        ),
        ({"device_authorization_endpoint": None}, "device flow", Status.SKIP, ""),
        ({"grant_types_supported": ["authorization_code"]}, "refresh tokens", Status.SKIP, ""),
        ({"grant_types_supported": None}, "refresh tokens", Status.UNKNOWN, ""),
        (
            {"grant_types_supported": ["client_credentials"], "device_authorization_endpoint": None},
            "authorization code", Status.FAIL, "no-code-grant",
        ),
        ({"grant_types_supported": [DEVICE_GRANT]}, "authorization code", Status.WARN, "no-code-grant"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "client authentication", Status.WARN, "no-client-method"),
        ({"protected_resources": ["https://other.example"]}, "resource indicators", Status.WARN, "resource-not-listed"),
        ({"protected_resources": None}, "resource indicators", Status.UNKNOWN, ""),
        ({"authorization_response_iss_parameter_supported": False}, "issuer in the answer", Status.SKIP, ""),
        ({"scopes_supported": ["other"]}, "scopes", Status.WARN, "scopes-unknown"),
    ],
)  # fmt: skip
def test_one_promise_broken(change: dict[str, Any], point: str, status: Status, outcome: str) -> None:
    metadata = {name: value for name, value in {**METADATA, **change}.items() if value is not None}
    found = points(RESOURCE, metadata)[point]
    assert (found.status, found.outcome) == (status, outcome)


@pytest.mark.parametrize(
    ("change", "point", "outcome"),
    [
        ({"resource": "https://other.example/mcp"}, "resource identifier", "resource-mismatch"),
        ({"resource": "http://mcp.example/mcp"}, "resource identifier", "resource-mismatch"),
        ({"resource": "https://mcp.example/mc"}, "resource identifier", "resource-mismatch"),
        ({"resource": []}, "resource identifier", "resource-mismatch"),
        ({"authorization_servers": []}, "authorization servers", "no-authorization-server"),
        ({"authorization_servers": "https://x.example"}, "authorization servers", "no-authorization-server"),
        ({"authorization_servers": ["http://login.example"]}, "authorization servers", "insecure-endpoint"),
    ],
)
def test_a_resource_that_does_not_fit(change: dict[str, Any], point: str, outcome: str) -> None:
    found = points({**RESOURCE, **change}, METADATA)[point]
    assert (found.status, found.outcome) == (Status.FAIL, outcome)


def test_documents_that_are_missing() -> None:
    found = points(None, None)
    assert found["resource metadata"].outcome == "no-resource-metadata"
    assert found["authorization server metadata"].status is Status.FAIL
    assert "PKCE with S256" not in found


def test_the_scopes_that_the_answer_asked_for_count_before_the_listed_ones() -> None:
    assert points(RESOURCE, METADATA, wanted=["admin"])["scopes"].outcome == "scopes-unknown"


def test_hostile_texts_are_made_harmless() -> None:
    found = judge(
        {"resource": "https://x.example/\x1b[31m\u202e"}, {"issuer": "\x1b]0;x\x07" * 99}, server=SERVER
    )
    assert all(each.line.isprintable() for each in found)


def test_addresses_of_the_documents() -> None:
    root = "https://a.example/.well-known"
    assert resource_urls("https://a.example/x/mcp?q=1") == [
        f"{root}/oauth-protected-resource/x/mcp",
        f"{root}/oauth-protected-resource",
    ]
    assert resource_urls("https://a.example/") == [f"{root}/oauth-protected-resource"]
    assert server_urls("https://a.example/t/") == [
        f"{root}/oauth-authorization-server/t",
        f"{root}/openid-configuration/t",
        "https://a.example/t/.well-known/openid-configuration",
    ]
    assert server_urls("https://a.example") == [
        f"{root}/oauth-authorization-server",
        f"{root}/openid-configuration",
    ]


def test_addresses_compared() -> None:
    assert origin("HTTPS://A.example:443/x") == "https://a.example"
    assert origin("https://[::1]:8443/") == "https://[::1]:8443"
    assert origin("https://a.example:x/") == ""
    assert covers("https://a.example", "https://a.example/mcp")
    assert covers("https://a.example/mcp/", "https://a.example/mcp")
    assert not covers("https://a.example/mcp", "https://a.example/mcp2")
    assert is_secure("http://127.0.0.1:9/x")
    assert not is_secure("http://10.0.0.1/x")
    assert not is_secure("ftp://a.example")
